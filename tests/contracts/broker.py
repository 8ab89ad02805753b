"""What every broker adapter must do, whatever stands behind it.

An adapter's test file subclasses `BrokerContract` with a `harness` fixture: a started broker on a quiet market, and
the few handles a test needs to move that market. Marketable limit orders are used throughout: every venue has them.

Each test is a card with a number, `test_bc_NN_...`: 1x placing and filling, 2x what our ids mean, 3x cancelling,
4x what is told, 5x stops, 6x refusals, 7x trouble on the wire, 8x what is traded and owned.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.contracts.broker_desk import Desk, Harness
from tests.contracts.broker_orders import OrderCards
from tests.contracts.broker_telling import TellingCards
from tests.contracts.broker_trouble import TroubleCards

__all__ = ["BrokerContract", "Desk", "Harness"]


class BrokerContract(OrderCards, TellingCards, TroubleCards):
    @pytest.fixture
    async def desk(self, harness: Harness) -> AsyncIterator[Desk]:
        """A reader on the stream, and a book one tick wide around the price."""
        desk = Desk(harness)

        async def read() -> None:
            async for event in harness.broker.events():
                desk.told.append(event)

        reader = asyncio.create_task(read())
        await asyncio.sleep(0)
        await desk.book(0, 1)
        yield desk
        await harness.broker.close()
        await reader
