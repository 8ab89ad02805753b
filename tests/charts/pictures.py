"""Charts to paint, and how to read the pixels of a picture."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from PIL import Image

from charts.painting import paint
from core.values.charts import Chart, Level, LevelRole
from core.values.market import Candle
from core.values.money import NO_QUANTITY, Price
from core.values.notices import Line

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
Pixel = tuple[int, int, int]


def price(text: str) -> Price:
    return Price(Decimal(text))


def bar(number: int, low: str, opened: str, closed: str, high: str) -> Candle:
    at = START + timedelta(minutes=5 * number)
    return Candle(at, price(opened), price(high), price(low), price(closed), NO_QUANTITY)


def steady(count: int) -> tuple[Candle, ...]:
    """Bars that all open at 99, close at 101 and reach from 98 to 102."""
    return tuple(bar(number, "98", "99", "101", "102") for number in range(count))


def levels(**prices: str) -> tuple[Level, ...]:
    return tuple(Level(LevelRole(role), price(text)) for role, text in prices.items())


def a_chart(**fields: Any) -> Chart:
    known: Mapping[str, Any] = {"title": Line("chart.under", {"minutes": "5"}), "bars": steady(40), "interval_s": 300}
    return Chart(**{**known, **fields})


@dataclass(frozen=True)
class Picture:
    image: Image.Image

    def rows(self, colour: Pixel, column: int) -> list[int]:
        """Where this colour stands in a column, from the top."""
        found = self.image.crop((column, 0, column + 1, self.image.height)).convert("RGB")
        return [row for row in range(found.height) if found.getpixel((0, row)) == colour]

    def columns(self, colour: Pixel, row: int) -> list[int]:
        found = self.image.crop((0, row, self.image.width, row + 1)).convert("RGB")
        return [column for column in range(found.width) if found.getpixel((column, 0)) == colour]

    def has(self, colour: Pixel) -> bool:
        return colour in {pixel for _, pixel in self.image.convert("RGB").getcolors(1 << 24) or ()}


def read(png: bytes) -> Picture:
    return Picture(Image.open(io.BytesIO(png)))


def painted(chart: Chart) -> Picture:
    return read(paint(chart, "en"))
