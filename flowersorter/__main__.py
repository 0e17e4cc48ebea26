"""The one entry: ``flowersorter [FOLDER]`` opens the window, ``flowersorter COMMAND ...`` needs no screen."""

from __future__ import annotations

import multiprocessing
import sys


def main() -> int:
    """Start the face that the arguments ask for and return the exit status."""
    multiprocessing.freeze_support()
    from flowersorter.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
