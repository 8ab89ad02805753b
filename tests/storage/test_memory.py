"""The journal in memory: the contract of every journal."""

from __future__ import annotations

from typing import get_args

import pytest

from core.ports import Store
from core.values.changes import Change
from core.values.ids import DeskId
from storage.memory import MemoryStore, Tables
from storage.memory.changes import _MOVES
from tests.contracts.store import StoreContract
from tests.contracts.store_saves import Journal


class TestMemory(StoreContract):
    @pytest.fixture
    def journal(self) -> Journal:
        tables = Tables(DeskId(7))

        async def opened() -> Store:
            return MemoryStore(tables)

        return opened


def test_every_change_has_its_move() -> None:
    """None is left out that a desk may save."""
    assert set(get_args(Change)) == _MOVES.keys()
