"""/cancel: ours and others', a few at once and hundreds as a task."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.values.notices import Notice
from core.values.orders import OrderType
from tests.core.jobs.test_pace import MANY, limited
from tests.core.jobs.test_stash import by_hand
from tests.desk import TestDesk, copy_of, turns


def counts(answer: Notice) -> tuple[str, str]:
    return answer.params["cancelled"], answer.params["left"]


async def test_tm_60_cancel_takes_what_others_placed_too(desk: TestDesk) -> None:
    """Stop and limit orders from the broker's own program: none is left."""
    await desk.book_of("SBER", "200", "201")
    await desk.say("/buy 10 SBER")
    await by_hand(desk, "150")
    await by_hand(desk, "199", OrderType.LIMIT)
    assert len(await desk.at_broker()) == 3
    assert counts(await desk.say("/cancel")) == ("3", "0")
    assert await desk.at_broker() == []


async def test_w_11_a_broker_that_cannot_be_asked_is_named(desk: TestDesk) -> None:
    """What we know of is cancelled all the same."""
    await desk.book_of("SBER", "200", "200")
    await desk.say((await desk.say("/nuke SBER 100000")).actions[0].command)
    assert len(desk.live()) == 3
    desk.broker().script("disconnect")
    answer = await desk.say("/cancel")
    assert desk.live() == []
    assert [line.params["account"] for line in answer.lines if line.key == "command.not_verified"] == ["Testing"]


async def test_tm_60_a_long_cancel_outlives_a_restart(tmp_path: Path) -> None:
    """Killed in its middle, it goes on by itself; stopping everything else does not end it."""
    async with limited(tmp_path / "d") as desk:
        asked = await desk.say("/restore")
        placing = asyncio.create_task(desk.say(asked.actions[0].command))
        await _until(desk, lambda: len(desk.live()) == MANY)
        await placing
        await desk.wire.advance(70)
        cancelling = asyncio.create_task(desk.say("/cancel"))
        await _until(desk, lambda: len(desk.live()) < MANY - 60)
        await cancelling
        assert (await desk.say("/stop")).key == "command.no_tasks"
        copy = copy_of(tmp_path / "d")
    async with limited(copy, stash=False) as desk:
        await _until(desk, lambda: not desk.engine.supervisor.unfinished())
        assert (desk.live(), await desk.at_broker()) == ([], [])


async def _until(desk: TestDesk, holds: object) -> None:
    """Let the wire's time pass until it is so."""
    assert callable(holds)
    for _ in range(2000):
        if holds():
            return
        await desk.wire.advance(1, desk.breathe)
        await turns(5)
    raise AssertionError("it never became so")
