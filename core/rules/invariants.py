"""What must be so of a desk's books at every moment, whatever happened to it. Pure and cheap: production looks too.

The numbers are those of docs/reliability.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from core.values.fills import Position
from core.values.ids import AccountName
from core.values.money import ZERO, plain
from core.values.orders import Key, Order, OrderRole, OrderState

DUST = Decimal("0.005")
"""Share of a holding that fees taken in kind may make of difference."""


@dataclass(frozen=True, slots=True)
class Breach:
    """number: of the invariant. about: the order, or account and ticker. said: for the log and for people."""

    number: str
    about: str
    said: str

    def __str__(self) -> str:
        return f"{self.number} {self.about}: {self.said}"


def breaches(
    orders: Iterable[Order], positions: Mapping[Key, Position], reducing: Collection[AccountName] = ()
) -> list[Breach]:
    """orders: those that are not over. reducing: accounts whose broker itself keeps exits within the position."""
    live = list(orders)
    alone = [order for order in live if order.request.account not in reducing]
    return [*doubled(live), *overfilled(live), *beyond(alone, positions)]


def doubled(live: Iterable[Order]) -> list[Breach]:
    """I2: an intent has one entry."""
    entries = Counter(
        (order.request.intent, order.request.account) for order in live if order.request.role is OrderRole.ENTRY
    )
    return [
        Breach("I2", intent, f"{count} entries at {account}")
        for (intent, account), count in entries.items()
        if count > 1
    ]


def overfilled(live: Iterable[Order]) -> list[Breach]:
    """I4, of one order: fills stay within it, and its state says the same as they do."""
    found = []
    for order in live:
        whole = order.request.quantity
        fits = ZERO < order.filled < whole if order.state is OrderState.PART_FILLED else ZERO <= order.filled < whole
        if not fits:
            said = f"{order.state.value} with {plain(order.filled)} of {plain(whole)} filled"
            found.append(Breach("I4", order.id, said))
    return found


def beyond(live: Iterable[Order], positions: Mapping[Key, Position]) -> list[Breach]:
    """I6: orders that close at once never come to more than their book holds, nor point the other way."""
    closing: dict[Key, Decimal] = defaultdict(Decimal)
    for order in live:
        if order.request.role is OrderRole.EXIT:
            closing[order.request.key] += order.remaining * order.request.side.sign
    found = []
    for key, pieces in closing.items():
        held = positions[key].quantity if key in positions else ZERO
        if pieces * held > 0 or abs(pieces) > abs(held):
            found.append(Breach("I6", f"{key[0]} {key[1]}", f"{plain(pieces)} close {plain(held)}"))
    return found


def differs(ours: Decimal, difference: Decimal, step: Decimal) -> bool:
    """I4: whether the broker holds what our books do not. difference: signed pieces that it holds more. Less than can
    be traded, or what fees in kind may take, is none: start-up books it."""
    return abs(difference) >= step and abs(difference) > abs(ours) * DUST
