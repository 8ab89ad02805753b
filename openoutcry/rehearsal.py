"""`openoutcry example threadedtarget` and `timing threadedtarget`: a target's life without a desk around it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from time import perf_counter

from core.clock import SystemClock
from core.services.outlets import Outlet
from core.values.money import Price
from core.values.raw import RawAlert
from openoutcry.plugins import Plugin, PluginTarget


class Counting:
    """A target as anybody may write one: plain code, run on a thread of its own."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.taken = 0
        self._say = say

    def send(self, alert: RawAlert) -> None:
        self.taken += 1
        self._say(f"{self.taken} {alert.direction} {alert.symbol}")


def rehearse(count: int, say: Callable[[str], None]) -> float:
    """Hand `count` made-up alerts to a threaded target through a queue like the hub's; the seconds it took."""
    target = Counting(say)
    began = perf_counter()
    asyncio.run(_hand_over(count, target))
    took = perf_counter() - began
    assert target.taken == count, "none is lost"
    return took


async def _hand_over(count: int, target: Counting) -> None:
    clock = SystemClock()
    outlet = Outlet(PluginTarget(Plugin("threadedtarget", "example", target)), clock, count)
    work = asyncio.create_task(outlet.run())
    now = clock.now()
    for number in range(count):
        outlet.offer(RawAlert(number, "EXAMPLE", "SBER", 15, "BUY", Price(Decimal(300)), now, 0))
    while outlet.sent < count:
        await outlet.flushed()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    await outlet.close()
