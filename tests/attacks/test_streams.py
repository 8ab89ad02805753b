"""Every adapter against a venue whose streams tell rubbish: what it keeps up goes on, and hears again what is true."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from pathlib import Path

import pytest

from core.values.errors import DeskError
from core.values.fills import Fill
from core.values.market import Quote
from core.values.orders import Side
from tests.attacks.spoilt import HANGS_S, VENUES, spoilt
from tests.contracts.broker import Desk


async def heard_of(name: str, path: Path, messages: int) -> None:
    """At least so many messages are spoilt, answers among them; then an execution and a price must be heard, each by
    its stream."""
    rng = random.Random(name)
    async with spoilt(name, path) as (desk, rubbish):
        broker, quotes = desk.on.broker, list[Quote]()
        broker.feed.listen(quotes.append)  # type: ignore[attr-defined]  # every venue's has one
        await broker.feed.watch(desk.on.instrument.ticker)  # type: ignore[attr-defined]  # as above
        reader = asyncio.create_task(_read(desk))
        while rubbish.spoilt < messages:
            rubbish.talk = rubbish.rng = rng
            await _stirred(desk, rng)
        rubbish.talk = rubbish.rng = None
        assert not reader.done()
        await _hears(desk, quotes)
        reader.cancel()


async def _read(desk: Desk) -> None:
    async for word in desk.on.broker.events():
        desk.told.append(word)


async def _stirred(desk: Desk, rng: random.Random) -> None:
    """Something happens that the streams tell of."""
    at = rng.randrange(-3, 3)
    await desk.book(at, at + 1)
    with suppress(DeskError):
        await desk.send(desk.request(Side.BUY, 1, rng.choice([-3, 3])))
    await asyncio.sleep(0)


async def _hears(desk: Desk, quotes: list[Quote]) -> None:
    """A price moves and an order is executed until both were told."""
    async with asyncio.timeout(HANGS_S):
        for at in range(100, 100_000):
            await desk.book(at, at + 1)
            request = desk.request(Side.BUY, 1, at + 5)
            with suppress(DeskError):
                await desk.send(request)
            await asyncio.sleep(0.1)
            priced = any(quote.bid is not None and quote.bid >= desk.at(100) for quote in quotes)
            filled = any(isinstance(word, Fill) and word.price >= desk.at(100) for word in desk.told)
            if priced and filled:
                return


@pytest.mark.parametrize("name", VENUES)
async def test_a_stream_that_told_rubbish_is_heard_again(tmp_path: Path, name: str) -> None:
    """A hundred spoilt messages."""
    await heard_of(name, tmp_path, 100)


@pytest.mark.proof
@pytest.mark.parametrize("name", VENUES)
async def test_proof_of_streams(tmp_path: Path, name: str, rounds: int) -> None:
    """Thirty spoilt messages a round."""
    await heard_of(name, tmp_path, 30 * rounds)
    print(f"\n{name}: {30 * rounds} spoilt messages and answers: both streams are heard again")
