"""Who owns the desk of a database: taken, kept, taken over, and what the old owner cannot do any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from core.clock import ManualClock
from core.values.changes import FlagSet
from core.values.errors import Broken, Transient
from core.values.ids import AlertId
from storage.postgres import open_inbox, open_store
from storage.postgres.lease import LOOKS, Lease, Seen, Vigil, taken
from storage.postgres.session import Session
from tests.contracts.samples import NOON, alert
from tests.servers.postgres import Postgres

pytestmark = pytest.mark.real
SEEN = Seen(epoch=3, beat=7, owner="openoutcry ab host", schema=13, halt="")


class Hurried:
    """Real time, but nobody sleeps; `asleep` is called instead."""

    def __init__(self, asleep: Callable[[], object] = lambda: None) -> None:
        self._asleep = asleep

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, _seconds: float) -> None:
        await asyncio.to_thread(self._asleep)


@pytest.fixture
def address(postgres: Postgres) -> str:
    return postgres.database()


@pytest.fixture
def lease_of(address: str) -> Iterator[Callable[[], Lease]]:
    made: list[Lease] = []

    def lease() -> Lease:
        made.append(Lease(address, "host"))
        return made[-1]

    yield lease
    for each in made:
        each.close()


def owned(lease: Lease) -> Lease:
    assert lease.take(lease.look())
    return lease


def test_a_lease_is_over_when_its_owner_was_silent() -> None:
    """As many looks as the term has; a sign in between begins it anew, and so does a database that was away."""
    vigil = Vigil()
    assert [vigil.over(SEEN) for _ in range(LOOKS)] == [False] * (LOOKS - 1) + [True]
    assert not vigil.over(SEEN._replace(beat=8))
    for _ in range(LOOKS - 2):
        vigil.over(SEEN._replace(beat=8))
    vigil.lost_sight()
    assert not vigil.over(SEEN._replace(beat=8))
    assert Vigil().over(SEEN._replace(owner=""))


def test_one_of_many_at_once_takes_it(lease_of: Callable[[], Lease]) -> None:
    """Also where the database is new and all of them make its table."""
    leases, won = [lease_of() for _ in range(8)], list[bool]()
    together = threading.Barrier(len(leases))

    def go(lease: Lease) -> None:
        together.wait()
        seen = lease.look()
        together.wait()
        won.append(lease.take(seen))

    threads = [threading.Thread(target=go, args=[lease]) for lease in leases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won.count(True) == 1


def test_a_sign_given_meanwhile_keeps_it(lease_of: Callable[[], Lease]) -> None:
    """Who saw the row before the sign comes too late."""
    owner, other = owned(lease_of()), lease_of()
    seen = other.look()
    assert owner.renew() == ""
    assert not other.take(seen)
    assert other.take(other.look())
    assert owner.renew() is None


def test_whoever_lets_go_lets_the_next_begin_at_once(lease_of: Callable[[], Lease]) -> None:
    """And an old owner lets go of nothing that is another's."""
    first, second = owned(lease_of()), lease_of()
    first.release()
    assert Vigil().over(second.look())
    owned(second)
    first.release()
    assert second.look().owner


async def test_an_old_owner_writes_no_more(address: str, lease_of: Callable[[], Lease]) -> None:
    """Neither orders nor alerts, though its connections are alive; what it wrote before is there."""
    clock, old = ManualClock(NOON), owned(lease_of())
    store = await open_store(address, clock, lease=old)
    await store.save(FlagSet("before", "1"))
    new = owned(lease_of())
    for attempt in (store.save(FlagSet("after", "1")), store.accept_alert(alert(), AlertId("a"), "a")):
        with pytest.raises(Broken, match="another process owns the desk"):
            await attempt
    other = await open_store(address, clock, lease=new)
    assert [await other.flag("before"), await other.flag("after")] == ["1", None]
    await other.close()
    await store.close()


async def test_an_owner_frozen_in_a_transaction_holds_nobody_up(address: str, lease_of: Callable[[], Lease]) -> None:
    """Its connections are ended: what it had begun is taken back, and the next one owns the desk at once."""
    old = owned(lease_of())
    store = await open_store(address, ManualClock(NOON), lease=old)
    writing, goes_on = threading.Event(), threading.Event()

    def stuck(db: Session) -> None:
        def late() -> None:
            db.execute("INSERT INTO flags VALUES ('late', '1')")
            writing.set()
            goes_on.wait()

        db.transaction(late)

    begun = asyncio.ensure_future(store._writer._db.run(stuck))
    await asyncio.to_thread(writing.wait)
    assert await asyncio.to_thread(owned, lease_of())
    goes_on.set()
    with pytest.raises(Transient):
        await begun
    assert await store.flag("late") is None
    await store.close()


async def test_a_sign_does_not_wait_for_a_transaction(address: str, lease_of: Callable[[], Lease]) -> None:
    """Nor the other way round: the owner gives signs while a long batch is written."""
    lease = owned(lease_of())
    store = await open_store(address, ManualClock(NOON), lease=lease)
    writing, signed = threading.Event(), threading.Event()

    def slow(db: Session) -> None:
        def long() -> None:
            writing.set()
            signed.wait()

        db.transaction(long)

    batch = asyncio.ensure_future(store._writer._db.run(slow))
    await asyncio.to_thread(writing.wait)
    assert await asyncio.to_thread(lease.renew) == ""
    signed.set()
    await batch
    await store.close()


async def test_a_command_waits_for_a_desk_that_died(address: str, lease_of: Callable[[], Lease]) -> None:
    """And is told of one that lives, which gives signs while it is looked at."""
    owner = owned(lease_of())
    with pytest.raises(Transient, match="another desk"):
        await taken(lease_of(), Hurried(owner.renew))
    await taken(lease_of(), Hurried())
    assert owner.renew() is None


async def test_a_store_of_its_own_lets_go_when_it_is_closed(address: str, lease_of: Callable[[], Lease]) -> None:
    """The next one need not wait for it."""
    await (await open_store(address, ManualClock(NOON))).close()
    assert not lease_of().look().owner


async def test_who_stands_by_takes_alerts_in_under_any_owner(address: str, lease_of: Callable[[], Lease]) -> None:
    """Before and after another has taken over; and not before there is a desk."""
    lease_of().look()
    with pytest.raises(Transient, match="waits for an owner"):
        await open_inbox(address, Hurried(), "openoutcry cd")
    clock = ManualClock(NOON)
    await (await open_store(address, clock)).close()
    inbox = await open_inbox(address, Hurried(), "openoutcry cd")
    await inbox.accept_alert(alert(), AlertId("a"), "a")
    owned(lease_of())
    await inbox.accept_alert(alert(), AlertId("b"), "b")
    assert [one.id for one in (await inbox.alerts(10)).items] == ["b", "a"]
    await inbox.close()


def test_a_halt_outlives_its_owner(lease_of: Callable[[], Lease]) -> None:
    """Whoever looks is told of it, and so is the owner with its next sign."""
    owner, other = owned(lease_of()), lease_of()
    other.halt("{}")
    assert owner.renew() == "{}"
    assert lease_of().look().halt == "{}"
