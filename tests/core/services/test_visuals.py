"""Visuals: what they are made of, one at a time, and how they grow old."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.rules.research_charts import of_runs
from core.services.collecting import days_up_to
from core.services.run_records import PAGE, RunRecords
from core.services.visuals import EVERY_S, FIRST_DAY, RUNS, Subject, Visuals, VisualType
from core.values.candles import Columns, SymbolDay
from core.values.changes import TaskSet
from core.values.charts import Chart, Theme
from core.values.errors import Transient
from core.values.ids import OWNER, AccountName, TaskId, UserId
from core.values.money import ZERO, Price
from core.values.orders import Refused
from core.values.people import Role
from core.values.tasks import Task, TaskGoal, TaskState
from storage.candles.store import ParquetCandles
from tests.collecting import Bench, bench, new_york
from tests.desk import TESTING, TestDesk, opened, person, turns

TUESDAY = date(2026, 6, 16)
DAYS = days_up_to("NYSE", date(2026, 6, 15), 5)
PRICES = Subject(VisualType.PRICE_GRAPH, "SBER")
PAPER = Subject(VisualType.RUN_HISTORY, paper=True)


class Brush:
    """A painter that remembers what it was given."""

    def __init__(self) -> None:
        self.charts: list[Chart] = []
        self.fails = False

    async def paint(self, chart: Chart) -> bytes:
        if self.fails:
            raise Transient("no paint")
        self.charts.append(chart)
        return b"PNG"


@dataclass
class Studio:
    desk: TestDesk
    it: Bench
    brush: Brush
    visuals: Visuals
    candles: Path

    async def made(self, subject: Subject) -> None:
        """Generate it, and wait until it is there."""
        assert self.visuals.generate(subject) is None
        assert self.visuals._single.begun is not None
        await self.visuals._single.begun


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    """SBER by New York's hours, five days of it on file; on Tuesday, before the opening."""
    now = new_york(TUESDAY, "08:00")
    it = bench(tmp_path, now)
    await it.collector.catch_up(it.subject, DAYS)
    async with opened(tmp_path / "desk", began=now) as desk:
        brush = Brush()
        visuals = Visuals(desk.engine.desk, it.store, {"SBER": "NYSE"}, brush, Theme.DARK)
        yield Studio(desk, it, brush, visuals, tmp_path / "candles")
        await visuals.close()


def run_of(number: int, began: datetime, owner: UserId = OWNER, account: str = TESTING) -> Task:
    """A run that is over; it earned as many dollars as its number says."""
    return Task(
        id=TaskId(f"{number:032x}"),
        kind="strategy",
        command="/strategies",
        title="recycle SBER",
        arguments={"strategy": "recycle"},
        goal=TaskGoal.RUN,
        state=TaskState.DONE,
        started_at=began + timedelta(minutes=number),
        account=AccountName(account),
        ticker="SBER",
        checkpoint={"profit": str(number)},
        ended_at=began + timedelta(minutes=number + 1),
        owner=owner,
    )


async def test_tc_47_a_point_for_every_market_day(studio: Studio) -> None:
    """From the first day of 2017 to the last that is over: opening price and filled minutes, both 0 where it is not on
    file; and how many are fit."""
    store = studio.it.store
    broken = store.day("SBER", DAYS[1])
    assert broken is not None
    store.save(replace(broken, bars=broken.bars[:100]))
    store.forget("SBER", DAYS[2], DAYS[2])
    await studio.made(PRICES)
    visual = studio.visuals.get(PRICES)
    assert visual is not None
    points = {point.date: point for point in visual.prices}
    assert min(points) == date(2017, 1, 3) > FIRST_DAY
    assert max(points) == DAYS[-1]
    whole = store.day("SBER", DAYS[0])
    assert whole is not None
    assert (points[DAYS[0]].open, points[DAYS[0]].minutes) == (whole.bars[0].open, 390)
    assert points[DAYS[1]].minutes == 100
    assert (points[DAYS[2]].open, points[DAYS[2]].minutes) == (Price(ZERO), 0)
    assert len(visual.prices) == len(points) > 2000


