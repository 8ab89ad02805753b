"""Answers that are lost, in rounds: no order is doubled, and none goes missing."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from core.values.errors import OutcomeUnknown, Transient
from core.values.money import plain
from core.values.orders import OrderType, Side
from tests.brokers.alpaca.harness import connected
from tests.contracts.broker import Desk
from tests.servers.alpaca import AlpacaServer
from tests.servers.broker import hosting

HIDDEN = ("accept_then_drop", "accept_then_500", "accept_then_garbage", "drop")


class Hurried:
    """A clock on which a real second is fifty: the limits of a minute can be lived through."""

    RATE = 50

    def __init__(self) -> None:
        self._began = datetime.now(UTC)

    def now(self) -> datetime:
        return self._began + (datetime.now(UTC) - self._began) * self.RATE

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.RATE)


async def sent_until_known(desk: Desk, rng: random.Random, number: int) -> None:
    """As the desk does it: asked about, and sent again under its id where the venue knows nothing.

    Every other time it is sent again without asking, as after a restart that lost the question: an id that is taken
    must tell the first order.
    """
    triggered = number % 4 == 0
    kind, stop = (OrderType.STOP, 5 + number) if triggered else (OrderType.LIMIT, None)
    request = desk.request(Side.BUY, 1, None if triggered else rng.choice([-2, 3]), kind, stop=stop)
    order = desk.journalled(request)
    for tries in range(20):
        try:
            with suppress(OutcomeUnknown):
                await desk.send(request)
            if (number % 2 or tries) and await desk.on.broker.find(order) is not None:
                return
        except Transient as error:
            await asyncio.sleep(error.retry_after_s / Hurried.RATE)
    raise AssertionError(f"{request.id} never became known")


async def rounds_of(tmp_path: Path, rounds: int, faults: tuple[str, ...]) -> list[str]:
    """Client ids of the orders that the venue has in the end."""
    server, rng, clock = AlpacaServer(tmp_path / "ledger"), random.Random(rounds), Hurried()
    server.seconds = lambda: clock.now().timestamp()
    async with hosting(server), connected(server, wire=clock) as harness:
        desk = Desk(harness)
        await desk.book(0, 1, bid_size=10**6, ask_size=10**6)
        for number in range(rounds):
            server.script(faults[number % len(faults)])
            await sent_until_known(desk, rng, number)
        assert server.exceeded == []
        return [line["client_id"] for line in server.lines() if line["kind"] == "order"]


@pytest.mark.proof
@pytest.mark.parametrize("faults", [("accept_then_drop",), HIDDEN], ids=["accept_then_drop", "all"])
async def test_proof_that_a_lost_answer_doubles_nothing(tmp_path: Path, rounds: int, faults: tuple[str, ...]) -> None:
    """Orders and stops accepted and cut off, or cut off before: each is there once."""
    made = await rounds_of(tmp_path, rounds, faults)
    assert (len(made), len(set(made))) == (rounds, rounds)
    bound = plain(Decimal(3) / rounds * 100)
    print(f"\n0 doubled of {rounds} orders cut off ({', '.join(faults)}): below {bound} % at 95 %")


async def test_a_lost_answer_doubles_nothing(tmp_path: Path) -> None:
    """The proof's round, a few times."""
    made = await rounds_of(tmp_path, 12, HIDDEN)
    assert (len(made), len(set(made))) == (12, 12)
