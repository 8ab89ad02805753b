"""The SQLite journal: the contract of every journal, and what only a file can break."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.ports import Store
from core.values.changes import FlagSet
from core.values.errors import Transient
from core.values.ids import AlertId
from storage.sqlite import open_store
from tests.contracts.samples import NOON, alert, audited
from tests.contracts.store import StoreContract
from tests.contracts.store_saves import Journal

WAL_HEADER, FRAME_HEADER, PAGE = 32, 24, 4096


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.db"


@pytest.fixture
async def store(path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    opened = await open_store(path, clock)
    yield opened
    await opened.close()


def stored_ids(path: Path) -> set[str]:
    """Through a connection of our own: what anybody finds in the file."""
    with closing(sqlite3.connect(path)) as db:
        return {row[0] for row in db.execute("SELECT id FROM alerts")}


def commits(path: Path) -> int:
    """Frames of the log that end a transaction: those whose header tells the size of the database after it."""
    log = path.with_name(f"{path.name}-wal").read_bytes()
    frames = range(WAL_HEADER, len(log), FRAME_HEADER + PAGE)
    return sum(log[frame + 4 : frame + 8] != bytes(4) for frame in frames)


class TestSqlite(StoreContract):
    @pytest.fixture
    def journal(self, path: Path, clock: ManualClock) -> Journal:
        return lambda: open_store(path, clock)


async def test_receipt_means_on_disk(store: Store, path: Path) -> None:
    """Whoever opens the file finds the alert as soon as its sender is told."""
    await store.accept_alert(alert(), AlertId("a"), "a")
    assert stored_ids(path) == {"a"}


async def test_text_that_no_file_holds_is_its_savers_error(store: Store) -> None:
    """A lone surrogate is refused before anything is written."""
    with pytest.raises(ValueError, match="surrogate"):
        await store.save(FlagSet("a", "1"), FlagSet("b", "\ud800"))
    assert await store.flag("a") is None


async def test_alerts_that_wait_share_a_commit(store: Store, path: Path) -> None:
    """A hundred alerts at once take a handful of transactions."""
    before = commits(path)
    await asyncio.gather(*(store.accept_alert(alert(), AlertId(str(n)), str(n)) for n in range(100)))
    assert 1 <= commits(path) - before <= 5
    assert len(stored_ids(path)) == 100


async def test_savers_share_a_commit_with_alerts(store: Store, path: Path) -> None:
    """Whatever waits goes into the same transaction."""
    before = commits(path)
    await asyncio.gather(
        *(store.accept_alert(alert(), AlertId(str(n)), str(n)) for n in range(20)),
        *(store.save(FlagSet(str(n), "1")) for n in range(20)),
    )
    assert commits(path) - before <= 5


async def test_file_is_its_owners_alone(store: Store, path: Path) -> None:
    """Nobody else on the machine reads the journal, its log included."""
    await store.save(FlagSet("a", "1"))
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


async def test_closing_empties_the_log(path: Path, clock: ManualClock) -> None:
    """After a clean stop the one file is the whole journal."""
    store = await open_store(path, clock)
    await store.save(FlagSet("a", "1"))
    await store.close()
    await store.close()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


async def test_closed_journal_takes_nothing(path: Path, clock: ManualClock) -> None:
    """A sender who comes after the end is told to come again."""
    store = await open_store(path, clock)
    await store.close()
    with pytest.raises(Transient):
        await store.accept_alert(alert(), AlertId("a"), "a")
    with pytest.raises(Transient):
        await store.alerts(1)


async def test_two_desks_have_different_ids(tmp_path: Path, clock: ManualClock) -> None:
    """Each data directory draws its own 32 bits."""
    ids = set()
    for name in ("one", "two"):
        store = await open_store(tmp_path / name, clock)
        ids.add(store.desk_id)
        await store.close()
    assert len(ids) == 2
    assert all(0 <= desk_id < 2**32 for desk_id in ids)


@pytest.mark.parametrize(
    "tamper",
    [
        ('UPDATE audit SET data = \'{"price":"2"}\' WHERE seq = 2', 2),
        ("UPDATE audit SET actor = 'eve' WHERE seq = 1", 1),
        ("DELETE FROM audit WHERE seq = 2", 2),
        ("DELETE FROM audit WHERE seq = 3", 3),
        ("DELETE FROM audit", 1),
        (
            "INSERT INTO audit SELECT 4, at, actor, surface, action, about, data, hash, owner FROM audit WHERE seq = 3",
            4,
        ),
    ],
)
async def test_tampered_audit_is_found(store: Store, path: Path, tamper: tuple[str, int]) -> None:
    """A changed, removed or added row shows by its number, also where the triggers were dropped first."""
    for number in range(3):
        await store.save(audited(str(number), price="1"))
    statement, misfit = tamper
    with closing(sqlite3.connect(path)) as db:
        for trigger in ("only_grows", "is_not_changed", "is_not_deleted", "has_a_head"):
            db.execute(f"DROP TRIGGER audit_{trigger}")
        db.execute(statement)
        db.commit()
    assert await store.verify_audit() == misfit


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'eve'",
        "DELETE FROM audit",
        "REPLACE INTO audit SELECT seq, at, 'eve', surface, action, about, data, hash, owner FROM audit",
    ],
)
async def test_audit_refuses_to_be_changed(store: Store, path: Path, statement: str) -> None:
    """The file itself says no to any change of a row."""
    await store.save(audited("1"))
    with closing(sqlite3.connect(path)) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute(statement)
