"""The journal in PostgreSQL: the contract of every journal, and what only a server can do to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from core.clock import ManualClock
from core.ports import Store
from core.values.changes import FlagSet, OrderMade
from core.values.errors import Broken, Transient
from core.values.ids import AlertId
from storage.postgres import open_store
from storage.postgres.connection import connect
from storage.postgres.session import Session
from storage.sql.changes import steps
from tests.contracts.samples import NOON, alert, audited, because_of, order
from tests.contracts.store import StoreContract
from tests.contracts.store_saves import Journal
from tests.servers.cutting import wired
from tests.servers.postgres import Postgres

pytestmark = pytest.mark.real


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def address(postgres: Postgres) -> str:
    return postgres.database()


@pytest.fixture
async def store(address: str, clock: ManualClock) -> AsyncIterator[Store]:
    opened = await open_store(address, clock)
    yield opened
    await opened.close()


def ask(address: str, sql: str) -> list[tuple[object, ...]]:
    """Through a connection of our own."""
    with psycopg.connect(address, autocommit=True) as db:
        done = db.execute(sql)
        return done.fetchall() if done.description else []


class TestPostgres(StoreContract):
    @pytest.fixture
    def journal(self, address: str, clock: ManualClock) -> Journal:
        async def opened() -> Store:
            return await open_store(address, clock)

        return opened


async def test_receipt_means_committed(store: Store, address: str) -> None:
    """Whoever asks the database finds the alert as soon as its sender is told."""
    await store.accept_alert(alert(), AlertId("a"), "a")
    assert ask(address, "SELECT id FROM alerts") == [("a",)]


async def test_what_waits_shares_a_commit(store: Store, address: str) -> None:
    """A hundred alerts and saves at once take a handful of transactions."""
    number = "SELECT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)"
    ((before,),) = ask(address, number)
    await asyncio.gather(
        *(store.accept_alert(alert(), AlertId(str(n)), str(n)) for n in range(80)),
        *(store.save(FlagSet(str(n), "1")) for n in range(20)),
    )
    ((after,),) = ask(address, number)
    assert isinstance(before, int)
    assert isinstance(after, int)
    # A save's savepoint takes a number too; the one that asked takes the last.
    assert after - before <= 5 + 20 + 1


async def test_commits_wait_for_the_disk(address: str, clock: ManualClock) -> None:
    """Also where the database was told not to."""
    ((name,),) = ask(address, "SELECT current_database()")
    ask(address, f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    store = await open_store(address, clock)
    shown = await store._writer._db.run(lambda db: db.execute("SHOW synchronous_commit").fetchone())
    await store.close()
    assert shown == {"synchronous_commit": "on"}


async def test_away_is_transient_and_back_is_as_before(store: Store, postgres: Postgres) -> None:
    """While the server is down everybody is told to come again; behind it what was committed is there."""
    await store.save(FlagSet("before", "1"))
    with postgres.away():
        for attempt in (store.save(FlagSet("while", "1")), store.accept_alert(alert(), AlertId("a"), "a")):
            with pytest.raises(Transient):
                await attempt
        with pytest.raises(Transient):
            await store.flag("before")
    assert await store.flag("before") == "1"
    await store.save(FlagSet("after", "1"))
    assert [await store.flag(key) for key in ("while", "after")] == [None, "1"]


async def test_a_restart_that_nobody_saw_goes_unnoticed(store: Store, postgres: Postgres) -> None:
    """Connections that died while nothing was asked are made again; nobody is told to come again for that."""
    await store.save(FlagSet("before", "1"))
    with postgres.away():
        pass
    await store.save(FlagSet("after", "1"))
    assert await store.flag("before") == "1"


@pytest.mark.parametrize("arrives", [True, False], ids=["committed", "not committed"])
async def test_a_commit_whose_answer_is_lost(
    postgres: Postgres, address: str, clock: ManualClock, *, arrives: bool
) -> None:
    """The saver is told what is so, by the transaction's number: done where it is written, else Transient."""
    async with wired(postgres.port) as wire:
        store = await open_store(address.replace(str(postgres.port), str(wire.port)), clock)
        wire.cut_at, wire.arrives = b"COMMIT\0", arrives
        try:
            (told,) = await asyncio.gather(store.save(OrderMade(order("a"))), return_exceptions=True)
            kept = await store.order(order("a").id)
            await store.save(FlagSet("goes on", "1"))
        finally:
            await store.close()
    assert wire.cuts == 1
    assert (kept is not None) == arrives
    assert told is None if arrives else isinstance(told, Transient)


