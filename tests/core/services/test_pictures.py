"""Which pictures are asked for, what they show, and where they are kept."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from core.services.pictures import DAY_S, KEPT, WAITING_MAX, Album, Pictures
from core.values.alerts import Source
from core.values.charts import Chart, LevelRole, Theme
from core.values.errors import Transient
from core.values.money import plain
from core.values.orders import OrderRole, Side
from core.values.proposals import Answer
from openoutcry.background import running
from tests.desk import OWNER, TestDesk


@dataclass
class Sketcher:
    """A Painter that writes down what it is asked for; its picture is the title's key. busy: it never ends."""

    charts: list[Chart] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    busy: bool = False

    async def paint(self, chart: Chart) -> bytes:
        if self.busy:
            await asyncio.Event().wait()
        if self.fails:
            raise self.fails.pop(0)
        self.charts.append(chart)
        return chart.title.key.encode()


@dataclass
class Studio:
    desk: TestDesk
    sketcher: Sketcher
    album: Album
    shown: asyncio.Queue[tuple[str, bytes]] = field(default_factory=asyncio.Queue)
    watched: bool = True

    async def next(self) -> tuple[str, Chart]:
        """The next picture that was handed on: its card and what was drawn."""
        async with asyncio.timeout(5):
            card, _ = await self.shown.get()
        return card, self.sketcher.charts[-1]


@asynccontextmanager
async def studio_of(desk: TestDesk, directory: Path) -> AsyncIterator[Studio]:
    studio = Studio(desk, Sketcher(), Album(directory))

    def show(card: str, png: bytes) -> None:
        studio.shown.put_nowait((card, png))

    pictures = Pictures(
        desk.engine.desk, studio.sketcher, studio.album, Theme.LIGHT, show, shown=lambda: studio.watched
    )
    try:
        async with running(pictures.run()):
            yield studio
    finally:
        pictures.close()


@pytest.fixture
async def studio(desk: TestDesk, tmp_path: Path) -> AsyncIterator[Studio]:
    async with studio_of(desk, tmp_path / "pictures") as found:
        yield found


def levels(chart: Chart) -> dict[LevelRole, str]:
    return {level.role: plain(level.price) for level in chart.levels}


async def test_a_proposal_is_drawn_with_its_prices(studio: Studio) -> None:
    """Entry, stop and target as proposed, on bars of the last hours, in the desk's theme; kept by the proposal's id."""
    record = await studio.desk.enter(source=Source.STUDY)
    card, chart = await studio.next()
    assert card == f"proposal:{record.proposal_id}"
    assert levels(chart) == {LevelRole.ENTRY: "40000", LevelRole.STOP: "39800", LevelRole.TARGET: "41000"}
    assert chart.theme is Theme.LIGHT
    assert len(chart.bars) > 90
    path = studio.album.find(str(record.proposal_id))
    assert path is not None
    assert path.read_bytes() == b"chart.proposal"


async def test_the_last_price_is_a_line_where_it_is_another(studio: Studio) -> None:
    """The market has moved since the alert: both prices are seen."""
    await studio.desk.book("40009", "40011")
    await studio.desk.enter(source=Source.STUDY)
    _, chart = await studio.next()
    assert levels(chart)[LevelRole.LAST] == "40010"
    assert chart.bars[-1].close == 40010


async def test_an_edited_proposal_is_drawn_anew(studio: Studio) -> None:
    """In place of the picture before, with the new stop."""
    record = await studio.desk.enter(source=Source.STUDY)
    await studio.next()
    assert record.proposal_id is not None
    await studio.desk.engine.approvals.answer(record.proposal_id, None, Answer.EDIT, OWNER, {"stop": "39700"})
    card, chart = await studio.next()
    assert card == f"proposal:{record.proposal_id}"
    assert levels(chart)[LevelRole.STOP] == "39700"


async def test_an_answered_proposal_is_not_drawn_again(studio: Studio) -> None:
    """Its picture stays as it was."""
    record = await studio.desk.enter(source=Source.STUDY)
    await studio.next()
    assert record.proposal_id is not None
    await studio.desk.engine.approvals.answer(record.proposal_id, None, Answer.REJECT, OWNER)
    await studio.desk.enter(source=Source.STUDY, message="another")
    card, _ = await studio.next()
    assert card != f"proposal:{record.proposal_id}"


