"""Market days, and whether the bars of one can be learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from core.rules.candles import day_before, hours, last_ended, market_days, next_end, tidied, today
from core.values.candles import HEALED, Fault
from core.values.market import Candle
from core.values.money import Price, Quantity

NEW_YORK = ZoneInfo("America/New_York")
DAY = date(2026, 6, 15)
OPENING = datetime(2026, 6, 15, 13, 30, tzinfo=UTC)
WINDOWS = hours("NYSE", DAY)
QUARTER_H = timedelta(minutes=15)


def bar(second: int, volume: int = 5, price: str = "20.10") -> Candle:
    known = Price(Decimal(price))
    return Candle(OPENING + timedelta(seconds=second), known, known, known, known, Quantity(Decimal(volume)))


def seconds(count: int, step: int = 20) -> list[Candle]:
    """Bars every `step` seconds from the opening on, prices that differ."""
    return [bar(step * number, price=f"20.{10 + number % 80}") for number in range(count)]


def faults(bars: Sequence[Candle], interval_s: int = 1) -> frozenset[Fault]:
    return tidied(bars, WINDOWS, interval_s)[1]


def test_a_full_day_is_fine() -> None:
    """Three bars a minute over 390 minutes, or over 380 of them: 1140."""
    assert faults(seconds(1170)) == frozenset()
    assert faults(seconds(1140)) == frozenset()


def test_tc_11_1139_candles_are_too_few() -> None:
    """One less than three a minute over 380 minutes."""
    assert faults(seconds(1139)) == {Fault.FEW}


@pytest.mark.parametrize("volume", [0, -1])
def test_tc_11_zero_volume_is_invalid(volume: int) -> None:
    """One such bar spoils the day; it is left out, so that no figure is made of it."""
    kept, found = tidied([*seconds(1169), bar(20 * 1169, volume)], WINDOWS, 1)
    assert found == {Fault.ZERO}
    assert len(kept) == 1169


def test_tc_11_six_gaps_of_160_s_are_invalid() -> None:
    """Five are forgiven; a second less is no gap."""
    whole = seconds(23_400 // 5, step=5)

    def with_gaps(count: int, length: int) -> list[Candle]:
        spans = [(1800 * number + 5, 1800 * number + length) for number in range(1, count + 1)]
        return [bar for bar in whole if not any(a <= (bar.at - OPENING).total_seconds() < b for a, b in spans)]

    assert faults(with_gaps(6, 160)) == {Fault.GAPS}
    assert faults(with_gaps(5, 160)) == frozenset()
    assert faults(with_gaps(6, 155)) == frozenset()


def test_tc_11_minutes_that_are_thin() -> None:
    """Bars enough for the day, but more than a third of its minutes has fewer than three."""
    crowded = [bar(60 * minute + 12 * part, price=f"2{part}.5") for minute in range(259) for part in range(5)]
    sparse = [bar(60 * minute, price="20") for minute in range(259, 390)]
    assert faults([*crowded, *sparse]) == {Fault.THIN}


def test_minute_bars_are_asked_in_proportion() -> None:
    """A bar a minute over all but ten minutes."""
    whole = seconds(390, step=60)
    assert faults(whole, 60) == frozenset()
    assert faults(whole[:380], 60) == frozenset()
    assert faults(whole[:379], 60) == {Fault.FEW}


def test_a_half_day_needs_half_a_day() -> None:
    """The day after Thanksgiving ends at 13:00: 210 minutes."""
    windows = hours("NYSE", date(2026, 11, 27))
    start = windows[0].opens_at
    whole = [replace(bar(0, price=f"20.{n % 50}"), at=start + timedelta(minutes=n)) for n in range(210)]
    assert tidied(whole[:200], windows, 60)[1] == frozenset()
    assert tidied(whole[:199], windows, 60)[1] == {Fault.FEW}


def test_unsorted_doubled_and_foreign_bars_are_put_right_and_named() -> None:
    """In order, each moment once as it was told last, none of other hours."""
    whole = seconds(390, step=60)
    foreign = replace(whole[0], at=whole[0].at - timedelta(days=1))
    corrected = replace(whole[7], volume=Quantity(Decimal(999)))
    kept, found = tidied([foreign, *reversed(whole), corrected], WINDOWS, 60)
    assert kept == [*whole[:7], corrected, *whole[8:]]
    assert found == {Fault.UNSORTED, Fault.TWICE, Fault.OUTSIDE}
    assert found <= HEALED


@pytest.mark.parametrize(
    ("high", "low", "fault"),
    [
        ("20.10", "0", Fault.ZERO),
        ("20.10", "-2", Fault.ZERO),
        ("20.09", "20.09", Fault.IMPOSSIBLE),
        ("20.11", "20.11", Fault.IMPOSSIBLE),
    ],
)
def test_bars_that_cannot_be_are_left_out_and_spoil_the_day(high: str, low: str, fault: Fault) -> None:
    """Whatever was meant, nobody knows what it should have been."""
    wrong = replace(bar(0), high=Price(Decimal(high)), low=Price(Decimal(low)))
    kept, found = tidied([wrong, *seconds(390, step=60)[1:]], WINDOWS, 60)
    assert found == {fault}
    assert len(kept) == 389


def test_no_bars_at_all_are_missing() -> None:
    """Also where a broker tells those of yesterday instead."""
    yesterday = [replace(known, at=known.at - timedelta(days=3)) for known in seconds(390, step=60)]
    assert tidied([], WINDOWS, 60) == ([], frozenset({Fault.MISSING}))
    assert tidied(yesterday, WINDOWS, 60) == ([], frozenset({Fault.MISSING, Fault.OUTSIDE}))


def test_yesterdays_bars_under_todays_date_are_seen() -> None:
    """A day that repeats the one before to the last digit is no day."""
    whole = seconds(390, step=60)
    yesterday = [replace(known, at=known.at - timedelta(days=3)) for known in whole]
    assert tidied(whole, WINDOWS, 60, yesterday)[1] == {Fault.REPEATED}
    other = [*yesterday[:-1], replace(yesterday[-1], volume=Quantity(Decimal(6)))]
    assert tidied(whole, WINDOWS, 60, other)[1] == frozenset()


def test_market_days_leave_out_weekends_and_holidays() -> None:
    """Independence Day of 2026 is kept on Friday the third."""
    found = market_days("NYSE", date(2026, 7, 1), date(2026, 7, 7))
    assert [day.day for day in found] == [1, 2, 6, 7]
    assert day_before("NYSE", date(2026, 7, 6)) == date(2026, 7, 2)


def test_a_market_that_never_closes_has_every_day() -> None:
    """From midnight to midnight UTC."""
    [window] = hours("24/7", date(2026, 7, 4))
    assert (window.opens_at, window.length) == (datetime(2026, 7, 4, tzinfo=UTC), timedelta(days=1))
    assert day_before("24/7", date(2026, 7, 5)) == date(2026, 7, 4)


def test_moscows_day_is_that_of_moscow() -> None:
    """Morning, main and evening sessions are one day, which begins before midnight in no other zone's sense."""
    windows = hours("MOEX-shares", date(2026, 6, 15))
    assert [f"{w.opens_at:%H:%M}" for w in windows] == ["04:00", "07:00", "16:05"]
    assert today("MOEX-shares", datetime(2026, 6, 14, 22, tzinfo=UTC)) == date(2026, 6, 15)


