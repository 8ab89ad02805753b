"""Orders that wait far from the market, the sets of them that people put aside, and the lists they are made from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.values.ids import OWNER, AccountName, StashId, StopListId, UserId
from core.values.money import Price, Quantity, plain
from core.values.orders import OrderType, Side


@dataclass(frozen=True, slots=True)
class Trap:
    """What a stop order says: enough to place it again. quantity: pieces. expires_at None: until it is cancelled."""

    ticker: str
    side: Side
    type: OrderType
    quantity: Quantity
    stop_price: Price
    price: Price | None = None
    expires_at: datetime | None = None


def packed(traps: Sequence[Trap]) -> str:
    """As text, for a column or a task's arguments."""
    return json.dumps([_fields(trap) for trap in traps], ensure_ascii=False, separators=(",", ":"))


def unpacked(text: str) -> tuple[Trap, ...]:
    return tuple(_trap(*fields) for fields in json.loads(text))


def _fields(trap: Trap) -> list[str | None]:
    price = None if trap.price is None else plain(trap.price)
    ends = None if trap.expires_at is None else trap.expires_at.isoformat()
    return [trap.ticker, trap.side, trap.type, plain(trap.quantity), plain(trap.stop_price), price, ends]


def _trap(
    ticker: str, side: str, kind: str, quantity: str, stop_price: str, price: str | None, ends: str | None
) -> Trap:
    return Trap(
        ticker,
        Side(side),
        OrderType(kind),
        Quantity(Decimal(quantity)),
        Price(Decimal(stop_price)),
        None if price is None else Price(Decimal(price)),
        None if ends is None else datetime.fromisoformat(ends),
    )


USUAL = "usual"
"""The stash of whoever names none."""


@dataclass(frozen=True, slots=True)
class Stash:
    """The stop orders of an account as they stood at a moment, under a name; the newest of a name is the only one."""

    id: StashId
    account: AccountName
    name: str
    made_at: datetime
    traps: tuple[Trap, ...]
    owner: UserId = OWNER


@dataclass(frozen=True, slots=True)
class StopList:
    """What a person's lists say of a ticker, one row each. /stops takes what is on the white list and not on the
    first black one, /shorts what is not on the second. morning False: it is left alone in the morning session."""

    id: StopListId
    ticker: str
    whitelist: bool = True
    stop_blacklist: bool = False
    short_blacklist: bool = False
    morning: bool = True
    owner: UserId = OWNER

    def takes(self, side: Side) -> bool:
        return self.whitelist and not (self.stop_blacklist if side is Side.BUY else self.short_blacklist)


@dataclass(frozen=True, slots=True)
class Tunables:
    """What the settings give and a person may change. Levels: percent away from the last price. stop_sum: money of
    the account for one order. stop_minutes: how long it stands. scan_rate: percent a year."""

    long_levels: tuple[Decimal, ...] = (Decimal(15), Decimal(20), Decimal(25))
    short_levels: tuple[Decimal, ...] = (Decimal(20), Decimal(25), Decimal(30))
    stop_sum: Decimal = Decimal(300000)
    stop_minutes: Decimal = Decimal(120)
    nuke_levels: tuple[Decimal, ...] = (Decimal(0), Decimal(1), Decimal(5), Decimal(7))
    scan_rate: Decimal = Decimal("7.5")
