"""What every journal promises (`core.ports.Store`), apart from how it keeps things.

A suite for one journal: a subclass whose name begins with Test, and a fixture `journal` that opens the same journal
each time it is called, after the one before was closed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.clock import ManualClock
from core.ports import Store
from tests.contracts.samples import NOON
from tests.contracts.store_alerts import AlertsContract
from tests.contracts.store_history import HistoryContract
from tests.contracts.store_pages import PagesContract
from tests.contracts.store_people import PeopleContract
from tests.contracts.store_prices import PricesContract
from tests.contracts.store_saves import Journal, SavesContract
from tests.contracts.store_telling import TellingContract
from tests.contracts.store_trading import TradingContract
from tests.contracts.store_traps import TrapsContract


class StoreContract(
    AlertsContract,
    SavesContract,
    TradingContract,
    TellingContract,
    PagesContract,
    HistoryContract,
    PricesContract,
    TrapsContract,
    PeopleContract,
):
    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock(NOON)

    @pytest.fixture
    async def store(self, journal: Journal) -> AsyncIterator[Store]:
        store = await journal()
        yield store
        await store.close()
