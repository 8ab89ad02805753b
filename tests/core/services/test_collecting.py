"""Days of candles: fetched, judged, kept, healed; what is not fit is told and never learned of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.ports.candles import Lesson
from core.services.collecting import days_up_to
from core.values.candles import Fault, Source, SymbolDay
from core.values.errors import Transient
from core.values.market import Candle, Quote
from core.values.money import Price, Quantity
from tests.collecting import TUESDAY, Bench, asleep, bench, new_york

MONDAY, FRIDAY = date(2026, 6, 15), date(2026, 6, 12)
DAYS = days_up_to("NYSE", MONDAY, 5)


@pytest.fixture
def it(tmp_path: Path) -> Bench:
    """On Tuesday, before the opening."""
    return bench(tmp_path, new_york(TUESDAY, "08:00"))


def spoil(directory: Path) -> None:
    """The one file there."""
    [path] = directory.rglob("*.parquet")
    path.write_bytes(b"PAR1" + path.read_bytes()[50:])


def shifted(bars: Sequence[Candle], by: timedelta) -> list[Candle]:
    return [replace(bar, at=bar.at + by) for bar in bars]


def streamed(bars: Sequence[Candle]) -> list[Candle]:
    """Other figures than the broker's."""
    return [replace(bar, volume=Quantity(Decimal(3))) for bar in bars]


def sources(it: Bench) -> dict[date, Source]:
    return {day.date: day.source for day in it.store.days("SBER")}


async def test_tc_07_a_day_that_is_missing_is_fetched_and_models_are_trained_anew(it: Bench) -> None:
    """One day of the last ones is gone: it alone is asked for, and every model learns of all days again."""
    await it.collector.catch_up(it.subject, DAYS)
    before = it.shelf.read("SBER")
    it.store.forget("SBER", DAYS[1], DAYS[1])
    it.market.asked.clear()
    it.trainer.lessons.clear()
    found = await it.collector.catch_up(it.subject, DAYS)
    assert it.market.asked == [DAYS[1]] == found.fetched
    assert [(lesson.day, anew) for lesson, anew in it.trainer.lessons] == [(day, True) for day in DAYS]
    assert it.shelf.read("SBER") == before


async def test_tc_07_a_first_start_fetches_everything(it: Bench) -> None:
    """In order; the dates on file are the market days."""
    found = await it.collector.catch_up(it.subject, DAYS)
    assert list(found.fetched) == DAYS == [day.date for day in it.store.days("SBER")]
    assert found.faulty == {}
    assert found.lessons["dip10"] == "fed"


async def test_what_is_on_file_is_not_asked_for_again(it: Bench) -> None:
    """Nor learned of again."""
    await it.collector.catch_up(it.subject, DAYS)
    it.market.asked.clear()
    found = await it.collector.catch_up(it.subject, DAYS)
    assert (it.market.asked, list(found.fetched)) == ([], [])
    assert found.lessons["dip10"] == "known"


async def test_tc_13_the_brokers_bars_take_the_place_of_the_stream(it: Bench) -> None:
    """Candle for candle."""
    own = await it.market.history(MONDAY)
    it.store.save(SymbolDay("SBER", MONDAY, streamed(own), Source.STREAM))
    await it.collector.catch_up(it.subject, DAYS)
    kept = it.store.day("SBER", MONDAY)
    assert kept is not None
    assert (kept.bars, kept.source) == (own, Source.HISTORY)


