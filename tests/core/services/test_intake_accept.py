"""The accepting half of intake: duplicates, staleness, throttles, over a real journal and through restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.services.intake import Intake, IntakeLimits
from core.values.alerts import Alert, AlertKind, AlertRecord, AlertStatus, Source
from core.values.errors import Transient
from core.values.ids import AccountName, LinkId
from core.values.money import Price
from core.values.orders import Side
from storage.sqlite import open_store
from storage.sqlite.store import SqliteStore

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
ENTRY = Alert(
    source=Source.ORDER,
    received_at=START,
    body='{"n": 1}',
    kind=AlertKind.ENTRY,
    ticker="BTCPERP",
    side=Side.BUY,
    price=Price(Decimal(40000)),
    account=AccountName("Testing"),
)
EXIT = replace(ENTRY, kind=AlertKind.EXIT)
Open = Callable[..., Intake]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock) -> AsyncIterator[SqliteStore]:
    store = await open_store(tmp_path / "desk.db", clock)
    yield store
    await store.close()


@pytest.fixture
def opened(store: SqliteStore, clock: ManualClock) -> Open:
    def make(**limits: float) -> Intake:
        chosen = IntakeLimits(**limits)  # type: ignore[arg-type] # whole numbers are given where they are wanted
        return Intake(store=store, clock=clock, wire=clock, desk_id=store.desk_id, limits=chosen)

    return make


def numbered(n: int, alert: Alert = ENTRY, at: datetime = START) -> Alert:
    return replace(alert, body=f'{{"n": {n}}}', received_at=at)


async def statuses(intake: Intake, *alerts: Alert) -> list[str]:
    return [(await intake.accept(alert)).status.value for alert in alerts]


async def test_different_bodies_are_different_alerts(opened: Open) -> None:
    """However alike they are in meaning."""
    intake = opened()
    assert await statuses(intake, numbered(1), numbered(2)) == ["accepted", "accepted"]


async def test_equal_bodies_of_different_links_are_different_alerts(opened: Open) -> None:
    """Each link trades for itself."""
    intake = opened()
    links = [replace(ENTRY, source=Source.HOOK, link=LinkId(name)) for name in ("a", "b")]
    assert await statuses(intake, *links) == ["accepted", "accepted"]


async def test_untimed_equal_bodies_are_one_within_the_window_of_the_first(opened: Open, clock: ManualClock) -> None:
    """Repeats do not move the window: 20 s and 30 s after the first repeat it, 31 s after does not."""
    intake = opened()
    first = await intake.accept(ENTRY)
    told = []
    for seconds in (20, 10, 1, 10):
        await clock.advance(seconds)
        told.append(await intake.accept(ENTRY))
    assert [receipt.status.value for receipt in told] == ["duplicate", "duplicate", "accepted", "duplicate"]
    assert [receipt.alert_id == first.alert_id for receipt in told] == [True, True, False, False]


async def test_after_thirty_days_an_equal_body_is_a_new_alert(
    opened: Open, store: SqliteStore, clock: ManualClock
) -> None:
    """Its key was forgotten by then, and it has an id of its own."""
    body = replace(ENTRY, timed=True)
    first = await opened().accept(body)
    await clock.advance(31 * 24 * 3600)
    await store.forget_keys(clock.now() - timedelta(days=30))
    again = await opened().accept(replace(body, received_at=clock.now()))
    assert again.status is AlertStatus.ACCEPTED
    assert again.alert_id != first.alert_id


async def test_timed_equal_bodies_are_one_for_thirty_days(opened: Open, clock: ManualClock) -> None:
    """Long after the window."""
    intake = opened()
    first = await intake.accept(replace(ENTRY, timed=True))
    await clock.advance(29 * 86_400)
    again = await intake.accept(replace(ENTRY, timed=True))
    assert (again.status, again.alert_id) == (AlertStatus.DUPLICATE, first.alert_id)


async def test_after_thirty_days_a_timed_body_is_new(opened: Open, clock: ManualClock) -> None:
    """Also where the desk was never restarted meanwhile."""
    intake = opened()
    await intake.start()
    first = await intake.accept(replace(ENTRY, timed=True))
    await clock.advance(30 * 86_400 + 1)
    again = await intake.accept(replace(ENTRY, timed=True, received_at=clock.now()))
    assert again.status is AlertStatus.ACCEPTED
    assert again.alert_id != first.alert_id


async def test_the_window_outlives_a_restart(opened: Open, clock: ManualClock) -> None:
    """A sender repeats itself just when we were away."""
    first = await opened().accept(ENTRY)
    await clock.advance(25)
    reborn = opened()
    await reborn.start()
    again = await reborn.accept(ENTRY)
    await clock.advance(6)
    later = await reborn.accept(ENTRY)
    assert (again.status, again.alert_id) == (AlertStatus.DUPLICATE, first.alert_id)
    assert later.status is AlertStatus.ACCEPTED


async def test_a_write_that_failed_does_not_make_the_resend_a_duplicate(tmp_path: Path, clock: ManualClock) -> None:
    """503, a restart, the same again: accepted."""
    told = []
    for broken in (True, False):
        store = await open_store(tmp_path / "desk.db", clock)
        intake = Intake(store=store, clock=clock, wire=clock, desk_id=store.desk_id, limits=IntakeLimits())
        if broken:
            await store.close()
            with pytest.raises(Transient):
                await intake.accept(ENTRY)
        else:
            told = await statuses(intake, ENTRY)
            await store.close()
    assert told == ["accepted"]


@pytest.mark.parametrize(
    ("kind", "age_s", "status"),
    [
        (AlertKind.ENTRY, 60, "accepted"),
        (AlertKind.ENTRY, 61, "stale"),
        (AlertKind.EXIT, 3600, "accepted"),
        (AlertKind.EXIT, 3601, "stale"),
        (AlertKind.BREAKEVEN, 3600, "accepted"),
        (AlertKind.INFO, 3601, "stale"),
        (AlertKind.ENTRY, -86_400, "accepted"),
    ],
)
async def test_an_alerts_own_time_decides_stale(opened: Open, kind: AlertKind, age_s: int, status: str) -> None:
    """Entries have a minute, everything else an hour; older is stale, a sender's clock that runs ahead is not."""
    alert = replace(ENTRY, kind=kind, sent_at=START - timedelta(seconds=age_s), timed=True)
    assert await statuses(opened(), alert) == [status]


