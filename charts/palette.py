"""Colours of both themes, as (red, green, blue)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.values.charts import LevelRole, Theme

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    """ink: the title; faint: axis labels; rise, fall: candles; on_tag: words upon a level's colour."""

    ground: Colour
    grid: Colour
    ink: Colour
    faint: Colour
    rise: Colour
    fall: Colour
    on_tag: Colour
    levels: Mapping[LevelRole, Colour]

    def tinted(self, role: LevelRole, share: float) -> Colour:
        """The ground with so much of a level's colour in it."""
        return mixed(self.ground, self.levels[role], share)


def mixed(under: Colour, over: Colour, share: float) -> Colour:
    """`under` with so much of `over` in it, 0 to 1."""
    red, green, blue = (round(low + (high - low) * share) for low, high in zip(under, over, strict=True))
    return red, green, blue


PALETTES: Mapping[Theme, Palette] = {
    Theme.DARK: Palette(
        ground=(19, 23, 34),
        grid=(38, 43, 57),
        ink=(226, 230, 240),
        faint=(138, 146, 166),
        rise=(38, 166, 154),
        fall=(239, 83, 80),
        on_tag=(255, 255, 255),
        levels={
            LevelRole.ENTRY: (41, 98, 255),
            LevelRole.STOP: (201, 42, 66),
            LevelRole.BREAKEVEN: (178, 112, 0),
            LevelRole.TARGET: (0, 132, 80),
            LevelRole.LAST: (95, 102, 122),
        },
    ),
    Theme.LIGHT: Palette(
        ground=(255, 255, 255),
        grid=(232, 235, 241),
        ink=(22, 27, 40),
        faint=(104, 112, 130),
        rise=(38, 166, 154),
        fall=(239, 83, 80),
        on_tag=(255, 255, 255),
        levels={
            LevelRole.ENTRY: (41, 98, 255),
            LevelRole.STOP: (201, 42, 66),
            LevelRole.BREAKEVEN: (178, 112, 0),
            LevelRole.TARGET: (0, 132, 80),
            LevelRole.LAST: (120, 127, 145),
        },
    ),
}
