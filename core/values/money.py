"""Decimal money. Floats never come in; rounding happens here and says which way."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import NewType

Price = NewType("Price", Decimal)
"""Money of the instrument's currency (or points, for futures and bonds) for one piece."""

Quantity = NewType("Quantity", Decimal)
"""Pieces: shares, contracts, coins. Never lots; signed only where a docstring says so."""

ZERO = Decimal(0)
NO_QUANTITY = Quantity(ZERO)

# Plain decimal notation with an optional exponent, ASCII digits only. Decimal() itself also takes
# "1_000", Arabic digits, "sNaN" and 1e999999999, none of which a price may be.
_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,2})?", re.ASCII)
NUMBER_MAX = Decimal(10) ** 18
_SHORT = 18


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency; mixing currencies is a programming error."""

    amount: Decimal
    currency: str

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other).amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other).amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")
        return other


def parse_decimal(text: str) -> Decimal | None:
    """Read a plain finite number of at most 18 digits before the point; None when it is none."""
    if len(text) <= _SHORT and text.isascii() and text.replace(".", "", 1).isdigit():  # the usual: no need to judge it
        return Decimal(text)
    if _NUMBER.fullmatch(text) is None:
        return None
    value = Decimal(text)
    return value if -NUMBER_MAX < value < NUMBER_MAX else None


def plain(value: Decimal) -> str:
    """Decimal notation without exponent or trailing zeros: what people, JSON and the store see."""
    text = str(value)  # twice as fast as format, where it needs no exponent
    if "E" in text:
        text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `value`."""
    return (value / step).to_integral_value(ROUND_FLOOR) * step


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not below `value`."""
    return (value / step).to_integral_value(ROUND_CEILING) * step


def nearest_to(value: Decimal, step: Decimal) -> Decimal:
    """The multiple of `step` nearest to `value`; ties go to the even one."""
    return (value / step).to_integral_value(ROUND_HALF_EVEN) * step
