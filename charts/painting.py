"""Draws a chart. Runs in the worker alone: nothing else of the desk may import Pillow."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC

from PIL import Image, ImageDraw

from charts.lettering import font, spelt
from charts.palette import PALETTES, Colour, Palette
from charts.scale import Scale, price_range, price_ticks, spread, time_ticks
from core.values.charts import DAY_S, Chart, Level, LevelRole
from core.values.money import plain
from core.values.orders import Side
from texts import render

TITLE, SMALL, TEXT = 24, 15, 17
EDGE, HEADER, FOOTER = 16, 64, 38
TAG, PAD = 26, 8
TICK = 46
"""Rows between two prices of the axis, at least."""
DASH = 6
_ZONE = 0.12


def paint(chart: Chart, language: str) -> bytes:
    """A PNG. Raises ValueError without bars."""
    if not chart.bars:
        raise ValueError("a chart needs bars")
    return _Painting(chart, language).png()


class _Painting:
    def __init__(self, chart: Chart, language: str) -> None:
        self._chart = chart
        self._language = language
        self._palette: Palette = PALETTES[chart.theme]
        self._image = Image.new("RGB", (chart.width, chart.height), self._palette.ground)
        self._draw = ImageDraw.Draw(self._image)
        low, high = price_range(chart)
        self._ticks = price_ticks(low, high, max(2, (chart.height - HEADER - FOOTER) // TICK))
        self._tags = [self._words(level) for level in chart.levels]
        widest = max(int(font(TEXT).getlength(text)) for text in [*self._tags, *map(str, self._ticks)])
        gutter = widest + 2 * PAD + EDGE
        self._scale = Scale(EDGE, HEADER, chart.width - gutter, chart.height - FOOTER, high, low, len(chart.bars))

    def png(self) -> bytes:
        self._zones()
        placed = self._places()
        self._prices(placed)
        self._times()
        self._candles()
        self._lines(placed)
        self._marks()
        self._header()
        out = io.BytesIO()
        self._image.save(out, "PNG", compress_level=6)
        return out.getvalue()

    def _words(self, level: Level) -> str:
        name = render(f"chart.{level.role.value}", {}, self._language)
        number = f" {level.number}" if level.number else ""
        return spelt(f"{name}{number}  {plain(level.price)}")

    def _zones(self) -> None:
        """What may be lost and won is tinted, from the entry to the stop and to the farthest target."""
        entry = next((level.price for level in self._chart.levels if level.role is LevelRole.ENTRY), None)
        if entry is None:
            return
        for role in (LevelRole.TARGET, LevelRole.STOP):
            prices = [level.price for level in self._chart.levels if level.role is role]
            if prices:
                farthest = max(prices, key=lambda price: abs(price - entry))
                self._zone(self._scale.row(entry), self._scale.row(farthest), self._palette.tinted(role, _ZONE))

    def _zone(self, one: int, other: int, colour: Colour) -> None:
        scale = self._scale
        top, bottom = max(scale.top, min(one, other)), min(scale.bottom, max(one, other))
        if top < bottom:
            self._draw.rectangle((scale.left, top, scale.right, bottom), fill=colour)

    def _places(self) -> list[int]:
        """The rows of the levels' tags."""
        scale = self._scale
        rows = [scale.row(level.price) for level in self._chart.levels]
        return spread(rows, TAG, scale.top - TAG // 2, scale.bottom + TAG // 2)

    def _prices(self, taken: Sequence[int]) -> None:
        scale = self._scale
        for price in self._ticks:
            row = scale.row(price)
            self._draw.line((scale.left, row, scale.right, row), fill=self._palette.grid)
            if all(abs(row - other) >= TAG for other in taken):
                self._text(scale.right + PAD, row, f"{price:f}", TEXT, self._palette.faint, "lm")

    def _times(self) -> None:
        scale = self._scale
        for number in time_ticks(self._chart, max(1, (scale.right - scale.left) // 90)):
            at = self._chart.bars[number].at.astimezone(UTC)
            column = scale.column(number)
            self._draw.line((column, scale.top, column, scale.bottom), fill=self._palette.grid)
            text = at.strftime("%m-%d" if (at.hour, at.minute) == (0, 0) else "%H:%M")
            inside = min(max(column, scale.left + 24), scale.right - 24)
            self._text(inside, scale.bottom + FOOTER // 2, text, TEXT, self._palette.faint, "mm")
        self._draw.line((scale.left, scale.bottom, scale.right, scale.bottom), fill=self._palette.grid)

    def _candles(self) -> None:
        scale, half = self._scale, self._scale.half
        for number, bar in enumerate(self._chart.bars):
            colour = self._palette.rise if bar.close >= bar.open else self._palette.fall
            column = scale.column(number)
            self._draw.line((column, scale.row(bar.high), column, scale.row(bar.low)), fill=colour)
            body = sorted((scale.row(bar.open), scale.row(bar.close)))
            self._draw.rectangle((column - half, body[0], column + half, body[1]), fill=colour)

    def _lines(self, placed: Sequence[int]) -> None:
        """Each level two pixels high, the upper one at its price, and its tag beside, moved where tags would touch."""
        scale = self._scale
        for level, text, middle in zip(self._chart.levels, self._tags, placed, strict=True):
            colour, row = self._palette.levels[level.role], scale.row(level.price)
            if scale.shows(level.price):
                self._line(row, colour, dashed=level.role in {LevelRole.LAST, LevelRole.BREAKEVEN})
                self._draw.line((scale.right, row, scale.right + PAD, middle), fill=colour, width=2)
            left, right = scale.right + PAD // 2, self._chart.width - PAD
            self._draw.rounded_rectangle((left, middle - TAG // 2 + 1, right, middle + TAG // 2 - 1), 4, fill=colour)
            self._text(left + PAD, middle, text, TEXT, self._palette.on_tag, "lm")

    def _line(self, row: int, colour: Colour, *, dashed: bool) -> None:
        scale = self._scale
        step = 2 * DASH if dashed else scale.right - scale.left + 1
        for left in range(scale.left, scale.right + 1, step):
            right = min(left + (DASH if dashed else step) - 1, scale.right)
            self._draw.rectangle((left, row, right, row + 1), fill=colour)

    def _marks(self) -> None:
        """An arrow at each fill: from below for what was bought, from above for what was sold."""
        scale = self._scale
        for mark in self._chart.marks:
            started = [number for number, bar in enumerate(self._chart.bars) if bar.at <= mark.at]
            if not started or not scale.shows(mark.price):
                continue
            column, row = scale.column(started[-1]), scale.row(mark.price)
            away = 14 if mark.side is Side.BUY else -14
            points = [(column, row), (column - 9, row + away), (column + 9, row + away)]
            self._draw.polygon(points, fill=self._palette.ink, outline=self._palette.ground)

    def _header(self) -> None:
        chart = self._chart
        title = render(chart.title.key, chart.title.params, self._language)
        under = render(*_under(chart), self._language)
        room = chart.width - 2 * EDGE
        self._text(EDGE, 22, _cut(spelt(title), TITLE, room), TITLE, self._palette.ink, "lm")
        self._text(EDGE, 46, _cut(spelt(under), SMALL, room), SMALL, self._palette.faint, "lm")

    def _text(self, x: int, y: int, text: str, size: int, colour: Colour, anchor: str) -> None:
        self._draw.text((x, y), text, fill=colour, font=font(size), anchor=anchor)


def _under(chart: Chart) -> tuple[str, dict[str, str]]:
    """Key and parameters of what a bar is, and up to when they go."""
    until = chart.bars[-1].at.astimezone(UTC)
    if chart.interval_s == DAY_S:
        return "chart.under_days", {"until": f"{until:%Y-%m-%d}"}
    return "chart.under", {"minutes": str(chart.interval_s // 60), "until": f"{until:%Y-%m-%d %H:%M}"}


def _cut(text: str, size: int, room: int) -> str:
    while text and font(size).getlength(text) > room:
        text = text.rstrip("…")[:-1] + "…"
    return text
