"""Curves on logarithmic axes, in the colours and letters of the desk's other pictures."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from math import floor, log10

from PIL import Image, ImageDraw

from charts.lettering import font
from charts.palette import PALETTES
from core.values.charts import LevelRole, Theme

WIDTH, HEIGHT = 960, 540
LEFT, TOP, RIGHT, BOTTOM = 90, 64, 40, 62
TITLE, TEXT = 22, 15
COLOURS = (LevelRole.ENTRY, LevelRole.TARGET, LevelRole.STOP, LevelRole.BREAKEVEN)
Point = tuple[float, float]


def drawn(title: str, across: str, curves: Mapping[str, Sequence[Point]], bounds: Mapping[str, float]) -> bytes:
    """A PNG. curves: by name, at most four, points above 0. bounds: heights with a dashed line and words."""
    return _Drawing(curves, bounds).png(title, across)


class _Drawing:
    def __init__(self, curves: Mapping[str, Sequence[Point]], bounds: Mapping[str, float]) -> None:
        self._curves, self._bounds = curves, bounds
        points = [point for curve in curves.values() for point in curve]
        self._x = _decades([x for x, _ in points])
        self._y = _decades([*(y for _, y in points), *bounds.values()])
        self._palette = PALETTES[Theme.LIGHT]
        self._image = Image.new("RGB", (WIDTH, HEIGHT), self._palette.ground)
        self._draw = ImageDraw.Draw(self._image)

    def png(self, title: str, across: str) -> bytes:
        self._grid()
        for words, height in self._bounds.items():
            row = self._place((10 ** self._x[0], height))[1]
            for left in range(LEFT, WIDTH - RIGHT, 12):
                self._draw.line((left, row, left + 6, row), fill=self._palette.faint, width=2)
            self._text(WIDTH - RIGHT - 4, row - 10, words, "rm")
        for role, (name, curve) in zip(COLOURS, self._curves.items(), strict=False):
            colour = self._palette.levels[role]
            places = [self._place(point) for point in curve]
            self._draw.line(places, fill=colour, width=3, joint="curve")
            for x, y in places:
                self._draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=colour)
            number = list(self._curves).index(name)
            self._draw.rectangle((LEFT + 12, TOP + 14 + 22 * number, LEFT + 34, TOP + 18 + 22 * number), fill=colour)
            self._text(LEFT + 42, TOP + 16 + 22 * number, name, "lm")
        self._draw.text((16, 24), title, fill=self._palette.ink, font=font(TITLE), anchor="lm")
        self._text((LEFT + WIDTH - RIGHT) // 2, HEIGHT - 18, across, "mm")
        out = io.BytesIO()
        self._image.save(out, "PNG", compress_level=9)
        return out.getvalue()

    def _grid(self) -> None:
        for power in range(self._x[0], self._x[1] + 1):
            column, row = self._place((10.0**power, 10.0 ** self._y[0]))
            self._draw.line((column, TOP, column, row), fill=self._palette.grid)
            self._text(column, row + 16, f"{10.0**power:,.0f}", "mm")
        for power in range(self._y[0], self._y[1] + 1):
            column, row = self._place((10.0 ** self._x[0], 10.0**power))
            self._draw.line((column, row, WIDTH - RIGHT, row), fill=self._palette.grid)
            self._text(column - 8, row, f"{10.0**power:,g} s", "rm")

    def _place(self, point: Point) -> tuple[int, int]:
        across = (log10(point[0]) - self._x[0]) / (self._x[1] - self._x[0])
        up = (log10(point[1]) - self._y[0]) / (self._y[1] - self._y[0])
        return LEFT + round(across * (WIDTH - RIGHT - LEFT)), HEIGHT - BOTTOM - round(up * (HEIGHT - BOTTOM - TOP))

    def _text(self, x: int, y: int, text: str, anchor: str) -> None:
        self._draw.text((x, y), text, fill=self._palette.faint, font=font(TEXT), anchor=anchor)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """Powers of ten around them all."""
    low, high = floor(log10(min(values))), floor(log10(max(values) * 0.999)) + 1
    return low, max(high, low + 1)
