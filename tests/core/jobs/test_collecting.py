"""Collecting while the desk runs: the gate, the daily collection, restarts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.jobs.collecting import told
from core.values.candles import Fault, Source
from core.values.errors import Rejected
from core.values.ids import DeskId
from core.values.market import Quote
from core.values.money import Price, Quantity
from core.values.orders import Refused
from tests.collecting import TUESDAY, Bench, asleep, bench, new_york
from texts import render

WEDNESDAY = date(2026, 6, 17)


@pytest.fixture
def it(tmp_path: Path) -> Bench:
    """On Tuesday, before the opening; five days are looked through."""
    return bench(tmp_path, new_york(TUESDAY, "08:00"))


async def day_of_trading(it: Bench, day: date) -> None:
    """What a day's stream tells: the built-in market's own prices, three a minute."""
    await it.clock.advance((new_york(day, "16:00") - it.clock.now()).total_seconds())
    for bar in await it.market.history(day):
        for second, price in enumerate((bar.open, bar.high, bar.low, bar.close)):
            it.stream.hear(Quote("SBER", bar.at + timedelta(seconds=second), None, None, last=price))


async def test_tc_06_trading_waits_until_the_last_days_are_loaded(it: Bench) -> None:
    """The gate is shut while the first symbol is being collected, and opens when every day was looked at."""
    it.market.fails = 1
    running = asyncio.create_task(it.job.run())
    try:
        await asleep(it.clock)
        assert not it.job.loaded.is_set()
        await it.clock.advance(2)
        await it.job.loaded.wait()
        assert len(it.store.days("SBER")) == 5
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_tc_06_days_that_cannot_be_had_do_not_keep_it_shut(it: Bench) -> None:
    """They were looked at: what they lack, the models say."""
    it.market.given = {date(2026, 6, 15): (), date(2026, 6, 12): ()}
    [found] = await it.job.load()
    assert set(found.faulty) == {date(2026, 6, 15), date(2026, 6, 12)}
    assert it.job.loaded.is_set()


async def test_tc_12_the_day_is_collected_15_minutes_after_its_close(it: Bench) -> None:
    """Not a minute before, and once."""
    await it.job.load()
    await day_of_trading(it, TUESDAY)
    await it.clock.advance(14 * 60)
    assert await it.job.look() == []
    await it.clock.advance(60)
    assert [list(found.fetched) for found in await it.job.look()] == [[], [TUESDAY]]
    assert await it.job.look() == []


async def test_tc_12_nothing_is_due_on_a_holiday(tmp_path: Path) -> None:
    """On Juneteenth, a Friday, the next collection is Monday's."""
    it = bench(tmp_path, new_york(date(2026, 6, 19), "08:00"))
    await it.job.load()
    assert it.clock.now() + timedelta(seconds=it.job.next_s()) == new_york(date(2026, 6, 22), "16:15")


async def test_tc_13_the_stream_of_yesterday_is_replaced_a_day_later(it: Bench) -> None:
    """Tuesday as it was heard on Tuesday, as the broker tells it on Wednesday."""
    await it.job.load()
    for day in (TUESDAY, WEDNESDAY):
        await day_of_trading(it, day)
        await it.clock.advance(15 * 60)
        await it.job.look()
    sources = {day.date: day.source for day in it.store.days("SBER", TUESDAY)}
    assert sources == {TUESDAY: Source.HISTORY, WEDNESDAY: Source.STREAM}
    assert it.store.load("SBER", TUESDAY, TUESDAY).candles() == list(await it.market.history(TUESDAY))
    newest = it.shelf.read("SBER").daily["dip45"].newest
    assert newest is not None
    assert newest.day == WEDNESDAY


