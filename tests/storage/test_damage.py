"""Files that are not a journal we can trust: refused at the door, with words, and left alone."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.values.errors import Broken
from core.values.ids import AlertId
from storage.sqlite import open_store
from tests.contracts.samples import NOON, alert

PAGE = 4096


async def filled(path: Path) -> None:
    store = await open_store(path, ManualClock(NOON))
    await asyncio.gather(*(store.accept_alert(alert(), AlertId(str(n)), str(n)) for n in range(300)))
    await store.close()


def no_database(path: Path) -> None:
    path.write_text("not a database, " * 1000)


def rubbish_in_the_middle(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(20 * PAGE)
        file.write(b"\xa5" * 20 * PAGE)


def cut_off(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(10 * PAGE)


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 999")


def of_another_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE theirs (a)")


def a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (no_database, "damaged or no database"),
        (rubbish_in_the_middle, "damaged"),
        (cut_off, "damaged"),
        (newer, "schema 999, newer than"),
        (of_another_program, "another program"),
        (a_directory, "cannot be opened"),
    ],
)
async def test_file_that_cannot_be_trusted_is_broken(
    tmp_path: Path, damage: Callable[[Path], None], words: str
) -> None:
    """Opening names the file and what is wrong with it."""
    path = tmp_path / "journal.db"
    await filled(path)
    damage(path)
    with pytest.raises(Broken, match=rf"journal\.db .*{words}"):
        await open_store(path, ManualClock(NOON))


async def test_refused_file_is_left_alone(tmp_path: Path) -> None:
    """Not a byte of somebody else's file is changed."""
    path = tmp_path / "journal.db"
    await filled(path)
    of_another_program(path)
    before = path.read_bytes()
    with pytest.raises(Broken):
        await open_store(path, ManualClock(NOON))
    assert path.read_bytes() == before
