"""Pictures as data: one trade with its bars, prices and fills, and a heat map of what a search has found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from core.values.market import Candle
from core.values.money import Price
from core.values.notices import Line
from core.values.orders import Side

DAY_S = 86_400
"""The interval of a bar a day."""


class Theme(StrEnum):
    DARK = "dark"
    LIGHT = "light"


class LevelRole(StrEnum):
    """Its words are catalogue entry `chart.<role>`."""

    ENTRY = "entry"
    STOP = "stop"
    BREAKEVEN = "breakeven"
    TARGET = "target"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Level:
    """A horizontal line. number: from 1, where there are several of its role."""

    role: LevelRole
    price: Price
    number: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """One or more fills, at their average price."""

    at: datetime
    price: Price
    side: Side


@dataclass(frozen=True, slots=True)
class Chart:
    """bars: oldest first, `interval_s` seconds each; at least one when it is painted. width, height: pixels. Times are
    shown in UTC."""

    title: Line
    bars: tuple[Candle, ...] = ()
    interval_s: int = 300
    levels: tuple[Level, ...] = ()
    marks: tuple[Mark, ...] = ()
    theme: Theme = Theme.DARK
    width: int = 1000
    height: int = 560


@dataclass(frozen=True, slots=True)
class HeatMap:
    """values: by (column's value, row's value); a pair that is left out is an empty cell. columns, rows: ascending;
    their names are shown as they are."""

    title: Line
    column_name: str
    row_name: str
    columns: tuple[Decimal, ...]
    rows: tuple[Decimal, ...]
    values: Mapping[tuple[Decimal, Decimal], Decimal]
    theme: Theme = Theme.DARK
    width: int = 1000
    height: int = 560
