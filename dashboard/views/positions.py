"""Positions and orders: what is held, what protects it, and what still works at the brokers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.services.portfolio import PositionView
from core.values.fills import Position
from core.values.money import Price, plain
from core.values.orders import Order, ProtectionClass, Purpose
from core.values.people import Person, Role
from dashboard.board import Board
from dashboard.view import Model, Query, View, Wakes

DIGITS = 4


@dataclass(frozen=True, slots=True)
class Held:
    """One position. bare: the desk promised it a stop, and none is there. percent: gained, of the average price.
    at_stop, at_target: what would be gained or lost there, in the account's currency."""

    view: PositionView
    currency: str
    bare: bool
    percent: Decimal | None
    at_stop: Decimal | None
    at_target: Decimal | None

    @property
    def position(self) -> Position:
        return self.view.position

    @property
    def average(self) -> Decimal:
        """A quotient: more digits than this say nothing."""
        return round(self.position.average_price, DIGITS)


@dataclass(frozen=True, slots=True)
class Mode:
    """What is traded for real money, or on paper."""

    live: bool
    held: Sequence[Held]
    orders: Sequence[Order]


async def model(board: Board, person: Person, _query: Query) -> Model:
    """Live before paper; in each what is unprotected first, then the newest."""
    held = sorted((_held(board, view) for view in board.portfolio.positions(person)), key=lambda each: not each.bare)
    orders = [order for order in board.desk.ledger.orders.values() if person.sees(order.request.owner)]
    orders.sort(key=lambda order: order.at, reverse=True)
    modes = [
        Mode(
            live=live,
            held=[each for each in held if each.view.paper is not live],
            orders=[order for order in orders if order.paper is not live],
        )
        for live in (True, False)
    ]
    return {
        "modes": [mode for mode in modes if mode.held or mode.orders],
        "count": len(held),
        "working": len(orders),
        "plain": plain,
        "may_trade": person.may(Role.TRADER),
        "cancellable": {Purpose.ENTRY, Purpose.TRAP},
    }


def _held(board: Board, view: PositionView) -> Held:
    position, last = view.position, view.last
    average = position.average_price
    sign = 1 if position.quantity > 0 else -1
    return Held(
        view=view,
        currency=board.desk.venues[position.account].account.currency,
        bare=view.protection is ProtectionClass.MANAGED and view.protected_by is None,
        percent=None if last is None or not average else (last - average) / average * 100 * sign,
        at_stop=_gain(board, position, position.plan.stop),
        at_target=_gain(board, position, position.plan.target),
    )


def _gain(board: Board, position: Position, price: Price | None) -> Decimal | None:
    """Against the average entry, before fees."""
    if price is None:
        return None
    point_value = board.desk.directory.point_value(position.account, position.ticker)
    return (price - position.average_price) * position.quantity * point_value


VIEW = View(
    "positions",
    model,
    parts=("held", "orders"),
    wakes=Wakes.BOOKS | Wakes.QUOTES,
    scripts=("charts.js", "positions.js"),
)
