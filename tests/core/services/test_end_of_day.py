"""The end of the day: winners stay, the rest is closed, one report says which."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from brokers.paper.broker import PaperBroker
from core.rules.closing import EndRule
from core.services.end_of_day import EndOfDay
from core.values.errors import Transient
from core.values.instrument import Instrument
from core.values.market import Session
from core.values.orders import OrderRole
from tests.desk import TESTING, TestDesk, copy_of, levels, opened, price

UTC_ZONE = ZoneInfo("UTC")
AT_ONE = EndRule(timedelta(minutes=1), UTC_ZONE, time(13))
BY_BELL = EndRule(timedelta(minutes=1), UTC_ZONE)


@asynccontextmanager
async def at_noon(path: Path, minutes: float = 0, **sections: Any) -> AsyncIterator[TestDesk]:
    """A desk on a Tuesday at noon, UTC, and so many minutes."""
    now = datetime.now(UTC)
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0) + timedelta((1 - now.weekday()) % 7 + 7)
    async with opened(path, later=noon + timedelta(minutes=minutes) - now, **sections) as desk:
        yield desk


def day(desk: TestDesk, rule: EndRule = AT_ONE) -> EndOfDay:
    return EndOfDay(desk.engine.desk, desk.engine.execution.exiting, desk.engine.lanes, rule)


async def two_positions(desk: TestDesk) -> None:
    """Long of both; the one gains, the other stands where it was bought."""
    await desk.book("39990", "40000")
    await desk.enter()
    await desk.book_of("ETHPERP", "3199", "3200")
    await desk.enter(ticker="ETHPERP", price=price("3200"), long=levels("3100", "3400"))
    await desk.book("40490", "40500")
    await desk.book_of("ETHPERP", "3199.5", "3200.5")


async def rows(desk: TestDesk) -> list[tuple[str, bool]]:
    found = (await desk.engine.store.reports(100)).items
    return [(judged.symbol, judged.kept) for report in found for judged in report.positions]


async def test_ao_32_winners_stay_and_the_rest_is_sold_once(tmp_path: Path) -> None:
    """Not before its minute; then flat counts as not in profit; one report and one message, however often it looks."""
    async with at_noon(tmp_path / "d") as desk:
        await two_positions(desk)
        ending = day(desk)
        await ending.look()
        await desk.settle()
        assert (await rows(desk), len(desk.positions())) == ([], 2)
        await desk.clock.advance(3600)
        for _ in range(3):
            await ending.look()
            await desk.settle()
        assert await rows(desk) == [("BTCPERP", True), ("ETHPERP", False)]
        assert [view.position.ticker for view in desk.positions()] == ["BTCPERP"]
        [told] = await desk.notices("report.day_ended")
        assert [(line.key, line.params["symbol"]) for line in told.lines] == [
            ("report.kept", "BTCPERP"),
            ("report.closed", "ETHPERP"),
        ]
        [sold] = await desk.orders(OrderRole.EXIT)
        assert [cause.kind.value for cause in sold.request.because] == ["alert"]
    async with at_noon(tmp_path / "d", 62) as desk:
        await desk.book("39000", "39010")
        await day(desk).look()
        await desk.settle()
        assert (len(await rows(desk)), len(await desk.orders(OrderRole.EXIT))) == (2, 1)


async def test_ao_32_positions_whose_bells_differ_are_judged_at_one_time(tmp_path: Path) -> None:
    """Shares close in the evening, perpetuals never: at the time of the rule both are judged and sold."""
    market = {"still": True, "hours": "exchange", "prices": {"SBER": "300", "BTCPERP": "40000"}}
    async with at_noon(tmp_path / "d", market=market) as desk:
        await two_losers(desk)
        await desk.clock.advance(3600)
        for _ in range(2):
            await desk.book_of("SBER", "298", "298.01")
            await desk.book("39990", "40000")
            await day(desk).look()
            await desk.settle()
        assert sorted(await rows(desk)) == [("BTCPERP", False), ("SBER", False)]
        assert desk.positions() == []


async def two_losers(desk: TestDesk) -> None:
    await desk.enter(ticker="SBER", price=price("300"), long=levels("290", "330"))
    await desk.book("39990", "40000")
    await desk.enter()
    assert len(desk.positions()) == 2


class Without(PaperBroker):
    """A paper broker that cannot tell one instrument's schedule just now."""

    def __init__(self, whole: PaperBroker, ticker: str) -> None:
        vars(self).update(vars(whole))
        self._ticker = ticker

    async def schedule(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[Session]:
        if instrument.ticker == self._ticker:
            raise Transient("the timetable cannot be had")
        return await super().schedule(instrument, start, end)


async def test_ao_32_a_schedule_that_comes_late_still_ends_its_day(tmp_path: Path) -> None:
    """The one position's could not be had when the other's moment came: it is judged once it can."""
    async with at_noon(tmp_path / "d") as desk:
        await desk.book("39990", "40000")
        await desk.enter()
        await desk.book_of("ETHPERP", "3199", "3200")
        await desk.enter(ticker="ETHPERP", price=price("3200"), long=levels("3100", "3400"))
        venues = desk.engine.desk.venues
        whole = venues[TESTING]
        venues[TESTING] = replace(whole, broker=Without(desk.broker(), "ETHPERP"))
        await desk.clock.advance(3600)
        ending = day(desk)
        await ending.look()
        await desk.engine.lanes.idle()
        venues[TESTING] = whole
        await ending.look()
        await desk.settle()
        assert sorted(await rows(desk)) == [("BTCPERP", False), ("ETHPERP", False)]
        assert desk.positions() == []


async def test_a_journal_that_is_away_does_not_end_the_ending_of_days(tmp_path: Path) -> None:
    """It raises nothing that would end the loop which looks again."""
    async with at_noon(tmp_path / "d") as desk:
        await desk.book("39990", "40000")
        await desk.enter()
        await desk.clock.advance(3600)
        await desk.engine.store.close()
        await day(desk).look()
        assert len(desk.positions()) == 1


async def test_ao_32_a_refused_exit_is_tried_again_while_there_is_trading(tmp_path: Path) -> None:
    """Under an id of its own: one sells."""
    async with at_noon(tmp_path / "d") as desk:
        await desk.book("39990", "40000")
        await desk.enter()
        await desk.clock.advance(3600)
        desk.broker().script("refuse")
        for _ in range(3):
            await desk.book("39990", "40000")
            await day(desk).look()
            await desk.settle()
        assert desk.positions() == []
        assert [order.filled > 0 for order in await desk.orders(OrderRole.EXIT)] == [False, True]
        assert len(await rows(desk)) == 1


async def test_ao_32_a_kill_after_the_report_closes_what_it_says(tmp_path: Path) -> None:
    """The next start finds the report and the position that it does not keep."""
    async with at_noon(tmp_path / "d") as desk:
        await two_positions(desk)
        await desk.clock.advance(3600)
        await day(desk).look()
        copy = copy_of(tmp_path / "d")
    async with at_noon(copy, 61) as desk:
        assert len(desk.positions()) == 2
        await day(desk).look()
        await desk.settle()
        assert [view.position.ticker for view in desk.positions()] == ["BTCPERP"]
        assert len(await rows(desk)) == 2


async def test_ao_32_a_day_that_ended_while_the_desk_was_down_is_reported(tmp_path: Path) -> None:
    """After the bell nothing can be sold: everything is kept, and people are told."""
    market = {"still": True, "hours": "exchange", "prices": {"SBER": "300"}}
    async with at_noon(tmp_path / "d", market=market) as desk:
        await desk.enter(ticker="SBER", price=price("300"), long=levels("290", "330"))
        [view] = desk.positions()
        assert view.position.ticker == "SBER"
    async with at_noon(tmp_path / "d", 10 * 60, market=market) as desk:
        await day(desk, BY_BELL).look()
        await desk.settle()
        [report] = (await desk.engine.store.reports(10)).items
        assert (report.missed, [judged.kept for judged in report.positions]) == (True, [True])
        assert len(await desk.notices("report.day_missed")) == 1
        assert await desk.orders(OrderRole.EXIT) == []


async def test_what_people_bought_by_hand_is_left_alone(tmp_path: Path) -> None:
    """Only what the desk opened by alert, link or strategy is judged."""
    async with at_noon(tmp_path / "d") as desk:
        await desk.book("39990", "40000")
        await desk.say("/buy 0.1 BTCPERP")
        await desk.book("39980", "39990")
        await desk.clock.advance(3600)
        await day(desk).look()
        await desk.settle()
        assert (await rows(desk), await desk.orders(OrderRole.EXIT)) == ([], [])
