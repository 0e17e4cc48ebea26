"""How long does it take to learn 20 corrections where 10,000 photos were taught?

    python tests/benchmarks/bench_correct.py [--photos 10000] [--corrections 20] [--seed 0]

The features are made up: a centre for each species, the positive half of a normal distribution, and noise
three times as wide, so that some photos are mistaken; the corrected ones are chosen among those. Timed is
`jobs.correct`: it reads the model, joins the photos, fits the heads of the five folds and the last one,
counts the figures and writes the next version. Beside it, in the same run: fitting all of it anew.
The goal is for few species; what many cost is printed, too.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from flowersorter.jobs.correct import correct
from flowersorter.jobs.saving import model_of, teaching_of
from flowersorter.learning.bundle import ModelInfo, write_model
from flowersorter.learning.evaluate import validate
from flowersorter.learning.feature_store import FeatureStore, PhotoFacts
from flowersorter.learning.fitting import Examples
from flowersorter.learning.lesson import Lesson, learn_head
from flowersorter.learning.split import fold_of
from flowersorter.paths import home_in
from flowersorter.progress import silent
from flowersorter.settings import Settings

GOAL = 1.0  # seconds
ROUNDS = 3
BACKBONE, SPACE = "b" * 64, "made up"


def main() -> None:
    options = _parser().parse_args()
    print(f"{options.photos:,} made-up photos, {options.corrections} corrections, seed {options.seed}")
    for species in (5, 100):
        seconds, anew = _time(options.photos, species, options.corrections, options.seed)
        print(
            f"{species:4} species: learned in {seconds:.2f} s (median of {ROUNDS}), anew in {anew:.2f} s:"
            f" {anew / seconds:.0f} times as long",
            flush=True,
        )
        if species == 5:
            print("PASS" if seconds < GOAL else "FAIL", f"corrections are learned in under {GOAL:.0f} s")


def _time(photos: int, species: int, corrections: int, seed: int) -> tuple[float, float]:
    """Seconds to learn corrections, and to teach the same photos anew."""
    dice = np.random.default_rng(seed)
    centres = np.abs(dice.normal(size=(species, 512)))
    labels = dice.integers(0, species, photos)
    noise = 3 * np.abs(dice.normal(size=(photos, 512)))
    features = (centres[labels] + noise).astype(np.float16).astype(np.float32)
    digests = tuple(hashlib.sha256(str(place).encode()).hexdigest() for place in range(photos))
    names = tuple(f"species {place}" for place in range(species))
    folds = np.array([fold_of(digest) for digest in digests])
    paths = tuple(Path(digest) for digest in digests)
    lesson = Lesson(paths, digests, Examples(features, labels, names), digests, folds, given=False)
    started = time.perf_counter()
    learned = learn_head(lesson, silent)
    anew = time.perf_counter() - started
    mistaken = [digest for digest, answer in zip(digests, learned.answers, strict=True) if not answer.correct]
    decisions = dict.fromkeys(mistaken[:corrections], names[0])
    with tempfile.TemporaryDirectory() as folder:
        home = home_in(Path(folder))
        validation = validate(learned.reported, names)
        info = ModelInfo(
            "bench", 1, Path(), "2026-01-01T00:00:00+00:00", names, photos, "head", "file", BACKBONE, SPACE,
            validation.accuracy, validation.interval, "0.1.0",
        )  # fmt: skip
        first = home.models / "bench" / "0001"
        write_model(first, model_of(info, learned, validation), teaching_of(lesson, learned))
        with FeatureStore(home.features_file) as store:
            rows = dice.integers(0, 2**63, photos).tolist()
            facts = [PhotoFacts(digest, None, row) for digest, row in zip(digests, rows, strict=True)]
            store.put(list(zip(facts, features, strict=True)), BACKBONE, SPACE)
        seconds = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            correct(home, Settings(), str(first), decisions)
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), anew


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="How long learning a few corrections takes.")
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--corrections", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    return parser


if __name__ == "__main__":
    main()