def test_tc_12_collection_is_due_15_minutes_after_the_close() -> None:
    """Of a plain day at 16:15 in New York, of a half day at 13:15."""

    def due(text: str) -> str:
        now = datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)
        return f"{next_end('NYSE', now.astimezone(UTC), QUARTER_H).astimezone(NEW_YORK):%m-%d %H:%M}"

    assert due("2026-06-15 09:00") == "06-15 16:15"
    assert due("2026-06-15 16:14") == "06-15 16:15"
    assert due("2026-06-15 16:15") == "06-16 16:15"
    assert due("2026-11-27 10:00") == "11-27 13:15"


def test_tc_12_holidays_are_passed_over() -> None:
    """From Wednesday's collection to that of the half day after Thanksgiving, and over the weekend."""
    wednesday = datetime(2026, 11, 25, 16, 15, tzinfo=NEW_YORK).astimezone(UTC)
    friday = next_end("NYSE", wednesday, QUARTER_H)
    assert friday.astimezone(NEW_YORK) == datetime(2026, 11, 27, 13, 15, tzinfo=NEW_YORK)
    assert next_end("NYSE", friday, QUARTER_H).astimezone(NEW_YORK).date() == date(2026, 11, 30)


def test_a_market_that_never_closes_is_due_after_midnight() -> None:
    """Its day ends at midnight UTC."""
    assert next_end("24/7", datetime(2026, 6, 15, 0, 5, tzinfo=UTC), QUARTER_H) == datetime(
        2026, 6, 15, 0, 15, tzinfo=UTC
    )


def test_the_day_that_ended_last() -> None:
    """Today once it is over for long enough, else the market day before."""
    close = datetime(2026, 6, 15, 20, tzinfo=UTC)
    assert last_ended("NYSE", close) == DAY
    assert last_ended("NYSE", close, QUARTER_H) == date(2026, 6, 12)
    assert last_ended("NYSE", datetime(2026, 6, 14, 20, tzinfo=UTC)) == date(2026, 6, 12)


@pytest.mark.parametrize(
    ("year", "days", "half"),
    [(2015, 252, 2), (2018, 251, 3), (2022, 251, 1), (2025, 250, 3), (2028, 251, 2)],
)
def test_tc_04_nyse_years_have_their_days(year: int, days: int, half: int) -> None:
    """As the exchange has counted them: 252 in most years, less by days of mourning; half days end at 13:00."""
    found = market_days("NYSE", date(year, 1, 1), date(year, 12, 31))
    short = [day for day in found if hours("NYSE", day)[-1].length < timedelta(hours=6)]
    assert (len(found), len(short)) == (days, half)


@pytest.mark.parametrize(
    "closed",
    ["2015-04-03", "2016-12-26", "2018-12-05", "2019-07-04", "2021-12-24", "2022-06-20", "2025-01-09", "2029-11-22"],
)
def test_tc_04_holidays_are_closed_also_those_that_moved(closed: str) -> None:
    """Good Friday, Christmas on Monday, a day of mourning, Juneteenth: in each case the day after trades at 09:30."""
    day = date.fromisoformat(closed)
    assert hours("NYSE", day) == ()
    later = market_days("NYSE", day, day + timedelta(days=5))[0]
    assert f"{hours('NYSE', later)[0].opens_at.astimezone(NEW_YORK):%H:%M}" == "09:30"


@pytest.mark.parametrize(("day", "closes"), [("2025-12-24", "13:00"), ("2026-06-15", "16:00"), ("2024-07-03", "13:00")])
def test_tc_04_open_from_0930_until_just_before_the_close(day: str, closes: str) -> None:
    """W-42: the day before Christmas is half a day, not none."""
    [window] = hours("NYSE", date.fromisoformat(day))
    assert f"{window.opens_at.astimezone(NEW_YORK):%H:%M}" == "09:30"
    assert f"{window.closes_at.astimezone(NEW_YORK):%H:%M}" == closes
    kept, found = tidied([replace(bar(0), at=window.closes_at)], [window], 60)
    assert (kept, Fault.OUTSIDE in found) == ([], True)
