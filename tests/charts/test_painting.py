"""Pictures by their pixels: what stands where, in which colour."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from charts.painting import paint
from charts.palette import PALETTES
from core.values.charts import DAY_S, Level, LevelRole, Mark, Theme
from core.values.notices import Line
from core.values.orders import Side
from tests.charts.pictures import START, a_chart, bar, levels, painted, price, steady

DARK = PALETTES[Theme.DARK]
THEMES = list(Theme)
EMPTY = 20
"""A column near the plot's left edge that the first of a few bars does not reach."""
TRADE = levels(entry="100", stop="96", target="110")


def test_a_picture_is_as_large_as_it_was_asked_for() -> None:
    """Width and height in pixels are the chart's."""
    assert painted(a_chart(width=640, height=400)).image.size == (640, 400)


@pytest.mark.parametrize("theme", THEMES)
def test_each_level_is_a_line_of_its_colour(theme: Theme) -> None:
    """Entry, stop and target are two pixels high each, the target on top and the stop below."""
    picture, colours = painted(a_chart(bars=steady(3), levels=TRADE, theme=theme)), PALETTES[theme].levels
    entry, stop, target = (picture.rows(colours[LevelRole(role)], EMPTY) for role in ("entry", "stop", "target"))
    assert [len(rows) for rows in (entry, stop, target)] == [2, 2, 2]
    assert target[0] < entry[0] < stop[0]


def test_a_bar_a_day_is_told_without_an_hour() -> None:
    """What stands under the title is the same whenever in the day its bars begin; a shorter bar's tells the minute."""
    later = tuple(replace(each, at=each.at + timedelta(minutes=7)) for each in steady(3))
    under = (16, 38, 500, 54)

    def same(interval_s: int) -> bool:
        early, late = (painted(a_chart(bars=bars, interval_s=interval_s)).image for bars in (steady(3), later))
        return early.crop(under).tobytes() == late.crop(under).tobytes()

    assert same(DAY_S)
    assert not same(300)


def test_rows_are_in_proportion_to_prices() -> None:
    """The line of a price stands where the rule of three of two other lines puts it, to the pixel."""
    picture = painted(a_chart(bars=steady(3), levels=TRADE))
    entry, stop, target = (picture.rows(DARK.levels[LevelRole(r)], EMPTY)[0] for r in ("entry", "stop", "target"))
    a_point = (stop - target) / 14
    assert abs(entry - (target + 10 * a_point)) <= 1


def test_a_candle_reaches_from_high_to_low_and_its_body_from_open_to_close() -> None:
    """The wick's rows and the body's rows are those of its four prices, by the lines beside it."""
    bars = (bar(0, "90", "95", "105", "110"),)
    picture = painted(a_chart(bars=bars, levels=levels(target="120", stop="80")))
    target, stop = (picture.rows(DARK.levels[LevelRole(role)], EMPTY)[0] for role in ("target", "stop"))

    def row(at: int) -> float:
        return target + (120 - at) * (stop - target) / 40

    middle = round(sum(picture.columns(DARK.rise, round(row(100)))) / len(picture.columns(DARK.rise, round(row(100)))))
    wick, body = picture.rows(DARK.rise, middle), picture.rows(DARK.rise, middle - 3)
    assert abs(wick[0] - row(110)) <= 1
    assert abs(wick[-1] - row(90)) <= 1
    assert abs(body[0] - row(105)) <= 1
    assert abs(body[-1] - row(95)) <= 1


def test_candles_rise_and_fall_in_two_colours() -> None:
    """Up is one colour, down the other; equal open and close count as up."""
    assert painted(a_chart(bars=(bar(0, "9", "10", "11", "12"),))).has(DARK.rise)
    falling = painted(a_chart(bars=(bar(0, "9", "11", "10", "12"),)))
    assert falling.has(DARK.fall)
    assert not falling.has(DARK.rise)
    assert painted(a_chart(bars=(bar(0, "9", "10", "10", "12"),))).has(DARK.rise)


def test_every_candle_stands_apart_from_its_neighbours_within_the_plot() -> None:
    """40 bars are 40 bodies with ground between them, none beyond the price axis."""
    picture = painted(a_chart(levels=levels(target="120", stop="80")))
    colours = DARK.levels
    target, stop = (picture.rows(colours[LevelRole(role)], EMPTY)[0] for role in ("target", "stop"))
    columns = picture.columns(DARK.rise, round((target + stop) / 2))
    bodies = [column for column in columns if column - 1 not in columns]
    assert len(bodies) == 40
    assert columns[-1] <= max(picture.columns(colours[LevelRole.TARGET], target))


@pytest.mark.parametrize("theme", THEMES)
def test_a_theme_is_its_own_ground(theme: Theme) -> None:
    """The corners are the theme's ground: dark on dark, white on light."""
    picture = painted(a_chart(theme=theme))
    assert picture.image.getpixel((1, 1)) == PALETTES[theme].ground


