"""Which figures of a strategy can be searched, where that is worth while, and the strategy with others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any, get_type_hints

from strategies.cycle import CycleRules
from strategies.kinds import Kind, kinds

ALIASES: Mapping[str, str] = {"k": "dip"}
"""As behaviour's formulas have them."""
_USUAL = ("dip=0.10:0.40:0.05", "stop=0.4:0.9:0.1")
USUAL: Mapping[str, tuple[str, ...]] = {"cycle": _USUAL, "recycle": _USUAL}
"""What is searched where nobody says: dips from 0.16 to 0.3 percent and stops of 0.6 and 0.85 have been traded."""

_TYPES: Mapping[str, Any] = get_type_hints(CycleRules)
SEARCHED: tuple[str, ...] = tuple(each.name for each in fields(CycleRules) if _TYPES[each.name] in {Decimal, float})
_MONEY = frozenset({"cash_min", "cash_max"})
_DIVISORS = frozenset({"step_parts"})


def figure(name: str) -> str:
    """Its own name. Raises LookupError for what is none."""
    found = ALIASES.get(name, name)
    if found not in SEARCHED:
        raise LookupError(name)
    return found


def fault(name: str, value: Decimal) -> str:
    """Why a figure cannot have this value; empty where it can."""
    if value < 0 or (value == 0 and name in _DIVISORS):
        return "it must be above 0" if name in _DIVISORS else "it must not be negative"
    if value >= 100 and _TYPES[name] is Decimal and name not in _MONEY:
        return "it is a percentage, and must be below 100"
    return ""


def kind_with(strategy: str, figures: Mapping[str, Decimal], base: CycleRules) -> Kind:
    """The strategy with these figures, and those of `base` for the others. Raises LookupError for what is no
    strategy."""
    given: dict[str, Any] = {name: _TYPES[name](value) for name, value in figures.items()}
    return kinds(replace(base, **given))[strategy]
