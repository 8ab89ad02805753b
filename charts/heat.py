"""Draws a heat map. Like `charts.painting`, imported only where a picture is asked for."""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal

from PIL import Image, ImageDraw

from charts.lettering import font, spelt
from charts.palette import PALETTES, Colour, mixed
from core.values.charts import HeatMap
from core.values.money import plain
from texts import render

TITLE, TEXT = 24, 15
EDGE, HEADER, FOOTER = 16, 64, 60
CELLS_MAX = 60
"""Rows or columns; more would be thinner than their outlines."""
FAINTEST = Decimal("0.15")
"""Of its colour, that the smallest gain or loss has: the sign can always be seen."""


def paint_heat(heat: HeatMap, language: str) -> bytes:
    """A PNG: gains in the rising colour, losses in the falling one, the stronger the more; the best cell in a frame,
    cells that nobody tried left empty. Raises ValueError without values, or for more rows or columns than can be told
    apart."""
    if not heat.values or max(len(heat.columns), len(heat.rows)) > CELLS_MAX:
        raise ValueError(f"a heat map has values, and no more than {CELLS_MAX} rows and columns")
    return _Painting(heat, language).png()


class _Painting:
    def __init__(self, heat: HeatMap, language: str) -> None:
        self._heat, self._language = heat, language
        self._palette = PALETTES[heat.theme]
        self._image = Image.new("RGB", (heat.width, heat.height), self._palette.ground)
        self._draw = ImageDraw.Draw(self._image)
        widest = max(int(font(TEXT).getlength(plain(value))) for value in heat.rows)
        self._left, self._top = EDGE + widest + EDGE, HEADER
        self._right, self._bottom = heat.width - EDGE, heat.height - FOOTER

    def png(self) -> bytes:
        for pair, value in self._heat.values.items():
            self._cell(pair, value)
        best = max(self._heat.values, key=lambda pair: self._heat.values[pair])
        self._draw.rectangle(self._box(best), outline=self._palette.ink, width=3)
        self._axes()
        title = render(self._heat.title.key, self._heat.title.params, self._language)
        self._text(EDGE, 22, title, TITLE, self._palette.ink, "lm")
        self._text(EDGE, 48, f"{self._heat.row_name}", TEXT, self._palette.faint, "lm")
        out = io.BytesIO()
        self._image.save(out, "PNG", compress_level=6)
        return out.getvalue()

    def _cell(self, pair: tuple[Decimal, Decimal], value: Decimal) -> None:
        left, top, right, bottom = box = self._box(pair)
        self._draw.rectangle(box, fill=self._colour(value))
        words = plain(round(value, 0)) if abs(value) >= 100 else plain(round(value, 2))
        if font(TEXT).getlength(words) < right - left - 4 and bottom - top > TEXT:
            self._text((left + right) // 2, (top + bottom) // 2, words, TEXT, self._palette.ink, "mm")

    def _colour(self, value: Decimal) -> Colour:
        alike = [abs(each) for each in self._heat.values.values() if (each > 0) == (value > 0)]
        least, most = min(alike), max(alike)
        share = (abs(value) - least) / (most - least) if most > least else Decimal(1)
        over = self._palette.rise if value > 0 else self._palette.fall
        return mixed(self._palette.ground, over, float(FAINTEST + (1 - FAINTEST) * share) if value else 0.0)

    def _box(self, pair: tuple[Decimal, Decimal]) -> tuple[int, int, int, int]:
        """The smallest row value stands at the bottom, as on any chart."""
        columns, rows = self._heat.columns, self._heat.rows
        column, row = columns.index(pair[0]), len(rows) - 1 - rows.index(pair[1])
        left, right = _part(self._left, self._right, column, len(columns))
        top, bottom = _part(self._top, self._bottom, row, len(rows))
        return left, top, right, bottom

    def _axes(self) -> None:
        faint = self._palette.faint
        for value in _some(self._heat.columns, max(1, (self._right - self._left) // 60)):
            left, _, right, _ = self._box((value, self._heat.rows[0]))
            self._text((left + right) // 2, self._bottom + 16, plain(value), TEXT, faint, "mm")
        for value in _some(self._heat.rows, max(1, (self._bottom - self._top) // 24)):
            _, top, _, bottom = self._box((self._heat.columns[0], value))
            self._text(self._left - EDGE // 2, (top + bottom) // 2, plain(value), TEXT, faint, "rm")
        middle = (self._left + self._right) // 2
        self._text(middle, self._bottom + 42, self._heat.column_name, TEXT, faint, "mm")

    def _text(self, x: int, y: int, text: str, size: int, colour: Colour, anchor: str) -> None:
        self._draw.text((x, y), spelt(text), fill=colour, font=font(size), anchor=anchor)


def _part(first: int, last: int, number: int, of: int) -> tuple[int, int]:
    """The edges of one of equal parts, with a row of ground between two."""
    size = (last - first) / of
    return round(first + number * size), round(first + (number + 1) * size) - 2


def _some(values: Sequence[Decimal], most: int) -> Sequence[Decimal]:
    """Every so manieth value, so that labels do not touch."""
    return values[:: -(-len(values) // most)]