async def test_a_restart_goes_on_with_what_was_heard(it: Bench, tmp_path: Path) -> None:
    """Written down every quarter of an hour: what the next desk hears joins it."""
    await it.job.load()
    opening = new_york(TUESDAY, "09:30")
    await it.clock.advance((opening - it.clock.now()).total_seconds() + 900)
    for minute in range(15):
        price = Price(Decimal(300 + minute))
        it.stream.hear(Quote("SBER", opening + timedelta(minutes=minute), None, None, last=price))
    await it.job.look()
    later = bench(tmp_path, it.clock.now())
    running = asyncio.create_task(later.job.run())
    try:
        await later.job.loaded.wait()
        found = later.stream.bars("SBER", opening, opening + timedelta(hours=1))
        assert [bar.close for bar in found] == [300 + minute for minute in range(15)]
        assert {bar.volume for bar in found} == {Quantity(Decimal(1))}
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_length_of_bars_that_the_broker_does_not_make_is_told(it: Bench) -> None:
    """As what it is, once for the symbol and not as thirty missing days; the gate opens."""
    it.market.refuses = Rejected("bad_interval", "30 s")
    [found] = await it.job.load()
    assert found.failed == "bad_interval: 30 s"
    assert len(it.market.asked) == 1
    assert it.job.loaded.is_set()


async def test_missing_days_are_told_once(it: Bench) -> None:
    """With their reasons, under an id that is the same after a restart; other gaps are told anew, none are not."""
    it.market.given = {date(2026, 6, 15): ()}
    [found] = await it.job.load()
    notice, again = (told(DeskId(7), found, at) for at in (it.clock.now(), it.clock.now() + timedelta(hours=1)))
    assert notice is not None
    assert again is not None
    assert (notice.id, notice.key, notice.params["count"]) == (again.id, "candles.missing", "1")
    assert render(notice.lines[0].key, notice.lines[0].params) == "2026-06-15 has no bars to learn from: missing"
    worse = replace(found, faulty={**found.faulty, date(2026, 6, 12): frozenset({Fault.FEW})})
    other = told(DeskId(7), worse, notice.at)
    assert other is not None
    assert other.id != notice.id
    assert told(DeskId(7), replace(found, faulty={}), notice.at) is None


async def test_what_cannot_be_collected_is_told(it: Bench) -> None:
    """With the reason."""
    it.market.refuses = Rejected("bad_interval", "30 s")
    [found] = await it.job.load()
    notice = told(DeskId(7), found, it.clock.now())
    assert notice is not None
    assert render(notice.key, notice.params) == "Candles of SBER are not collected: bad_interval: 30 s"


async def test_what_the_feed_tells_is_streamed(it: Bench) -> None:
    """From the moment the desk is built; written down at the next look."""
    await it.job.load()
    await it.clock.advance((new_york(TUESDAY, "10:00") - it.clock.now()).total_seconds())
    quote = it.market.set_book("SBER", Decimal("300.10"), Decimal("300.20"))
    await it.job.look()
    kept = it.store.day("SBER", TUESDAY)
    assert kept is not None
    assert (kept.source, kept.valid) == (Source.STREAM, False)
    assert [bar.close for bar in kept.bars] == [quote.last]


async def test_what_is_not_collected_has_no_recent_bars(it: Bench) -> None:
    """Refused, not made up."""
    with pytest.raises(Rejected, match="not_collected"):
        await it.job.recent("GAZP", it.clock.now() - timedelta(hours=2), it.clock.now())


async def test_one_symbol_that_cannot_be_kept_leaves_the_others_alone(it: Bench) -> None:
    """Prices that no file can hold are told; the gate opens all the same."""
    own = await it.market.history(date(2026, 6, 15))
    fine = Price(Decimal("1e-15"))
    it.market.given[date(2026, 6, 15)] = [replace(bar, open=fine, high=fine, low=fine, close=fine) for bar in own]
    [found] = await it.job.load()
    assert "12 digits" in found.failed
    assert it.job.loaded.is_set()


async def test_tc_45_days_on_file_are_asked_for_again(tmp_path: Path) -> None:
    """All of them, or those from a day on; one at a time, and only of what is collected. What is there stays where
    the broker has nothing better."""
    it = bench(tmp_path, new_york(TUESDAY, "08:00"))
    await it.job.load()
    days = [day.date for day in it.store.days("SBER")]
    it.market.given = {day: [] for day in days}
    for first, asked in ((None, days), (days[-2], days[-2:])):
        it.market.asked.clear()
        assert it.job.recollect("SBER", first) is None
        assert it.job.recollect(None, None) == Refused("one_at_a_time")
        assert it.job._again is not None
        await it.job._again
        assert it.market.asked == asked
    assert [day.date for day in it.store.days("SBER")] == days
    assert it.job.recollect("GAZP", None) == Refused("not_collected", {"ticker": "GAZP"})