async def test_only_days_that_changed_are_counted_again(studio: Studio) -> None:
    """Ten years of minutes take half a second: not every hour."""
    await studio.made(PRICES)
    last = studio.it.store.day("SBER", DAYS[-1])
    assert last is not None
    studio.it.store.save(replace(last, bars=last.bars[:200]))
    asked: list[tuple[date, date]] = []

    class Told(ParquetCandles):
        def load(self, symbol: str, first: date = date.min, last: date = date.max) -> Columns:
            asked.append((first, last))
            return super().load(symbol, first, last)

    studio.visuals._candles = Told(studio.candles, 60)
    await studio.made(PRICES)
    visual = studio.visuals.get(PRICES)
    assert visual is not None
    assert [point.minutes for point in visual.prices[-5:]] == [390, 390, 390, 390, 200]
    assert asked == [(DAYS[-1], DAYS[-1])]


async def test_tc_47_days_that_are_not_fit_are_not_counted(studio: Studio) -> None:
    """Nor those that are not there; the title of the picture says it."""
    store = studio.it.store
    store.save(SymbolDay("SBER", DAYS[0], ()))
    await studio.made(PRICES)
    visual = studio.visuals.get(PRICES)
    assert visual is not None
    assert visual.valid_days == 4
    [chart] = studio.brush.charts
    assert chart.title.params["valid"] == "4"
    assert len(chart.bars) == 4
    assert visual.picture == b"PNG"


async def test_tc_47_a_symbol_that_is_not_collected_is_refused(studio: Studio) -> None:
    """By name."""
    refused = studio.visuals.generate(Subject(VisualType.PRICE_GRAPH, "GAZP"))
    assert refused == Refused("not_collected", {"ticker": "GAZP"})


async def test_tc_48_the_thirty_newest_runs(studio: Studio) -> None:
    """Oldest first, with what each earned; what came before is left out, and so are runs that go on."""
    began = studio.desk.now
    runs = [run_of(number, began) for number in range(RUNS + 3)]
    going = replace(run_of(99, began), state=TaskState.RUNNING, ended_at=None)
    await studio.desk.engine.store.save(*(TaskSet(run) for run in [*runs, going]))
    await studio.made(PAPER)
    visual = studio.visuals.get(PAPER)
    assert visual is not None
    assert [run.profit for run in visual.runs] == [Decimal(number) for number in range(3, RUNS + 3)]
    assert {run.currency for run in visual.runs} == {"RUB"}


async def test_tc_48_runs_are_found_behind_any_number_of_other_tasks(studio: Studio) -> None:
    """More than one page of them has ended since."""
    began = studio.desk.now
    other = replace(run_of(1, began), kind="sellbuy")
    later = [replace(other, id=TaskId(f"{n:032x}"), started_at=began + timedelta(hours=n)) for n in range(1, PAGE + 2)]
    await studio.desk.engine.store.save(TaskSet(run_of(0, began)), *(TaskSet(task) for task in later))
    await studio.made(PAPER)
    visual = studio.visuals.get(PAPER)
    assert visual is not None
    assert [run.id for run in visual.runs] == [run_of(0, began).id]


async def test_tc_48_paper_and_live_are_apart(tmp_path: Path) -> None:
    """A run counts where its account trades."""
    live = {"name": "Real", "broker": "paper"}
    async with opened(tmp_path, more_accounts=(live,)) as desk:
        venues = desk.engine.desk.venues
        real = venues[AccountName("Real")]
        account = replace(real.account, mode=real.account.mode.LIVE)
        venues[AccountName("Real")] = replace(real, account=account)
        await desk.engine.store.save(TaskSet(run_of(1, desk.now)), TaskSet(run_of(2, desk.now, account="Real")))
        records = RunRecords(desk.engine.desk)
        for paper, profit in ((True, 1), (False, 2)):
            assert [run.profit for run in await records.newest(RUNS, None, paper=paper)] == [Decimal(profit)]