async def test_tc_14_the_stream_stays_where_the_brokers_bars_are_not_fit(
    it: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """It is warned of, and learned of as it is."""
    own = await it.market.history(MONDAY)
    it.store.save(SymbolDay("SBER", MONDAY, streamed(own), Source.STREAM))
    it.market.given[MONDAY] = own[:200]
    with caplog.at_level(logging.WARNING):
        found = await it.collector.catch_up(it.subject, DAYS)
    kept = it.store.day("SBER", MONDAY)
    assert kept is not None
    assert (list(kept.bars), kept.source) == (streamed(own), Source.STREAM)
    assert "the broker's bars are not fit: what was there stays" in caplog.messages
    assert found.faulty == {}
    assert it.trainer.lessons[-1][0] == Lesson(MONDAY, FRIDAY)


async def test_tc_14_a_better_day_is_asked_for_again_next_time(it: Bench) -> None:
    """The stream is the second best: the day after that, the broker may be well again."""
    own = await it.market.history(MONDAY)
    it.store.save(SymbolDay("SBER", MONDAY, streamed(own), Source.STREAM))
    it.market.given[MONDAY] = ()
    await it.collector.catch_up(it.subject, DAYS)
    del it.market.given[MONDAY]
    await it.collector.catch_up(it.subject, DAYS)
    assert sources(it)[MONDAY] is Source.HISTORY


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        (lambda _own, _before: [], Fault.MISSING),
        (lambda own, _before: own[:300], Fault.FEW),
        (lambda own, _before: [replace(own[0], volume=Quantity(Decimal(0))), *own[1:]], Fault.ZERO),
        (lambda own, _before: [replace(own[0], low=Price(Decimal(0))), *own[1:]], Fault.ZERO),
        (lambda own, _before: [replace(own[0], low=own[0].high + 1), *own[1:]], Fault.IMPOSSIBLE),
        (lambda _own, before: before, Fault.MISSING),
        (lambda _own, before: shifted(before, timedelta(days=3)), Fault.REPEATED),
    ],
    ids=["nothing", "few", "zero volume", "zero price", "impossible", "yesterday", "yesterday under today's date"],
)
async def test_bars_that_are_not_fit_are_named_and_never_learned_of(it: Bench, told: object, fault: Fault) -> None:
    """Whatever the broker tells: the day is missing, for a reason, and models begin anew behind it."""
    assert callable(told)
    own, before = await it.market.history(MONDAY), await it.market.history(FRIDAY)
    it.market.given[MONDAY] = told(own, before)
    found = await it.collector.catch_up(it.subject, DAYS)
    assert fault in found.faulty[MONDAY]
    assert MONDAY not in {lesson.day for lesson, _ in it.trainer.lessons}
    assert MONDAY not in it.shelf.read("SBER").outcomes
    assert not any(day.valid for day in it.store.days("SBER", MONDAY, MONDAY))


async def test_bars_in_disorder_are_healed(it: Bench) -> None:
    """Backwards, some twice, some of the evening: what is kept is the day."""
    own = await it.market.history(MONDAY)
    evening = shifted(own[-5:], timedelta(hours=2))
    it.market.given[MONDAY] = [*reversed(own), *own[50:60], *evening]
    found = await it.collector.catch_up(it.subject, DAYS)
    [day] = it.store.days("SBER", MONDAY, MONDAY)
    assert day.valid
    assert day.faults == frozenset({Fault.UNSORTED, Fault.TWICE, Fault.OUTSIDE})
    assert it.store.load("SBER", MONDAY, MONDAY).candles() == list(own)
    assert found.faulty == {}


async def test_a_fit_day_is_not_spoiled_by_a_worse_one(it: Bench) -> None:
    """Collected again while the broker has a bad day: what was there stays."""
    await it.collector.catch_up(it.subject, DAYS)
    own = await it.market.history(MONDAY)
    it.market.given[MONDAY] = own[:10]
    found = await it.collector.catch_up(it.subject, DAYS, again=True)
    assert it.store.load("SBER", MONDAY, MONDAY).candles() == list(own)
    assert found.faulty == {}


async def test_tc_45_collecting_again_asks_for_that_range_alone(it: Bench) -> None:
    """The other days stay as they are, other figures or not."""
    await it.collector.catch_up(it.subject, DAYS)
    own = await it.market.history(MONDAY)
    for day in DAYS:
        it.market.given[day] = streamed(await it.market.history(day))
    it.market.asked.clear()
    await it.collector.catch_up(it.subject, DAYS[-2:], again=True)
    assert it.market.asked == DAYS[-2:]
    assert it.store.load("SBER", MONDAY, MONDAY).candles() == streamed(own)
    assert it.store.load("SBER", DAYS[0], DAYS[0]).candles() == await it.market.history(DAYS[0])


async def test_what_is_collected_again_is_learned_again_with_the_days_before(it: Bench) -> None:
    """One day alone is asked for; the models still know of all that are on file, and of the day as it is now."""
    await it.collector.catch_up(it.subject, DAYS)
    before = it.shelf.read("SBER")
    flat = [replace(bar, open=bar.low, high=bar.low, close=bar.low) for bar in await it.market.history(DAYS[0])]
    own = await it.market.history(MONDAY)
    it.market.given[MONDAY] = [replace(bar, at=at.at) for bar, at in zip(flat, own, strict=True)]
    await it.collector.catch_up(it.subject, [MONDAY], again=True)
    assert it.shelf.read("SBER").daily != before.daily
    it.market.given[MONDAY] = own
    await it.collector.catch_up(it.subject, [MONDAY], again=True)
    assert it.shelf.read("SBER") == before


