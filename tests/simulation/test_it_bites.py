"""Desks that are broken on purpose: a verdict that never finds anything proves nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from core.rules.routing import Way
from core.services.asking import Asking
from core.services.drain import Drain
from core.services.execution import Execution
from core.services.guardian import Guardian
from core.services.ledger import Ledger
from core.values.alerts import AlertStatus, Receipt
from core.values.capabilities import Idempotency
from core.values.fills import Fill
from core.values.ids import OrderId
from storage.sqlite.store import SqliteStore
from tests.simulation.story import WORST, Run

Break = Callable[[pytest.MonkeyPatch], None]
MINUTES = 4.0


def forgets_alerts(patch: pytest.MonkeyPatch) -> None:
    """Says yes before anything is on disk."""

    async def accept(self: SqliteStore, alert: Any, alert_id: Any, key: str, status: Any = AlertStatus.ACCEPTED) -> Any:
        return Receipt(alert_id, status)

    patch.setattr(SqliteStore, "accept_alert", accept)


def draws_ids(patch: pytest.MonkeyPatch) -> None:
    """Takes every alert twice, with order ids that are drawn in place of derived from the cause."""
    numbers, real_id, real_take = itertools.count(), Execution._id, Drain._take

    def drawn(self: Execution, *cause: str) -> OrderId:
        return real_id(self, *cause, str(next(numbers)))

    def twice(self: Drain, record: Any) -> None:
        real_take(self, record)
        self._taken.discard(record.id)
        real_take(self, record)

    async def none(self: SqliteStore, kind: str, cause_id: str) -> list[Any]:
        return []

    patch.setattr(Execution, "_id", drawn)
    patch.setattr(Drain, "_take", twice)
    patch.setattr(SqliteStore, "orders_because", none)


def writes_no_decision(patch: pytest.MonkeyPatch) -> None:
    """Sends what stands nowhere but in memory."""

    async def make(self: Ledger, orders: Any, *also: Any) -> None:
        for order in orders:
            self._keep(order)

    async def move(self: Ledger, order: Any, also: Any) -> Any:
        self._keep(order)
        return order

    patch.setattr(Ledger, "make", make)
    patch.setattr(Ledger, "_move", move)


def misses_fills(patch: pytest.MonkeyPatch) -> None:
    """Loses every third fill, also when it is told again."""
    real = Ledger.absorb

    async def absorb(self: Ledger, account: Any, word: Any) -> Any:
        if isinstance(word, Fill) and crc32(word.id.encode()) % 3 == 0:
            return None
        return await real(self, account, word)

    patch.setattr(Ledger, "absorb", absorb)


def sleeps_on_guard(patch: pytest.MonkeyPatch) -> None:
    """Never tends a position."""

    async def tend(self: Guardian, key: Any) -> None:
        pass

    patch.setattr(Guardian, "tend", tend)


def trusts_ids(patch: pytest.MonkeyPatch) -> None:
    """Takes every venue's ids for keys, and sends again what it cannot find at once."""
    real = Asking.abilities

    def abilities(self: Asking, order: Any) -> Any:
        return replace(real(self, order), idempotency=Idempotency.ALWAYS)

    patch.setattr(Asking, "abilities", abilities)
    patch.setattr("core.services.asking.ASK_AFTER_S", (0.0,))
    patch.setitem(WORST, "late", 0.5)


def asks_nobody(patch: pytest.MonkeyPatch) -> None:
    """Trades what people should decide on."""
    patch.setattr("core.services.drain.way", lambda alert, approval: Way.TRADE)


@pytest.mark.parametrize(
    ("broken", "seed", "found"),
    [
        (forgets_alerts, 3, "I1"),
        (draws_ids, 3, "I2"),
        (writes_no_decision, 3, "I3"),
        (misses_fills, 3, "I4"),
        (sleeps_on_guard, 32, "I5"),
        (trusts_ids, 6, "I7"),
        (asks_nobody, 3, "I12"),
    ],
)
def test_a_broken_desk_is_found_out(
    broken: Break, seed: int, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each invariant has a desk that breaks it."""
    broken(monkeypatch)
    run = Run(seed, tmp_path, MINUTES, keep_lines=False).play()
    assert any(found in problem for problem in run.problems), run.problems
