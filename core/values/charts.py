"""A picture of one trade as data: bars, the prices that matter to it, and where it was filled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.values.market import Candle
from core.values.money import Price
from core.values.notices import Line
from core.values.orders import Side


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
