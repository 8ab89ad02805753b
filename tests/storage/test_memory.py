"""The journal in memory: the contract of every journal."""

from __future__ import annotations

import pytest

from core.ports import Store
from core.values.ids import DeskId
from storage.memory import MemoryStore, Tables
from tests.contracts.store import StoreContract
from tests.contracts.store_saves import Journal


class TestMemory(StoreContract):
    @pytest.fixture
    def journal(self) -> Journal:
        tables = Tables(DeskId(7))

        async def opened() -> Store:
            return MemoryStore(tables)

        return opened
