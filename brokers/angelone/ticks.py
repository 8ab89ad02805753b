"""Ticks of SmartStream 2.0: little-endian, 51 bytes with the last price (LTP), 123 with the day's figures (quote), 379
with the five best of both sides (snap quote). Prices are paise. Pure.

Source: the venue's page on WebSocket streaming 2.0.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from decimal import Decimal

from core.values.money import NO_QUANTITY, Price, Quantity

LTP, QUOTE, SNAP_QUOTE = 1, 2, 3
EXCHANGES = {1: "NSE", 2: "NFO", 3: "BSE", 4: "BFO"}
SEGMENTS = {name: number for number, name in EXCHANGES.items()}
_HEAD = struct.Struct("<BB25sqqq")
_LEVEL = struct.Struct("<hqqh")
_LEVELS_AT, _LEVELS = 147, 10
_SIZES = {LTP: 51, QUOTE: 123, SNAP_QUOTE: 379}


@dataclass(frozen=True, slots=True)
class Tick:
    """bid, ask: None where that side is empty, or where the mode does not tell it (`book` False)."""

    exchange: str
    token: str
    last: Price | None
    book: bool = False
    bid: Price | None = None
    ask: Price | None = None
    bid_size: Quantity = NO_QUANTITY
    ask_size: Quantity = NO_QUANTITY


def read(data: bytes) -> Tick | None:
    """None for another segment's. Raises ValueError for bytes that are no tick."""
    if len(data) < _HEAD.size:
        raise ValueError(f"a tick of {len(data)} bytes")
    mode, segment, token, _sequence, _at, last = _HEAD.unpack_from(data)
    if mode not in _SIZES or len(data) < _SIZES[mode]:
        raise ValueError(f"a tick of mode {mode} and {len(data)} bytes")
    if segment not in EXCHANGES:
        return None
    name = token.split(b"\0", 1)[0].decode("ascii", errors="replace")
    price = _price(last)
    if mode != SNAP_QUOTE:
        return Tick(EXCHANGES[segment], name, price)
    (bid, bid_size), (ask, ask_size) = _best(data)
    return Tick(EXCHANGES[segment], name, price, True, bid, ask, bid_size, ask_size)


Side = tuple[Price | None, Quantity]


def _best(data: bytes) -> tuple[Side, Side]:
    """The best of both sides. The flag says 1 for buyers by the document; libraries of the venue's own have read it
    both ways, so a book that is crossed by it is turned round."""
    sides: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    for number in range(_LEVELS):
        flag, size, price, _orders = _LEVEL.unpack_from(data, _LEVELS_AT + number * _LEVEL.size)
        if price > 0 and size > 0:
            sides[flag == 1].append((price, size))
    buyers, sellers = sides[True], sides[False]
    if buyers and sellers and max(buyers)[0] > min(sellers)[0]:
        buyers, sellers = sellers, buyers
    return _side(max(buyers, default=None)), _side(min(sellers, default=None))


def _side(level: tuple[int, int] | None) -> Side:
    return (None, NO_QUANTITY) if level is None else (_price(level[0]), Quantity(Decimal(level[1])))


def _price(paise: int) -> Price | None:
    return Price(Decimal(paise).scaleb(-2)) if paise > 0 else None