WINDOW = "2026-01-05T10:00:{:02}.000000+00:00|2026-01-05T10:00:{:02}.000000+00:00@{}"


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (WINDOW.format(29, 59, "same"), "duplicate"),
        (WINDOW.format(30, 60, "same"), "accepted"),
        (WINDOW.format(1, 31, "other"), "accepted"),
    ],
    ids=["within", "behind", "another"],
)
async def test_windows_of_equal_bodies_do_not_overlap(store: Store, second: str, told: str) -> None:
    """Whoever opened them: another process knows nothing of ours but what the database does. Others of the batch are
    written."""
    await store.accept_alert(alert(), AlertId("a"), WINDOW.format(0, 30, "same"))
    receipts = await asyncio.gather(
        store.accept_alert(alert(), AlertId("b"), second), store.accept_alert(alert(), AlertId("c"), "c")
    )
    assert [receipt.status for receipt in receipts] == [told, "accepted"]
    assert receipts[0].alert_id == ("a" if told == "duplicate" else "b")
    assert await store.alert(AlertId("c")) is not None


async def test_readers_cannot_write(store: Store) -> None:
    """A reading connection changes nothing."""
    with pytest.raises(Transient, match="read-only"):
        await store._db.run(lambda db: db.execute("DELETE FROM flags"))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "tamper",
    [
        ("UPDATE audit SET actor = 'eve' WHERE seq = 1", 1),
        ("DELETE FROM audit WHERE seq = 2", 2),
        ("DELETE FROM audit WHERE seq = 3", 3),
        ("DELETE FROM audit", 1),
    ],
)
async def test_tampered_audit_is_found(store: Store, address: str, tamper: tuple[str, int]) -> None:
    """A changed or removed row shows by its number, also where the triggers were dropped first."""
    for number in range(3):
        await store.save(audited(str(number), price="1"))
    statement, misfit = tamper
    with pytest.raises(psycopg.IntegrityError):
        ask(address, statement)
    ask(address, "ALTER TABLE audit DISABLE TRIGGER USER")
    ask(address, statement)
    assert await store.verify_audit() == misfit


async def test_audit_cannot_be_emptied(store: Store, address: str) -> None:
    """Nor all at once."""
    with pytest.raises(psycopg.IntegrityError):
        ask(address, "TRUNCATE audit")


async def test_both_journals_chain_alike(store: Store, address: str) -> None:
    """A trail that is moved from one to the other still fits."""
    await store.save(audited("x", price='1 \\ € " \x7f'))
    (row,) = (await store.audit(1)).items
    assert await store.verify_audit() is None
    assert ask(address, "SELECT hash FROM audit") == [(row.hash,)]


async def test_nul_is_its_savers_error(store: Store) -> None:
    """PostgreSQL holds no such text; others of the same batch are not touched."""
    results = await asyncio.gather(
        store.save(FlagSet("a", "1")), store.save(FlagSet("b", "x\0y")), return_exceptions=True
    )
    assert results[0] is None
    assert isinstance(results[1], ValueError)
    assert await store.flag("a") == "1"


async def test_a_key_too_long_for_its_index_is_its_savers_error(store: Store) -> None:
    """Others of the same batch are not touched."""
    endless = "".join(map(str, range(5000)))
    results = await asyncio.gather(
        store.save(FlagSet("a", "1")), store.save(FlagSet(endless, "1")), return_exceptions=True
    )
    assert results[0] is None
    assert isinstance(results[1], ValueError)


@pytest.mark.parametrize(
    ("sql", "words"),
    [("CREATE TABLE theirs (a TEXT)", "another program"), (None, "schema 999, newer than")],
    ids=["foreign", "newer"],
)
async def test_database_that_is_not_ours_is_refused(
    address: str, clock: ManualClock, sql: str | None, words: str
) -> None:
    """With words, and left alone."""
    if sql is None:
        await (await open_store(address, clock)).close()
    ask(address, sql or "UPDATE journal SET schema = 999")
    with pytest.raises(Broken, match=words):
        await open_store(address, clock)
    assert ask(address, "SELECT count(*) FROM pg_tables WHERE tablename = 'desk'") == [(0 if sql else 1,)]


async def test_address_that_nobody_answers_is_transient_and_tells_no_password(clock: ManualClock) -> None:
    """The reason says where, not how one gets in."""
    with pytest.raises(Transient) as refused:
        await open_store("postgresql://desk:of-the-database@127.0.0.1:1/none", clock)
    assert "of-the-database" not in str(refused.value)


async def test_a_savers_statements_are_one_way_to_the_server(address: str, clock: ManualClock, tmp_path: Path) -> None:
    """However many they are: the server is asked to answer once."""
    await (await open_store(address, clock)).close()
    saver = steps([OrderMade(order("a", because_of(AlertId("x")))), FlagSet("one", "1"), FlagSet("two", "2")])
    session = Session(connect(address))
    with (tmp_path / "trace").open("w+") as trace:
        session.plain.pgconn.trace(trace.fileno())
        assert list(session.execute_all(saver)) == [1, 1, 1, 1]
        session.plain.pgconn.untrace()
        session.plain.close()
        trace.seek(0)
        asked = [line.split("\t")[3] for line in trace if line.count("\t") > 3]
    assert (asked.count("Execute"), asked.count("ReadyForQuery")) == (4, 1)