async def test_an_entry_is_drawn_with_a_mark_at_its_fill(studio: Studio) -> None:
    """The average is the entry's line; stop and target are those that stand."""
    await studio.desk.enter()
    card, chart = await studio.next()
    [entry] = await studio.desk.orders(OrderRole.ENTRY)
    assert card == f"order:{entry.id}"
    assert chart.title.key == "chart.opened"
    assert levels(chart)[LevelRole.STOP] == "39800"
    assert levels(chart)[LevelRole.TARGET] == "41000"
    assert [(mark.price, mark.side) for mark in chart.marks] == [(entry.average_price, Side.BUY)]


async def test_an_exit_is_drawn_with_both_fills_and_its_profit(studio: Studio) -> None:
    """Where it was entered, where it was left, and what that came to."""
    await studio.desk.enter()
    await studio.next()
    await studio.desk.book("39799", "39800")
    card, chart = await studio.next()
    stop = next(o for o in await studio.desk.orders(OrderRole.STOP) if o.filled)
    assert (card, chart.title.key) == (f"order:{stop.id}", "chart.closed")
    assert [mark.side for mark in chart.marks] == [Side.BUY, Side.SELL]
    assert chart.title.params["profit"].startswith("-")


async def test_a_stop_at_the_entry_is_called_breakeven(studio: Studio) -> None:
    """A stop moved to where nothing can be lost any more is another line than one that still costs."""
    await studio.desk.enter()
    await studio.next()
    await studio.desk.book("40300", "40301")
    await studio.desk.breakeven()
    await studio.desk.book("40099", "40100")
    _, chart = await studio.next()
    assert LevelRole.BREAKEVEN in levels(chart)
    assert LevelRole.STOP not in levels(chart)


async def test_trades_by_hand_are_not_drawn(studio: Studio) -> None:
    """A person's /buy has no levels and no picture; the managed entry after it has one."""
    await studio.desk.say("/buy 1 BTCPERP")
    await studio.desk.enter()
    card, _ = await studio.next()
    [entry] = await studio.desk.orders(OrderRole.ENTRY)
    assert card == f"order:{entry.id}"


async def test_fills_are_drawn_for_readers_alone(studio: Studio) -> None:
    """Without a chat nobody would see them: only the proposal is drawn."""
    studio.watched = False
    await studio.desk.enter()
    await studio.desk.enter(source=Source.STUDY)
    _, chart = await studio.next()
    assert [chart.title.key for chart in studio.sketcher.charts] == ["chart.proposal"]
    assert chart.marks == ()


async def test_a_picture_that_fails_costs_itself_alone(studio: Studio) -> None:
    """The painter died: the next proposal has its picture, and trading never noticed."""
    studio.sketcher.fails = [Transient("the painter died")]
    first = await studio.desk.enter(source=Source.STUDY)
    second = await studio.desk.enter(source=Source.STUDY, message="second")
    card, _ = await studio.next()
    assert card == f"proposal:{second.proposal_id}"
    assert studio.album.find(str(first.proposal_id)) is None


async def test_a_painter_that_is_behind_leaves_pictures_out(studio: Studio) -> None:
    """What waits is bounded: the desk goes on, and so do its proposals."""
    studio.sketcher.busy = True
    for number in range(WAITING_MAX + 3):
        side = Side.BUY if number % 2 else Side.SELL  # the door takes 20 of a side
        await studio.desk.enter(side, source=Source.STUDY, message=str(number))
    page = await studio.desk.engine.store.proposals(100)
    assert len(page.items) == WAITING_MAX + 3


async def test_old_pictures_are_thrown_away(desk: TestDesk, tmp_path: Path) -> None:
    """After thirty days, looked at each day; younger ones stay."""
    album = Album(tmp_path / "pictures")
    album.keep("old", b"png")
    album.keep("young", b"png")
    path = album.find("old")
    assert path is not None
    before = (desk.wire.now() - KEPT + timedelta(hours=1)).timestamp()
    os.utime(path, (before, before))
    async with studio_of(desk, tmp_path / "pictures"):
        await desk.breathe()
        assert album.find("old")
        await desk.wire.advance(DAY_S)
        async with asyncio.timeout(5):
            while album.find("old"):
                await desk.breathe()
    assert album.find("young")
