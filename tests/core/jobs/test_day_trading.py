"""Runs that the desk begins by itself: when, on what, and which of several."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.jobs.day_trading import DayTrader, Wish
from core.ports.strategies import Trip, Window
from core.values.accounts import Mode
from core.values.errors import Transient
from core.values.instrument import Instrument
from core.values.orders import Refused
from core.values.tasks import TaskState
from strategies.kinds import Kind, recycle
from tests.core.jobs.test_strategies import RICH, price
from tests.desk import TESTING, TestDesk, opened

ALWAYS = Window(time(0), time(23, 59, 59), ZoneInfo("UTC"))


@dataclass
class Opinion:
    """Somebody who likes some symbols. second: those of the second round; it is told what it was asked."""

    first: set[str] = field(default_factory=lambda: {"SBER", "GAZP"})
    second: set[str] = field(default_factory=lambda: {"SBER", "GAZP"})
    loaded: bool = True
    asked: list[str] = field(default_factory=list)
    seen: Mapping[str, Sequence[Trip]] = field(default_factory=dict)

    async def ready(self) -> bool:
        return self.loaded

    async def first_round(self, strategy: str, instrument: Instrument, now: datetime) -> bool:
        return instrument.ticker in self.first

    async def second_round(self, strategy: str, instrument: Instrument, now: datetime) -> bool:
        self.asked.append(instrument.ticker)
        if instrument.ticker == "BTCPERP":
            raise Transient("no candles")
        return instrument.ticker in self.second

    def choose(self, trips: Mapping[str, Sequence[Trip]]) -> str | None:
        self.seen = trips
        return min(trips, default=None)


def trader(desk: TestDesk, opinion: Opinion, kind: Kind | None = None, **changes: object) -> DayTrader:
    kind = kind or replace(recycle(), window=ALWAYS)
    desk.engine.strategies.kinds[kind.name] = kind
    account = desk.engine.desk.directory.account(TESTING)
    assert not isinstance(account, Refused)
    wish = replace(Wish(account, (kind.name,), ("SBER", "GAZP")), **changes)  # type: ignore[arg-type] # of its fields
    return DayTrader(desk.engine.desk, desk.engine.supervisor, desk.engine.strategies, opinion, wish)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[TestDesk]:
    async with opened(tmp_path, **RICH) as desk:
        yield desk


async def test_tc_06_nothing_is_traded_until_data_are_loaded(desk: TestDesk) -> None:
    """Idle before; the first look after it begins."""
    opinion = Opinion(loaded=False)
    idle = trader(desk, opinion)
    assert (await idle.look(), opinion.asked) == (None, [])
    opinion.loaded = True
    begun = await idle.look()
    assert begun is not None
    assert begun.title == "recycle GAZP"


async def test_tc_25_and_26_the_second_round_is_for_what_the_first_left(desk: TestDesk) -> None:
    """Only those symbols cost a question for candles, and only what passes both is chosen from."""
    opinion = Opinion(first={"SBER"})
    begun = await trader(desk, opinion).look()
    assert begun is not None
    assert (opinion.asked, list(opinion.seen), begun.ticker) == (["SBER"], ["recycle SBER"], "SBER")


async def test_tc_37_only_inside_the_window(desk: TestDesk) -> None:
    """Nor in its last half minute."""
    local = desk.now.astimezone(ZoneInfo("UTC"))
    soon = replace(ALWAYS, start=time(0), end=local.replace(microsecond=0).time())
    assert await trader(desk, Opinion(), replace(recycle(), window=soon)).look() is None


async def test_as_many_runs_as_wished_and_never_twins(desk: TestDesk) -> None:
    """One at a time by default; with two, another pair."""
    first = trader(desk, Opinion(), runs_max=2)
    titles = [
        begun.title for begun in (await first.look(), await first.look(), await first.look()) if begun is not None
    ]
    assert titles == ["recycle GAZP", "recycle SBER"]


async def test_what_cannot_be_judged_is_left_out(desk: TestDesk) -> None:
    """No candles, or no such symbol: the others are traded all the same."""
    both = {"SBER", "BTCPERP", "NOPE"}
    begun = await trader(desk, Opinion(first=both, second=both), symbols=("NOPE", "BTCPERP", "SBER")).look()
    assert begun is not None
    assert begun.ticker == "SBER"


async def test_a_halted_desk_begins_nothing(desk: TestDesk) -> None:
    """Until somebody arms it."""
    await desk.say("/kill")
    assert await trader(desk, Opinion()).look() is None


async def test_what_is_experimental_never_gets_real_money(desk: TestDesk) -> None:
    """The same strategy may run on paper."""
    young = replace(recycle(), name="young", window=ALWAYS, experimental=True)
    live = trader(desk, Opinion(), young)
    account = desk.engine.desk.directory.account(TESTING)
    assert not isinstance(account, Refused)
    assert await trader(desk, Opinion(), young, account=replace(account, mode=Mode.LIVE)).look() is None
    assert await live.look() is not None


async def test_tc_41_the_choice_knows_how_earlier_runs_went(desk: TestDesk) -> None:
    """In percent of what was bought; None for one that never bought."""
    opinion = Opinion(first={"SBER"})
    mine = trader(desk, opinion)
    await mine.look()
    await desk.wait(1)
    for at in ("300", "299", "299.01", "300.5"):
        await price(desk, at, 5)
    [run] = (await desk.engine.store.tasks(10)).items
    assert run.state is TaskState.DONE
    await mine.look()
    [trip] = opinion.seen["recycle SBER"]
    assert trip.percent is not None
    assert round(trip.percent, 4) == Decimal("0.0602")


async def test_tc_53_a_small_account_makes_few_day_trades(tmp_path: Path) -> None:
    """Three of them and 20,000: nothing is begun where the rule is in force, and all is where it is not."""
    async with opened(tmp_path, account={"cash": "20000"}) as desk:
        for _ in range(3):
            await desk.say("/buy 10 SBER")
            await desk.book_of("SBER", "299.98", "299.99")
            await desk.say("/dump SBER")
            await desk.book_of("SBER", "300.02", "300.03")
            await desk.book_of("SBER", "299.99", "300.01")
        assert await desk.holds() == {}
        assert await trader(desk, Opinion(), protects=True).look() is None
        assert await trader(desk, Opinion()).look() is not None
