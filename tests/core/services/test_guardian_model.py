"""The guardian and the paper broker together do what a model of a hundred lines says, restarts included."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.values.orders import Book, ExitRule, OrderRole, Side
from tests.desk import TestDesk, opened
from tests.guard import hold

T = TypeVar("T")
D = Decimal
TICK = D("0.01")
BOOKS = [Book(f"link:{number}") for number in range(3)]
percents = st.sampled_from([None, *map(D, ("0.5", "1", "1.5", "3"))])
rules = st.builds(ExitRule, percents, percents, percents)
prices = st.integers(19_300, 20_700).map(lambda ticks: ticks * TICK)


@dataclass
class Held:
    """One position of the model: the formulas of behaviour.md 5.4 and nothing else."""

    sign: int
    entry: Decimal
    exits: ExitRule
    best: Decimal
    stops: list[Decimal] = field(default_factory=list)

    def level(self, price: Decimal, percent: Decimal) -> Decimal:
        return price * (100 + self.sign * percent) / 100

    def stop(self) -> Decimal | None:
        """The best that there ever was."""
        if self.exits.stop is not None:
            self.stops.append(self.level(self.entry, -self.exits.stop))
        if self.exits.trailing is not None:
            self.stops.append(self.level(self.best, -self.exits.trailing))
        if not self.stops:
            return None
        found = max(self.stops, key=lambda price: price * self.sign)
        return found.quantize(TICK, ROUND_CEILING if self.sign > 0 else ROUND_FLOOR)

    def survives(self, price: Decimal) -> bool:
        """Whether it is still held after a quote at which it could be closed."""
        stop = self.stop()
        if stop is not None and (price - stop) * self.sign <= 0:
            return False
        if self.exits.target is not None:
            target = self.level(self.entry, self.exits.target)
            target = target.quantize(TICK, ROUND_FLOOR if self.sign > 0 else ROUND_CEILING)
            if (price - target) * self.sign >= 0:
                return False
        self.best = max(self.best, price, key=lambda one: one * self.sign)
        return True


class Guarded(RuleBasedStateMachine):
    """All books of one side, as brokers net; every quote is one that a position could be closed at."""

    dialect = "bare"

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.directory = tempfile.TemporaryDirectory()
        self.held: dict[Book, Held] = {}
        self.opened = self.closed = 0
        self.price = D(200)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def _open(self) -> None:
        self.stack = AsyncExitStack()
        self.desk: TestDesk = await self.stack.enter_async_context(
            opened(
                Path(self.directory.name) / "desk",
                account={"dialect": self.dialect, "cash": "1000000"},
                risk={"stop_required": False},
                market={"still": True, "prices": {"SBER": f"{self.price:f}"}},
            )
        )

    @initialize(short=st.booleans())
    def begin(self, short: bool) -> None:  # noqa: FBT001  -- drawn
        self.side = Side.SELL if short else Side.BUY
        self.run(self._open())

    @rule(book=st.sampled_from(BOOKS), price=prices, exits=rules)
    def enter(self, book: Book, price: Decimal, exits: ExitRule) -> None:
        """A book that is empty; the quote of the entry is one for all the others."""
        if book in self.held:
            return
        bid, ask = (price - TICK, price) if self.side is Side.BUY else (price, price + TICK)
        self.judge(bid, ask)
        self.run(hold(self.desk, exits, side=self.side, book=book, at=f"{price:f}"))
        self.held[book] = Held(self.side.sign, price, exits, price)
        self.opened += 1

    @rule(price=prices)
    def quote(self, price: Decimal) -> None:
        bid, ask = (price, price + TICK) if self.side is Side.BUY else (price - TICK, price)
        self.run(self.desk.book_of("SBER", f"{bid:f}", f"{ask:f}"))
        self.judge(bid, ask)

    @rule()
    def a_second(self) -> None:
        """What trails is written down, and moved at the broker."""
        self.run(self.wait())

    async def wait(self) -> None:
        await self.desk.wait(1)
        await self.desk.settle()

    @precondition(lambda self: self.held)
    @rule(price=prices)
    def restart(self, price: Decimal) -> None:
        """The market opens elsewhere."""
        self.run(self.stack.aclose())
        self.price = price
        self.run(self._open())
        self.judge(price - TICK, price + TICK)

    def judge(self, bid: Decimal, ask: Decimal) -> None:
        price = bid if self.side is Side.BUY else ask
        for book, held in list(self.held.items()):
            if not held.survives(price):
                del self.held[book]
                self.closed += 1

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "desk"):
            return
        views = {view.position.book: view.position for view in self.desk.positions()}
        assert views.keys() == self.held.keys()
        assert {book: view.plan.stop for book, view in views.items()} == {
            book: held.stop() for book, held in self.held.items()
        }
        orders = self.run(self.desk.orders())
        assert sum(1 for o in orders if o.filled and o.request.role is not OrderRole.ENTRY) == self.closed
        net = sum(100 * held.sign for held in self.held.values())
        assert self.run(self.desk.holds()) == ({"SBER": net} if net else {})
        for view in self.desk.positions():
            assert view.position.plan.stop is None or view.protected_by is not None

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.run(self.stack.aclose())
        self.runner.close()
        self.directory.cleanup()


@pytest.mark.parametrize("dialect", ["bare", "paper", "tinvest"])
def test_guardian_and_broker_do_what_the_model_says(dialect: str) -> None:
    """Entries, quotes, seconds and restarts in any order."""
    machine = type("Machine", (Guarded,), {"dialect": dialect})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=6,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # shrinking a failure opens a desk a thousand times
        ),
    )