def test_what_may_be_lost_and_won_is_tinted() -> None:
    """Between entry and stop the ground is reddish, between entry and the target greenish."""
    picture = painted(a_chart(bars=steady(3), levels=TRADE))
    rows = {r: picture.rows(DARK.levels[LevelRole(r)], EMPTY)[0] for r in ("entry", "stop", "target")}
    lost = picture.image.getpixel((EMPTY, rows["stop"] - 9))
    won = picture.image.getpixel((EMPTY, rows["target"] + 9))
    assert isinstance(lost, tuple)
    assert isinstance(won, tuple)
    assert lost[0] > DARK.ground[0] + 9
    assert won[1] > DARK.ground[1] + 9


def test_a_level_far_away_does_not_flatten_the_bars() -> None:
    """It has its tag at the edge and no line; the candles stay as high as without it."""
    near, far = painted(a_chart()), painted(a_chart(levels=levels(target="900")))
    colour = DARK.levels[LevelRole.TARGET]
    assert far.rows(colour, EMPTY) == []
    assert far.rows(colour, far.image.width - 12) != []
    assert _height(far.image.width, far.rows) == _height(near.image.width, near.rows)


def _height(width: int, rows: object) -> int:
    assert callable(rows)
    return max(len(rows(DARK.rise, column)) for column in range(width // 2))


def test_tags_of_equal_prices_do_not_cover_each_other() -> None:
    """Entry and breakeven at one price have a tag each, apart."""
    both = (*levels(entry="100", breakeven="100"), *levels(stop="96"))
    picture = painted(a_chart(levels=both))
    column = picture.image.width - 12
    entry, even = (picture.rows(DARK.levels[LevelRole(role)], column) for role in ("entry", "breakeven"))
    assert len(entry) > 20
    assert len(even) > 20
    assert max(entry) < min(even) or max(even) < min(entry)


def test_a_fill_is_an_arrow_at_its_bar_and_price() -> None:
    """The tip of a buy's arrow touches its price from below, in the column of the bar it happened in."""
    mark = Mark(START + timedelta(minutes=5 * 20 + 2), price("90"), Side.BUY)
    chart = a_chart(levels=levels(stop="90", target="110"), marks=(mark,))
    picture, bare = painted(chart), painted(replace(chart, marks=()))
    row = bare.rows(DARK.levels[LevelRole.STOP], EMPTY)[0]
    tip = [c for c in picture.columns(DARK.ink, row + 10) if c not in bare.columns(DARK.ink, row + 10)]
    bodies = bare.columns(DARK.rise, (row + bare.rows(DARK.levels[LevelRole.TARGET], EMPTY)[0]) // 2)
    starts = [column for column in bodies if column - 1 not in bodies]
    middle = sum(tip) / len(tip)
    assert starts[20] <= middle < starts[21]


def test_a_fill_before_the_first_bar_is_left_out() -> None:
    """There is no column for it."""
    chart = a_chart(marks=(Mark(START - timedelta(hours=1), price("100"), Side.SELL),))
    assert painted(chart).image.tobytes() == painted(replace(chart, marks=())).image.tobytes()


@pytest.mark.parametrize("words", ["Счёт Щукина: покупка", "ééé", "株式", "x" * 500, ""])
def test_any_title_can_be_written(words: str) -> None:
    """Letters that the font has not are spelt with others; what is too long is cut, within the picture."""
    picture = painted(a_chart(title=Line("chart.opened", {"ticker": words})))
    assert picture.image.crop((picture.image.width - 8, 0, picture.image.width, 60)).getcolors() == [(480, DARK.ground)]


def test_a_bar_that_never_moved_can_be_drawn() -> None:
    """One price only, one bar only: still a picture with its line."""
    flat = (bar(0, "100", "100", "100", "100"),)
    assert painted(a_chart(bars=flat, levels=levels(entry="100"))).has(DARK.levels[LevelRole.ENTRY])


@pytest.mark.parametrize("scale", ["0.00000123", "40000", "123456789"])
def test_prices_of_any_size_can_be_drawn(scale: str) -> None:
    """From fractions of a cent to nine digits: the stop's line is below the entry's."""
    unit = price(scale)
    bars = tuple(replace(b, open=unit, high=unit * 2, low=unit / 2, close=unit) for b in steady(4))  # type: ignore[arg-type] # scaled
    both = (Level(LevelRole.ENTRY, unit), Level(LevelRole.STOP, price(scale[:-1] + "1")))
    picture = painted(a_chart(bars=bars, levels=both))
    assert picture.has(DARK.levels[LevelRole.ENTRY])


def test_a_chart_without_bars_is_refused() -> None:
    """There is nothing to show."""
    with pytest.raises(ValueError, match="bars"):
        paint(a_chart(bars=()), "en")
