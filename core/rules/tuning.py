"""What people may set otherwise than the settings file: texts to figures and back. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from core.values.money import parse_decimal, plain
from core.values.traps import Tunables

LEVELS = {
    "long_levels": (False, Decimal(100)),
    "short_levels": (False, Decimal(1000)),
    "nuke_levels": (True, Decimal(100)),
}
"""Name -> whether 0 is one, and what all are below."""
AMOUNTS = {"stop_sum": Decimal(10) ** 15, "stop_minutes": Decimal(60 * 24 * 365), "scan_rate": Decimal(10) ** 6}
"""Name -> what it is below. All are above 0."""
NAMES = (*LEVELS, *AMOUNTS)
LEVELS_MAX = 20


def read_tunable(name: str, words: Sequence[str]) -> str | None:
    """As it is kept: plain numbers, a blank between them. None for what it cannot be."""
    found = [parse_decimal(word) for word in words]
    numbers = [number for number in found if number is not None]
    if len(numbers) < len(found) or not numbers:
        return None
    if name in LEVELS:
        zero, below = LEVELS[name]
        fits = len(numbers) <= LEVELS_MAX and all((n > 0 or (zero and n == 0)) and n < below for n in numbers)
    else:
        fits = name in AMOUNTS and len(numbers) == 1 and 0 < numbers[0] < AMOUNTS[name]
    return " ".join(map(plain, numbers)) if fits else None


def tuned(defaults: Tunables, kept: Mapping[str, str]) -> Tunables:
    """The settings' figures, those of the database in their place."""
    levels = {name: tuple(map(Decimal, kept[name].split())) for name in LEVELS if name in kept}
    amounts = {name: Decimal(kept[name]) for name in AMOUNTS if name in kept}
    return replace(defaults, **levels, **amounts)  # type: ignore[arg-type]  # names of our own fields
