"""Desks that are really killed on the way of an order, beside a venue whose ids mean nothing and that lives on."""

from __future__ import annotations

import asyncio
import signal
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from core.values.orders import OrderRole
from tests.brokers.angelone.house import House, trading
from tests.brokers.wired import until
from tests.hurried import Hurried
from tests.process import HOUSE
from tests.servers.angelone import AngelOneServer

SIZED = tuple(Decimal(text) for text in ("299.99", "300.00", "100000", "100000"))


async def killed(data_dir: Path, server: AngelOneServer, clock: Hurried, point: str) -> None:
    """Let a desk of its own process live until it is killed there."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.brokers.angelone.dying", str(data_dir), server.url, clock.began.isoformat(), point,
        cwd=HOUSE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(30):
        _, errors = await process.communicate()
    assert process.returncode == -signal.SIGKILL, errors.decode()


async def settled(house: House) -> None:
    """What the alert wanted is held and protected; or, where the order never left, people were told and nothing was
    sent in its place."""
    if house.server.made():
        await until(lambda: house.protected_by() == "broker")
    else:
        await house.told("order.unknown")


@pytest.mark.parametrize("point", ["send.bytes_out:1", "send.bytes_out:2", "send.resp_in:1", "fill.post_commit"])
async def test_an_entry_killed_at(tmp_path: Path, server: AngelOneServer, clock: Hurried, point: str) -> None:
    """After the restart nothing is lost, doubled or naked: each order has one tag, and no tag two orders."""
    await server.set_book("SBER", *SIZED)
    await killed(tmp_path / "d", server, clock, point)
    async with trading(tmp_path / "d", server, clock) as house:
        await settled(house)
        assert len(await house.orders(OrderRole.ENTRY)) == 1
        held = [holding.quantity for holding in server.venue.ledger.holdings()]
        assert house.stopped_for() == held
    made = server.made()
    assert len(made) == len(set(made))