async def test_tc_48_runs_are_their_owners(studio: Studio) -> None:
    """Others do not see them; None sees everybody's."""
    await studio.desk.engine.store.save(
        TaskSet(run_of(1, studio.desk.now)), TaskSet(run_of(2, studio.desk.now, UserId("ann")))
    )
    for owner, profits in ((UserId("ann"), [2]), (UserId("eve"), []), (None, [1, 2])):
        subject = replace(PAPER, owner=owner)
        await studio.made(subject)
        visual = studio.visuals.get(subject)
        assert visual is not None
        assert [run.profit for run in visual.runs] == profits


async def test_tc_46_after_a_reset_the_list_of_runs_is_empty(studio: Studio) -> None:
    """For the one who asked, and for what comes later it fills again; the journal still has all of them."""
    desk = studio.desk
    ann = person(Role.TRADER, "ann")
    await desk.engine.store.save(TaskSet(run_of(1, desk.now)), TaskSet(run_of(2, desk.now, UserId("ann"))))
    await desk.clock.advance(3600)
    records = RunRecords(desk.engine.desk)
    assert await records.reset(ann) is None
    assert [task.owner async for task in records.tasks()] == [OWNER]
    await desk.engine.store.save(TaskSet(run_of(3, desk.now, UserId("ann"))))
    assert [run.profit for run in await records.newest(RUNS, UserId("ann"), paper=True)] == [3]
    assert len((await desk.engine.store.tasks(10)).items) == 3
    assert await records.reset(person(Role.VIEWER)) == Refused("not_allowed", {"role": "trader"})


async def test_tc_49_one_at_a_time(studio: Studio) -> None:
    """Nothing before the first; a second one is refused while one is made, and may begin afterwards."""
    assert studio.visuals.get(PRICES) is None
    assert studio.visuals.generate(PRICES) is None
    assert studio.visuals.generate(PAPER) == Refused("one_at_a_time")
    assert studio.visuals._single.begun is not None
    await studio.visuals._single.begun
    assert not studio.visuals.busy
    await studio.made(PAPER)
    assert studio.visuals.get(PRICES) is not None


async def test_what_cannot_be_made_leaves_what_was_there(studio: Studio) -> None:
    """And the next one may be made."""
    await studio.made(PRICES)
    before = studio.visuals.get(PRICES)
    studio.brush.fails = True
    await studio.made(PRICES)
    assert studio.visuals.get(PRICES) is before
    studio.brush.fails = False
    await studio.made(PRICES)
    assert studio.visuals.get(PRICES) is not before


async def test_tc_51_visuals_are_made_anew_in_the_background(studio: Studio) -> None:
    """All of them at first, and an hour later again; what somebody asked for, too."""
    hers = replace(PAPER, owner=UserId("ann"))
    await studio.made(hers)
    await studio.visuals.refresh()
    every = [PRICES, PAPER, replace(PAPER, paper=False), hers]
    first = {subject: studio.visuals.get(subject) for subject in every}
    assert None not in first.values()
    await studio.desk.clock.advance(EVERY_S)
    await studio.visuals.refresh()
    for subject in every:
        before, after = first[subject], studio.visuals.get(subject)
        assert before is not None
        assert after is not None
        assert after.at - before.at == timedelta(seconds=EVERY_S)
    await turns()


def test_the_sum_of_runs_goes_on_from_day_to_day() -> None:
    """A bar a day: where it began, how far it went, where it ended."""
    began = new_york(TUESDAY, "12:00")
    runs = [(began, Decimal(5)), (began, Decimal(-8)), (began + timedelta(days=1), Decimal(4))]
    chart = of_runs(runs, "paper", Theme.DARK)
    ends = [tuple(map(int, (bar.open, bar.high, bar.low, bar.close))) for bar in chart.bars]
    assert ends == [(0, 5, -3, -3), (-3, 1, -3, 1)]
    assert chart.title.params["profit"] == "+1.00"
    assert of_runs([], "paper", Theme.DARK).bars == ()
