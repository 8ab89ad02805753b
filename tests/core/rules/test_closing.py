"""When a trading day ends: by a set time or before each instrument's own bell, over years and zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from core.rules.closing import Closing, EndRule, closing, keeps, trading_days
from core.rules.sessions import CALENDARS, sessions

D = Decimal
MINUTE = timedelta(minutes=1)
KOLKATA = ZoneInfo("Asia/Kolkata")
INDIA = EndRule(MINUTE, KOLKATA, time(15, 29))
BY_BELL = EndRule(MINUTE, ZoneInfo("UTC"))
ZONES = {
    "MOEX-shares": "Europe/Moscow",
    "MOEX-futures": "Europe/Moscow",
    "NSE": "Asia/Kolkata",
    "NYSE": "America/New_York",
}


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def end_of(calendar: str, now: datetime, rule: EndRule = BY_BELL) -> Closing | None:
    span = timedelta(days=4)
    return closing(sessions(calendar, now - span, now + span), now, now + span, rule)


@pytest.mark.parametrize(
    ("calendar", "now", "due"),
    [
        ("MOEX-shares", "2026-06-15 12:00", "2026-06-15 23:49"),
        ("MOEX-shares", "2026-06-13 12:00", "2026-06-13 18:59"),
        ("MOEX-futures", "2024-06-13 14:02", "2024-06-13 23:49"),
        ("NSE", "2026-06-15 10:00", "2026-06-15 15:29"),
        ("NSE-with-derivatives", "2026-08-04 10:00", "2026-08-04 15:14"),
        ("NSE-derivatives", "2026-08-04 10:00", "2026-08-04 15:39"),
        ("NYSE", "2026-06-15 10:00", "2026-06-15 15:59"),
        ("NYSE", "2026-11-27 10:00", "2026-11-27 12:59"),
    ],
)
def test_ao_32_a_day_ends_before_its_own_last_continuous_minute(calendar: str, now: str, due: str) -> None:
    """Pauses within the day end nothing; half days and weekend sessions end by their own bell."""
    zone = CALENDARS[calendar].zone
    found = end_of(calendar, at(now, zone))
    assert found == Closing(at(due, zone), at(due, zone) + MINUTE)


def test_ao_32_a_set_time_is_kept_and_a_half_day_ends_sooner() -> None:
    """15:29 in Kolkata; a setting later than the bell falls back to the bell less the lead."""
    usual = end_of("NSE", at("2026-06-15 10:00", "Asia/Kolkata"), INDIA)
    assert usual is not None
    assert usual.due == at("2026-06-15 15:29", "Asia/Kolkata")
    late = EndRule(MINUTE, ZoneInfo("America/New_York"), time(15, 30))
    half = end_of("NYSE", at("2026-11-27 10:00", "America/New_York"), late)
    assert half is not None
    assert half.due == at("2026-11-27 12:59", "America/New_York")


@pytest.mark.parametrize("day", ["2026-06-13", "2026-06-14", "2026-01-26", "2026-11-10", "2025-10-21"])
def test_ao_33_no_end_without_trading(day: str) -> None:
    """Weekends and holidays of the exchange have none, at any hour."""
    for hour in (0, 9, 15, 16, 23):
        assert end_of("NSE", at(f"{day} {hour:02}:30", "Asia/Kolkata"), INDIA) is None


def test_a_market_that_never_closes_ends_only_by_a_set_time() -> None:
    """Round the clock there is no bell."""
    now = at("2026-06-13 12:00")
    assert end_of("24/7", now) is None
    by_time = end_of("24/7", now, EndRule(MINUTE, ZoneInfo("Europe/London"), time(22)))
    assert by_time is not None
    assert by_time.due == at("2026-06-13 22:00", "Europe/London")


@pytest.mark.parametrize("calendar", list(ZONES))
def test_three_years_of_days_each_end_once_whatever_the_clocks_do(calendar: str) -> None:
    """From 2025 to 2027, summer time or not: every day with sessions has one end, before its bell, in local terms."""
    zone = ZoneInfo(ZONES[calendar])
    day, last, ends = date(2025, 1, 1), date(2027, 12, 31), set()
    while day <= last:
        noon = datetime.combine(day, time(12, 30), zone).astimezone(UTC)
        held = sessions(calendar, noon - timedelta(hours=12), noon + timedelta(hours=12))
        todays = [s for s in held if s.opens_at.astimezone(zone).date() == day]
        found = end_of(calendar, noon)
        if todays:
            assert found is not None
            assert found.ends == todays[-1].closes_at
            assert found.due == found.ends - MINUTE
            ends.add(found.due)
        else:
            assert found is None or found.due < noon
        day += timedelta(days=1)
    assert len(ends) > 740


@pytest.mark.parametrize(
    "zone", ["Asia/Kolkata", "Europe/Moscow", "America/New_York", "Europe/Berlin", "Australia/Sydney"]
)
def test_a_set_time_is_local_through_summer_time(zone: str) -> None:
    """The same hour on the wall every day of three years, in five zones."""
    rule = EndRule(MINUTE, ZoneInfo(zone), time(15, 29))
    day = date(2025, 1, 1)
    while day < date(2028, 1, 1):
        now = datetime.combine(day, time(9), ZoneInfo(zone)).astimezone(UTC)
        found = end_of("24/7", now, rule)
        assert found is not None
        assert found.due.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == datetime.combine(day, time(15, 29))
        day += timedelta(days=1)


def test_days_are_parted_by_nights_alone() -> None:
    """Three sessions with clearing pauses are one day."""
    day = sessions("MOEX-shares", at("2026-06-15 00:00"), at("2026-06-16 00:00"))
    assert len(day) == 3
    assert len(trading_days(day)) == 1


@pytest.mark.parametrize(
    ("quantity", "last", "kept"),
    [
        (10, "101", True),
        (10, "100", False),
        (10, "99", False),
        (-10, "99", True),
        (-10, "100", False),
        (10, None, False),
    ],
)
def test_ao_32_winners_are_kept(quantity: int, last: str | None, *, kept: bool) -> None:
    """In profit, long or short; flat counts as not, and so does a price that nobody knows."""
    assert keeps(D(quantity), D(100), None if last is None else D(last)) is kept
