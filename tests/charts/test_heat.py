"""Heat maps, by their pixels."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image

from charts.heat import CELLS_MAX, paint_heat
from charts.palette import PALETTES
from core.values.charts import HeatMap, Theme
from core.values.notices import Line

ONE, TWO, THREE = Decimal(1), Decimal(2), Decimal(3)
PALETTE = PALETTES[Theme.DARK]
TITLE = {"strategy": "cycle", "ticker": "SBER", "from": "2025-12-01", "to": "2025-12-20"}
Pair = tuple[Decimal, Decimal]


def a_map(values: dict[Pair, Decimal], **fields: Any) -> HeatMap:
    title = Line("simulation.heat", TITLE)
    return HeatMap(title, "dip", "stop", (ONE, TWO), (ONE, TWO), values, **fields)


def corners(heat: HeatMap) -> list[tuple[int, ...]]:
    """Colours near the corners of the plot: upper left, upper right, lower left, lower right cells."""
    image = Image.open(io.BytesIO(paint_heat(heat, "en"))).convert("RGB")
    pixels = []
    for row in (100, 400):
        for column in (150, 650):
            pixel = image.getpixel((column, row))
            assert isinstance(pixel, tuple)
            pixels.append(tuple(map(int, pixel)))
    return pixels


def test_the_most_and_the_least_have_the_full_colours() -> None:
    """The lower left pair is (1, 1); rows grow upwards, columns to the right."""
    found = corners(a_map({(ONE, ONE): Decimal(-5), (TWO, ONE): Decimal(9), (ONE, TWO): Decimal(3)}))
    assert found[2] == PALETTE.fall
    assert found[3] == PALETTE.rise
    assert found[0] not in {PALETTE.rise, PALETTE.ground}


def test_a_cell_that_nobody_tried_is_empty() -> None:
    """The ground is seen."""
    found = corners(a_map({(ONE, ONE): ONE}))
    assert found[1] == PALETTE.ground


def test_a_map_that_nobody_could_read_is_refused() -> None:
    """Nothing in it, or more columns than can be told apart."""
    with pytest.raises(ValueError, match="has values"):
        paint_heat(a_map({}), "en")
    many = tuple(Decimal(number) for number in range(CELLS_MAX + 1))
    with pytest.raises(ValueError, match="no more than"):
        paint_heat(HeatMap(Line("simulation.heat", TITLE), "dip", "stop", many, (ONE,), {(many[0], ONE): ONE}), "en")
