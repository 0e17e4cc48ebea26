"""Pages of the journal: what is written is read, and what was altered is seen."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowersorter.sorting.entries import State
from flowersorter.sorting.journal_pages import (
    page_of,
    path_bytes,
    path_text,
    read,
    spread,
    stretches,
    written,
)


@given(st.binary())
def test_paths_keep_their_bytes(path: bytes) -> None:
    """Promise 12, whatever the system's encoding is."""
    assert path_bytes(path_text(path)) == path
    text, checksum = written(1, {7: ["Rose", [1, path_text(path), 1, "Rose/1.jpg", 5, -(1 << 70), None]]})
    ((number, (species, (_, source, *_, date, digest))),) = read(1, text, checksum)
    assert (number, species, path_bytes(source), date, digest) == (7, "Rose", path, -(1 << 70), None)


def test_an_altered_page_is_not_read() -> None:
    """Promise 19."""
    text, checksum = written(1, {0: ["Rose"]})
    for altered in (text.replace("Rose", "Rosf"), text[:-1], text + " "):
        with pytest.raises(ValueError, match=re.escape(altered)):
            list(read(1, altered, checksum))
    with pytest.raises(ValueError, match="Rose"):
        list(read(2, text, checksum))


@given(st.dictionaries(st.integers(85, 115), st.sampled_from(State)))
def test_states_are_kept_in_stretches(states: dict[int, State]) -> None:
    rows = list(stretches(states))
    assert spread(row[1:] for row in rows) == states
    for page, first, last, _ in rows:
        assert page_of(first) == page == page_of(last)
    for (page, _, last, state), (next_page, first, _, next_state) in pairwise(rows):
        assert last < first
        assert last + 1 < first or state != next_state or page != next_page


def test_altered_states_are_not_read() -> None:
    """Promise 19: nor do they fill the memory."""
    with pytest.raises(ValueError, match=str(1 << 62)):
        spread([(0, 1 << 62, State.PLACED)])
    with pytest.raises(ValueError, match="plazed"):
        spread([(0, 1, "plazed")])