async def test_without_a_time_an_alert_is_never_stale(opened: Open) -> None:
    """Nothing to judge by; and 0 switches the judgement off."""
    old = replace(ENTRY, body="an old one", sent_at=START - timedelta(days=9), timed=True)
    assert await statuses(opened(alert_age_s_max=0), ENTRY, old) == ["accepted", "accepted"]


async def test_a_market_that_stands_still_does_not_stop_the_senders_clock(store: SqliteStore) -> None:
    """The later of the market's and the wire's time judges."""
    market, wire = ManualClock(START), ManualClock(START)
    intake = Intake(store=store, clock=market, wire=wire, desk_id=store.desk_id, limits=IntakeLimits())
    await wire.advance(600)
    fresh = replace(numbered(1), sent_at=START + timedelta(seconds=590), timed=True)
    old = replace(numbered(2), sent_at=START, timed=True)
    assert await statuses(intake, fresh, old) == ["accepted", "stale"]


async def test_a_stale_alert_is_reported_once(opened: Open, store: SqliteStore) -> None:
    """People are told what was not traded; a resend of it is no news."""
    intake = opened()
    old = replace(ENTRY, sent_at=START - timedelta(minutes=5), timed=True)
    first = await intake.accept(old)
    await intake.accept(old)
    [notice] = (await store.notices(10)).items
    assert (notice.params["code"], notice.kind) == ("stale", "refused")
    assert f"alert:{first.alert_id}" in notice.about


async def test_stale_and_throttled_alerts_are_stored_as_done(opened: Open, store: SqliteStore) -> None:
    """Reported, never traded, and nobody drains them."""
    intake = opened(entries_per_minute=1)
    drained: list[AlertRecord] = []
    intake.on_accepted = drained.append
    old = replace(numbered(1), sent_at=START - timedelta(hours=2), timed=True)
    assert await statuses(intake, numbered(2), numbered(3), old) == ["accepted", "throttled", "stale"]
    assert [record.done for record in (await store.alerts(10)).items] == [True, True, False]
    assert drained == await store.waiting_alerts()


async def test_entries_a_minute_are_counted_per_door(opened: Open, clock: ManualClock) -> None:
    """Another route has its own count; exits have none; a minute later there is room again."""
    intake = opened(entries_per_minute=2, same_side_entries_per_10_min=0)
    burst = [numbered(n) for n in range(4)]
    assert await statuses(intake, *burst) == ["accepted", "accepted", "throttled", "throttled"]
    others = [replace(ENTRY, source=Source.STUDY), numbered(5, EXIT)]
    assert await statuses(intake, *others) == ["accepted", "accepted"]
    await clock.advance(60)
    assert await statuses(intake, numbered(6)) == ["accepted"]


async def test_same_side_entries_are_counted_per_instrument_and_side(opened: Open) -> None:
    """A script gone wild in one name does not stop the others."""
    intake = opened(same_side_entries_per_10_min=1)
    sell, other = replace(ENTRY, side=Side.SELL), replace(ENTRY, ticker="ETHPERP")
    alerts = [numbered(1), numbered(2), numbered(3, sell), numbered(4, other)]
    assert await statuses(intake, *alerts) == ["accepted", "throttled", "accepted", "accepted"]


async def test_duplicates_do_not_count_as_entries(opened: Open) -> None:
    """Nor do they fall to the throttle: they are told what they are."""
    intake = opened(entries_per_minute=2)
    alerts = [numbered(1), numbered(1), numbered(1), numbered(2), numbered(1), numbered(3)]
    expected = ["accepted", "duplicate", "duplicate", "accepted", "duplicate", "throttled"]
    assert await statuses(intake, *alerts) == expected


async def test_a_burst_that_shares_a_commit_cannot_pass_the_throttle(opened: Open) -> None:
    """Counted before the disk is asked."""
    intake = opened(entries_per_minute=3)
    receipts = await asyncio.gather(*(intake.accept(numbered(n)) for n in range(10)))
    assert [receipt.status.value for receipt in receipts].count("accepted") == 3


async def test_the_throttle_outlives_a_restart(opened: Open, clock: ManualClock) -> None:
    """A crash loop must not multiply entries."""
    limits = {"entries_per_minute": 3, "same_side_entries_per_10_min": 2}
    await statuses(opened(**limits), numbered(1), numbered(2), numbered(3))
    await clock.advance(30)
    reborn = opened(**limits)
    await reborn.start()
    other = replace(ENTRY, ticker="ETHPERP")
    assert await statuses(reborn, numbered(4), numbered(5, other), numbered(6, other)) == [
        "throttled",
        "accepted",
        "throttled",
    ]


async def test_ids_come_from_the_alert_and_the_desk(opened: Open, store: SqliteStore) -> None:
    """So what a sender repeats after a 503 has the id that it had."""
    receipt = await opened().accept(replace(ENTRY, timed=True))
    assert receipt.alert_id.startswith(f"{store.desk_id:08x}-")
