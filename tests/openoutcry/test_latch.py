"""A latch that several machines share: what changed last, counts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.values.accounts import Halt
from core.values.errors import Transient
from openoutcry.latch import FileLatch, SharedLatch, text_of

HALT = Halt(datetime(2026, 1, 5, tzinfo=UTC), "owner", "test")
OTHER = Halt(datetime(2026, 1, 6, tzinfo=UTC), "bob", "other")


class Database:
    """What it says of a halt."""

    def __init__(self, halt: Halt | None = None) -> None:
        self.said = text_of(halt)

    def tell(self, text: str) -> None:
        self.said = text


@pytest.fixture
def file(tmp_path: Path) -> FileLatch:
    return FileLatch(tmp_path)


def test_a_halt_here_is_told_there(file: FileLatch) -> None:
    """And its end as well."""
    latch, there = SharedLatch(file), Database()
    file.set(HALT)
    assert latch.changed()
    latch.agree(there.said, there.tell)
    assert there.said == text_of(HALT)
    file.clear()
    latch.agree(there.said, there.tell)
    assert there.said == ""
    assert not latch.changed()


def test_a_halt_there_halts_here(file: FileLatch) -> None:
    """And its end as well; another halt in its place is taken over."""
    latch, there = SharedLatch(file), Database(HALT)
    for halt in (HALT, OTHER, None):
        there.said = text_of(halt)
        latch.agree(there.said, there.tell)
        assert file.read() == halt
        assert there.said == text_of(halt)


@pytest.mark.parametrize(("here", "there"), [(HALT, None), (None, HALT)])
def test_at_first_whoever_is_halted_is_right(file: FileLatch, here: Halt | None, there: Halt | None) -> None:
    """Nobody knows what changed while no process ran."""
    if here is not None:
        file.set(here)
    said = Database(there)
    SharedLatch(file).agree(said.said, said.tell)
    assert file.read() == HALT
    assert said.said == text_of(HALT)


def test_what_could_not_be_told_is_told_the_next_time(file: FileLatch) -> None:
    """The database was away."""
    latch, there = SharedLatch(file), Database()
    file.set(HALT)

    def away(_text: str) -> None:
        raise Transient("away")

    with pytest.raises(Transient):
        latch.agree(there.said, away)
    latch.agree(there.said, there.tell)
    assert there.said == text_of(HALT)
