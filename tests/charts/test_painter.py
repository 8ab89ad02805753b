"""The worker: pictures come from it, and its faults cost one picture."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from charts.painter import IDLE_S, PAINT_S_MAX, WorkerPainter
from charts.painting import paint
from core.clock import ManualClock
from core.values.errors import Transient
from tests.charts.pictures import a_chart, read


@pytest.fixture
def wire() -> ManualClock:
    return ManualClock(datetime(2026, 11, 20, 12, tzinfo=UTC))


@pytest.fixture
async def painter(wire: ManualClock) -> AsyncIterator[WorkerPainter]:
    painter = WorkerPainter(wire)
    yield painter
    await painter.close()


def _runs(pid: int) -> bool:
    """Or waits as a zombie to be seen off."""
    return Path(f"/proc/{pid}").exists()


def _pid(painter: WorkerPainter) -> int:
    assert painter.pid is not None
    return painter.pid


def _environment(pid: int) -> set[bytes]:
    lines = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return {line.partition(b"=")[0] for line in lines if line}


async def test_the_worker_paints_what_the_painting_says(painter: WorkerPainter) -> None:
    """Its PNG is the one that painting here makes, and a PNG."""
    chart = a_chart()
    png = await painter.paint(chart)
    assert png == paint(chart, "en")
    assert read(png).image.format == "PNG"


async def test_the_worker_starts_with_the_first_picture_and_stays(painter: WorkerPainter) -> None:
    """None before, one and the same for the pictures after it, also of those that were asked at once."""
    before = painter.pid
    assert before is None
    await painter.paint(a_chart())
    first = _pid(painter)
    await asyncio.gather(*(painter.paint(a_chart()) for _ in range(3)))
    assert painter.pid == first


async def test_an_idle_worker_gives_its_memory_back(painter: WorkerPainter, wire: ManualClock) -> None:
    """A minute after the last picture its process is no more; the next picture has a new one."""
    await painter.paint(a_chart())
    await wire.advance(IDLE_S - 1)
    await painter.paint(a_chart())
    pid = _pid(painter)
    await asyncio.sleep(0)
    await wire.advance(IDLE_S - 1)
    assert _runs(pid)
    await wire.advance(2)
    await painter.close()  # waits for what is under way
    assert not _runs(pid)
    assert await painter.paint(a_chart())


async def test_a_worker_that_dies_costs_one_picture(painter: WorkerPainter) -> None:
    """Killed while it is to draw: that picture fails, the next one comes."""
    await painter.paint(a_chart())
    os.kill(_pid(painter), signal.SIGSTOP)
    asked = asyncio.ensure_future(painter.paint(a_chart()))
    await asyncio.sleep(0)
    os.kill(_pid(painter), signal.SIGKILL)
    with pytest.raises(Transient):
        await asked
    assert await painter.paint(a_chart())


async def test_a_worker_that_hangs_costs_one_picture(painter: WorkerPainter, wire: ManualClock) -> None:
    """It is ended when its time is over, and the next picture has a new one."""
    await painter.paint(a_chart())
    pid = _pid(painter)
    os.kill(pid, signal.SIGSTOP)
    asked = asyncio.ensure_future(painter.paint(a_chart()))
    for _ in range(5):
        await asyncio.sleep(0)
    await wire.advance(PAINT_S_MAX)
    with pytest.raises(Transient, match="more than"):
        await asked
    assert not _runs(pid)
    assert await painter.paint(a_chart())


async def test_a_chart_that_cannot_be_drawn_costs_one_picture(painter: WorkerPainter) -> None:
    """The fault ends the worker, not the desk."""
    with pytest.raises(Transient):
        await painter.paint(a_chart(bars=()))
    assert await painter.paint(a_chart())


async def test_whoever_goes_away_leaves_no_stray_answer(painter: WorkerPainter) -> None:
    """A picture that nobody waits for any more is not given to the next one who asks."""
    await painter.paint(a_chart())
    left = asyncio.ensure_future(painter.paint(a_chart(width=640)))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    assert read(await painter.paint(a_chart(width=800))).image.width == 800


async def test_the_worker_knows_none_of_our_secrets(painter: WorkerPainter) -> None:
    """Its environment holds the import path alone."""
    await painter.paint(a_chart())
    assert _environment(_pid(painter)) <= {b"PYTHONPATH", b"LC_CTYPE"}


async def test_a_worker_ends_with_its_desk(painter: WorkerPainter) -> None:
    """Nobody writes to it any more: it stops by itself, as after a kill of the desk."""
    await painter.paint(a_chart())
    worker = painter._worker
    assert worker is not None
    assert worker.stdin is not None
    worker.stdin.close()
    assert await worker.wait() == 0
