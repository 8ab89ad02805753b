"""Notices to surfaces: at least once, in order, through outages and restarts."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.services.outbox import Outbox
from core.values.errors import Rejected, Transient
from core.values.ids import NoticeId
from core.values.notices import Notice, NoticeKind
from openoutcry.background import running
from tests.desk import TestDesk, opened, turns

_NUMBERS = itertools.count()


class Paper:
    """A surface that writes down what it is told, and fails as it is told to."""

    def __init__(self, name: str = "paper", fails: Sequence[Exception] = ()) -> None:
        self.name = name
        self.read: list[str] = []
        self._fails = list(fails)

    async def send(self, notice: Notice) -> None:
        if self._fails:
            raise self._fails.pop(0)
        self.read.append(notice.params.get("ticker", notice.key))

    def fail(self, fault: Exception) -> None:
        """The next thing it is told goes wrong."""
        self._fails.append(fault)

    async def illustrate(self, card: str, png: bytes) -> None:
        if self._fails:
            raise self._fails.pop(0)
        self.read.append(f"{card} {png.decode()}")


async def tell(desk: TestDesk, *tickers: str) -> None:
    for ticker in tickers:
        name = NoticeId(f"{ticker} {next(_NUMBERS)}")
        await desk.engine.outbox.tell(Notice(name, desk.now, NoticeKind.INFO, "test.told", {"ticker": ticker}))


def outbox(desk: TestDesk, *surfaces: Paper) -> Outbox:
    made = Outbox(desk.engine.store, desk.wire)
    for surface in surfaces:
        made.add(surface)
    return made


async def test_every_surface_is_told_in_order(desk: TestDesk) -> None:
    """Each of them all of it, what waits and what comes."""
    papers = [Paper("one"), Paper("two")]
    await tell(desk, "SBER", "GAZP")
    async with running(outbox(desk, *papers).run()):
        await desk.breathe()
        await tell(desk, "SBER")
        await desk.breathe()
        await turns()
    assert [paper.read for paper in papers] == [["report.started", "SBER", "GAZP", "SBER"]] * 2


async def test_a_surface_that_is_away_is_tried_again(desk: TestDesk) -> None:
    """Nothing is lost, nothing overtakes, and the other one has not waited."""
    away, well = Paper("away", [Transient("gone", 2.0)] * 2), Paper("well")
    await tell(desk, "SBER", "GAZP")
    async with running(outbox(desk, away, well).run()):
        await desk.breathe()
        assert (away.read, well.read) == ([], ["report.started", "SBER", "GAZP"])
        await desk.wait(6)
    assert away.read == well.read


async def test_a_fault_in_one_surface_costs_one_message(desk: TestDesk) -> None:
    """A bug of a chat's library ends neither the outbox nor what the other surface is told."""
    broken, well = Paper("broken", [KeyError("bug")]), Paper("well")
    await tell(desk, "SBER", "GAZP")
    async with running(outbox(desk, broken, well).run()):
        await desk.breathe()
        await turns()
    assert (broken.read, well.read) == (["SBER", "GAZP"], ["report.started", "SBER", "GAZP"])


async def test_a_refused_notice_is_given_up(desk: TestDesk) -> None:
    """And the next ones go on."""
    paper = Paper(fails=[Rejected("too_long")])
    await tell(desk, "SBER")
    async with running(outbox(desk, paper).run()):
        await desk.breathe()
    assert paper.read == ["SBER"]
    assert await desk.engine.store.undelivered("paper", 10) == []


async def test_after_a_restart_a_surface_goes_on_where_it_was(data_dir: Path) -> None:
    """What it had is not told again."""
    async with opened(data_dir) as desk:
        await tell(desk, "SBER")
        before = Paper()
        async with running(outbox(desk, before).run()):
            await desk.breathe()
        await tell(desk, "GAZP")
    async with opened(data_dir) as desk:
        after = Paper()
        async with running(outbox(desk, after).run()):
            await desk.breathe()
    assert (before.read, after.read) == (["report.started", "SBER"], ["GAZP", "report.started"])


async def test_a_dead_chat_delays_no_exit(desk: TestDesk) -> None:
    """Its send never returns; the stop still fires and is booked."""

    class Hanging(Paper):
        async def send(self, notice: Notice) -> None:
            await asyncio.Event().wait()

    async with running(outbox(desk, Hanging()).run()):
        await desk.enter()
        await desk.book("39799", "39800")
        assert (await desk.holds(), desk.positions()) == ({}, [])


async def test_a_picture_follows_its_notice(desk: TestDesk) -> None:
    """However fast it is there: the words go out first, to every surface."""
    papers = [Paper("one"), Paper("two")]
    box = outbox(desk, *papers)
    await tell(desk, "SBER", "GAZP")
    box.illustrate("card", b"picture")
    async with running(box.run()):
        await desk.breathe()
        await turns()
    assert [paper.read for paper in papers] == [["report.started", "SBER", "GAZP", "card picture"]] * 2


async def test_a_picture_waits_for_a_surface_that_is_away(desk: TestDesk) -> None:
    """It comes when the surface is back, behind what was told meanwhile; of two for a card the newer one."""
    away = Paper("away", [Transient("gone", 2.0)])
    box = outbox(desk, away)
    async with running(box.run()):
        await desk.breathe()
        box.illustrate("card", b"older")
        box.illustrate("card", b"newer")
        await tell(desk, "SBER")
        await desk.wait(4)
    assert away.read == ["report.started", "SBER", "card newer"]


@pytest.mark.parametrize("fault", [Transient("gone"), Rejected("too_large"), KeyError("bug")])
async def test_a_picture_is_tried_once(desk: TestDesk, fault: Exception) -> None:
    """One that a surface does not take delays no words and is given up."""
    paper = Paper()
    box = outbox(desk, paper)
    async with running(box.run()):
        await desk.breathe()
        paper.fail(fault)
        box.illustrate("card", b"picture")
        await desk.breathe()
        await tell(desk, "SBER")
        await desk.breathe()
    assert paper.read == ["report.started", "SBER"]
