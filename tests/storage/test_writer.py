"""The one writer on a disk that does not do what it should."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from core.values.alerts import AlertStatus
from core.values.changes import FlagSet
from core.values.errors import Broken, Transient
from core.values.ids import AlertId
from storage.sql.alert_rows import encode_alert
from storage.sql.changes import steps
from storage.sql.session import WaitingAlert
from storage.sql.writer import BATCHES_A_TIDYING, WAITING_MAX, Writer
from storage.sqlite.connection import Connection, connect_reader, connect_writer, set_up_writer
from storage.sqlite.migrations import known, migrate
from tests.contracts.samples import alert


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
async def db(path: Path) -> Connection:
    connection = Connection(partial(connect_writer, path, busy_s=0.0))
    await connection
    await connection.run(set_up_writer)
    await connection.run(partial(migrate, path=path, migrations=known()))
    return connection


@pytest.fixture
async def writer(db: Connection) -> AsyncIterator[Writer]:
    made = Writer(db, last_seq=0)
    yield made
    await made.close()


def waiting(name: str, body: str = "") -> WaitingAlert:
    row = encode_alert(alert(body=body), AlertId(name), name, AlertStatus.ACCEPTED)
    return WaitingAlert(row, AlertId(name), name)


def stored(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as reading:
        return [row[0] for row in reading.execute("SELECT id FROM alerts ORDER BY seq")]


async def pragma(db: Connection, name: str) -> object:
    row = await db.run(lambda plain: plain.execute(f"PRAGMA {name}").fetchone())
    return row[0]


async def test_commits_survive_a_power_cut(writer: Writer, db: Connection) -> None:
    """Write-ahead log, synced before a commit returns (2 is FULL), emptied by this connection."""
    assert await pragma(db, "journal_mode") == "wal"
    assert await pragma(db, "synchronous") == 2
    assert await pragma(db, "wal_autocheckpoint") == 10_000


def size(path: Path) -> int:
    return path.stat().st_size


async def test_the_log_is_emptied_while_nobody_waits(writer: Writer, path: Path) -> None:
    """After enough batches what the log holds is copied into the file, long before SQLite itself would."""
    before = size(path)
    for number in range(BATCHES_A_TIDYING + 1):
        await writer.accept(waiting(str(number), "x" * 1000))
    assert size(path) >= before + BATCHES_A_TIDYING * 1000


async def test_reader_cannot_write(writer: Writer, path: Path) -> None:
    """A reading connection has no way to change or checkpoint the file."""
    reader = Connection(partial(connect_reader, path))
    await reader
    try:
        assert await pragma(reader, "query_only") == 1
        with pytest.raises(Transient, match="readonly"):
            await reader.run(lambda plain: plain.execute("DELETE FROM alerts"))
    finally:
        await reader.close()


async def test_busy_file_fails_the_batch_and_the_next_goes_through(writer: Writer, path: Path) -> None:
    """While another process holds the file everybody is told to come again; afterwards all is as before."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        results = await asyncio.gather(
            writer.accept(waiting("a")), writer.save(steps([FlagSet("b", "1")])), return_exceptions=True
        )
        alone = await asyncio.gather(writer.accept(waiting("c")), return_exceptions=True)
        other.execute("ROLLBACK")
    assert [type(result) for result in [*results, *alone]] == [Transient] * 3
    assert stored(path) == []
    assert await writer.accept(waiting("a")) is None
    assert stored(path) == ["a"]


async def test_full_disk_fails_the_batch_and_the_next_goes_through(writer: Writer, db: Connection, path: Path) -> None:
    """Where SQLite may not grow the file nothing of the batch is written; with room again it goes on."""
    await writer.accept(waiting("before"))
    await db.run(lambda plain: plain.execute("PRAGMA max_page_count = 1").fetchone())
    results = await asyncio.gather(
        writer.accept(waiting("big", "x" * 100_000)),
        writer.save(steps([FlagSet("mine", "1")])),
        return_exceptions=True,
    )
    alone = await asyncio.gather(writer.accept(waiting("big", "x" * 100_000)), return_exceptions=True)
    await db.run(lambda plain: plain.execute("PRAGMA max_page_count = 1000000").fetchone())
    assert [type(result) for result in [*results, *alone]] == [Transient] * 3
    assert stored(path) == ["before"]
    assert await writer.accept(waiting("big", "x" * 100_000)) is None
    await writer.save(steps([FlagSet("mine", "1")]))


async def test_damage_found_while_running_is_broken(writer: Writer, db: Connection, path: Path) -> None:
    """A page that turned to rubbish under us is no passing trouble."""
    await asyncio.gather(*(writer.accept(waiting(str(number), "x" * 1000)) for number in range(100)))
    await db.run(lambda plain: plain.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
    await db.run(lambda plain: plain.execute("PRAGMA shrink_memory").fetchall())
    size = path.stat().st_size  # noqa: ASYNC240 - nothing else runs in this loop
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA user_version = 7")  # makes the writer drop the pages it remembers
    with pytest.raises(Broken):
        await writer.accept(waiting("after"))


async def test_writer_that_is_far_behind_says_no_at_once(writer: Writer, path: Path) -> None:
    """The queue is bounded; those who wait in it are served."""
    futures = [writer.accept(waiting(str(number))) for number in range(WAITING_MAX)]
    with pytest.raises(Transient):
        writer.accept(waiting("one more"))
    assert set(await asyncio.gather(*futures)) == {None}
    assert await writer.accept(waiting("one more")) is None


async def test_two_writers_are_noticed(writer: Writer, path: Path) -> None:
    """A row of another desk on the same file is not taken for a duplicate."""
    await writer.accept(waiting("ours"))
    with closing(sqlite3.connect(path)) as other:
        other.execute(
            "INSERT INTO alerts SELECT 2, 'theirs', 'theirs', status, done, reason, proposal_id, received_at,"
            " source, kind, account, link, ticker, body, fields, owner FROM alerts"
        )
        other.commit()
    with pytest.raises(Broken):
        await writer.accept(waiting("mine"))


async def test_ended_loop_leaves_nobody_waiting(path: Path, db: Connection) -> None:
    """Where the writer's own task is cancelled, those who wait and those who come are told."""
    writer = Writer(db, last_seq=0)
    await writer.accept(waiting("a"))
    for task in asyncio.all_tasks():
        if task.get_name() == "journal writer":
            task.cancel()
    late = writer.accept(waiting("b"))
    with pytest.raises(Broken):
        await late
    with pytest.raises(Broken):
        writer.accept(waiting("c"))
    await writer.close()