async def test_a_broker_that_is_away_is_tried_five_times(it: Bench) -> None:
    """Each pause twice the one before, at least what it asks for: 2, 2, 4, 8 s; then the day is missing."""
    it.market.fails = 4
    collecting = asyncio.create_task(it.collector.catch_up(it.subject, DAYS[-1:]))
    for pause_s in (2, 2, 4, 8):
        await asleep(it.clock)
        assert len(it.market.asked) < 5
        await it.clock.advance(pause_s)
    assert (await collecting).fetched == [MONDAY]
    assert len(it.market.asked) == 5


async def test_a_damaged_month_is_collected_anew(it: Bench, tmp_path: Path) -> None:
    """It is named."""
    await it.collector.catch_up(it.subject, DAYS)
    spoil(tmp_path)
    found = await it.collector.catch_up(it.subject, DAYS)
    assert found.damaged == ["2026-06.parquet"]
    assert list(found.fetched) == DAYS


async def test_tc_15_today_is_learned_of_the_stream(it: Bench) -> None:
    """At its end; and the day after of the broker's bars, as if there had been no stream."""
    await it.collector.catch_up(it.subject, DAYS)
    await it.clock.advance(9 * 3600)
    it.stream.resume("SBER", streamed(await it.market.history(TUESDAY)))
    found = await it.collector.end_day(it.subject, TUESDAY)
    assert found.lessons["dip10"] == "fed"
    assert sources(it)[TUESDAY] is Source.STREAM
    newest = it.shelf.read("SBER").daily["dip10"].newest
    assert newest is not None
    assert (newest.day, newest.final) == (TUESDAY, False)


async def test_today_is_asked_for_where_too_little_was_heard(it: Bench) -> None:
    """A desk that was started at noon has half a day: the broker's bars heal it at once."""
    await it.collector.catch_up(it.subject, DAYS)
    await it.clock.advance(9 * 3600)
    it.stream.resume("SBER", (await it.market.history(TUESDAY))[200:])
    found = await it.collector.end_day(it.subject, TUESDAY)
    assert list(found.fetched) == [TUESDAY]
    assert sources(it)[TUESDAY] is Source.HISTORY


async def test_recent_bars_are_the_brokers_or_the_streams(it: Bench) -> None:
    """Whichever are more, and never both: the volumes of one are pieces, of the other prices heard."""
    await it.clock.advance(6 * 3600)
    own = await it.market.history(TUESDAY)
    it.stream.resume("SBER", streamed(own[90:120]))
    start = own[80].at
    hour = (start, start + timedelta(minutes=60))
    for count, expected in ((110, own[80:110]), (100, streamed(own[90:120]))):
        it.market.given[TUESDAY] = own[:count]
        assert (await it.collector.recent(it.subject, *hour)).candles() == list(expected)
    it.market.fails = 1
    assert (await it.collector.recent(it.subject, *hour)).candles() == streamed(own[90:120])


async def test_recent_bars_that_nobody_has_are_not_made_up(it: Bench) -> None:
    """The broker is away, and nothing was heard."""
    it.market.fails = 1
    with pytest.raises(Transient):
        await it.collector.recent(it.subject, it.clock.now() - timedelta(hours=2), it.clock.now())


def test_a_stream_is_made_into_bars(it: Bench) -> None:
    """First, highest, lowest, last price of each minute, and how many were heard; quotes of others and of closed hours
    do not count."""
    opening = new_york(TUESDAY, "09:30")

    def hear(second: int, last: str | None, ticker: str = "SBER", *, trading: bool = True) -> None:
        price = None if last is None else Price(Decimal(last))
        it.stream.hear(Quote(ticker, opening + timedelta(seconds=second), None, None, last=price, trading=trading))

    for second, last in ((0, "10"), (20, "12"), (40, "9"), (59, "11"), (60, "11.5")):
        hear(second, last)
    hear(30, None)
    hear(30, "99", "GAZP")
    hear(30, "99", trading=False)
    bars = it.stream.bars("SBER", opening, opening + timedelta(minutes=5))
    assert [[str(v) for v in (bar.open, bar.high, bar.low, bar.close, bar.volume)] for bar in bars] == [
        ["10", "12", "9", "11", "4"],
        ["11.5", "11.5", "11.5", "11.5", "1"],
    ]
    it.stream.forget("SBER", opening + timedelta(minutes=1))
    assert len(it.stream.bars("SBER", opening, opening + timedelta(minutes=5))) == 1


def test_days_up_to_a_day() -> None:
    """Market days, oldest first, over weekends and holidays."""
    assert [f"{day:%m-%d}" for day in days_up_to("NYSE", date(2026, 7, 5), 4)] == ["06-29", "06-30", "07-01", "07-02"]
