"""Which figures of a strategy can be searched, where that is worth while, and all of them with others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from core.values.rule import Rule
from strategies.kinds import Figures

ALIASES: Mapping[str, str] = {"k": "dip"}
"""As behaviour's formulas have them."""
USUAL = ("dip=0.10:0.40:0.05", "stop=0.4:0.9:0.1")
"""What is searched where nobody says: dips from 0.16 to 0.3 percent and stops of 0.6 and 0.85 have been traded."""
_PART: Mapping[str, str] = {"cycle": "cycle", "recycle": "cycle", "dip": "dip"}
"""Whose figures a strategy goes by, of `Figures`."""


def figures_of(strategy: str, figures: Figures) -> Any:
    """Its own: a CycleRules or a Rule. Raises LookupError for what is no strategy."""
    return getattr(figures, _PART[strategy])


def searchable(strategy: str) -> dict[str, type]:
    """Names, and what kind of number each is: Decimal, float or int."""
    hints = get_type_hints(type(figures_of(strategy, Figures())))
    numbers = {name: _number(hint) for name, hint in hints.items()}
    return {name: number for name, number in numbers.items() if number is not None}


def _number(hint: Any) -> type | None:
    """Also of a figure that may be left out."""
    told = get_args(hint) if get_origin(hint) is UnionType else (hint,)
    return next((kind for kind in (Decimal, float, int) if kind in told), None)


def figure(strategy: str, name: str) -> str:
    """Its own name. Raises LookupError for what is none."""
    found = ALIASES.get(name, name)
    if found not in searchable(strategy):
        raise LookupError(name)
    return found


def is_rule(strategy: str) -> bool:
    """Whether it is figures alone, which simulators play on columns."""
    return isinstance(figures_of(strategy, Figures()), Rule)


def figures_with(strategy: str, values: Mapping[str, Decimal], base: Figures) -> Figures:
    """Those of `base`, but for these of one strategy. Raises ValueError for one that it cannot have."""
    known = searchable(strategy)
    if broken := [name for name, value in values.items() if known[name] is int and value % 1]:
        raise ValueError(f"{broken[0]}: must be whole seconds")
    given = {name: known[name](value) for name, value in values.items()}
    return replace(base, **{_PART[strategy]: replace(figures_of(strategy, base), **given)})
