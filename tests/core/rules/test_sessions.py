"""When markets trade, by table."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.rules.sessions import CALENDARS, is_open, seconds_to_open, sessions

MOSCOW = ZoneInfo("Europe/Moscow")


def moscow(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW).astimezone(UTC)


@pytest.mark.parametrize(
    ("calendar", "moment", "trading"),
    [
        ("MOEX-shares", "2024-06-13 10:00:29", False),
        ("MOEX-shares", "2024-06-13 10:00:30", True),
        ("MOEX-shares", "2024-06-13 18:39:29", True),
        ("MOEX-shares", "2024-06-13 18:39:29.000001", False),
        ("MOEX-shares", "2024-06-13 09:49:30", True),
        ("MOEX-shares", "2024-06-13 09:49:31", False),
        ("MOEX-futures", "2024-06-13 13:59:30", True),
        ("MOEX-futures", "2024-06-13 14:02:00", False),
        ("MOEX-futures", "2024-06-13 14:05:30", True),
        ("MOEX-futures", "2024-06-13 23:49:31", False),
        ("MOEX-shares", "2024-06-15 12:00:00", False),
        ("MOEX-futures", "2024-06-16 12:00:00", False),
    ],
)
def test_tm_64_tables_keep_their_distance_from_the_bell(calendar: str, moment: str, *, trading: bool) -> None:
    """Thirty seconds inside each window, both bounds included; weekends of 2024 are closed."""
    assert is_open(calendar, moscow(moment), offset_s=30) is trading


@pytest.mark.parametrize(("time", "trading"), [("10:00:00", True), ("18:39:58.999999", True), ("18:39:59", False)])
def test_the_moment_of_the_close_is_shut(time: str, *, trading: bool) -> None:
    """A session holds its opening and not its close."""
    assert is_open("MOEX-shares-main", moscow(f"2024-06-13 {time}")) is trading


def test_tm_65_a_saturday_waits_for_monday() -> None:
    """Saturday 14:00 to a first window on Monday 10:00 is 44 hours, and the offset."""
    assert seconds_to_open("MOEX-shares-main", moscow("2024-06-15 14:00"), offset_s=30) == 44 * 3600 + 30


def test_tm_65_an_open_market_opens_now() -> None:
    """Nothing to wait for while it trades."""
    assert seconds_to_open("MOEX-shares", moscow("2024-06-13 12:00"), offset_s=30) == 0


def test_tm_65_within_a_day_the_next_window_counts() -> None:
    """From the pause at noon's end to the evening, not to tomorrow."""
    assert seconds_to_open("MOEX-shares", moscow("2024-06-13 18:45"), offset_s=30) == 20 * 60 + 30


@pytest.mark.parametrize(("day", "trading"), [("2026-03-20", False), ("2026-03-23", True)])
def test_clearing_pauses_ended_with_the_unified_session(day: str, *, trading: bool) -> None:
    """Futures trade through 14:02 since 2026-03-23, and did not the Friday before."""
    assert is_open("MOEX-futures", moscow(f"{day} 14:02")) is trading


def test_holidays_have_weekend_hours_or_none() -> None:
    """4 November 2026 trades like a Saturday; New Year does not trade at all."""
    assert is_open("MOEX-shares", moscow("2026-11-04 12:00"))
    assert not is_open("MOEX-shares", moscow("2026-11-04 20:00"))
    assert not is_open("MOEX-shares", moscow("2026-01-01 12:00"))


def test_days_can_be_closed_from_outside() -> None:
    """A broker's own holiday beats the table."""
    noon = datetime(2026, 11, 18, 6, tzinfo=UTC)
    assert is_open("NSE", noon)
    assert not is_open("NSE", noon, closed={date(2026, 11, 18)})
    assert seconds_to_open("NSE", noon, closed={date(2026, 11, 18)}) == timedelta(hours=21, minutes=45).total_seconds()


def test_new_york_keeps_its_own_summer_time() -> None:
    """09:30 in New York is 13:30 UTC in July and 14:30 in December."""
    opens = [
        sessions("NYSE", day, day + timedelta(days=1))[0].opens_at.strftime("%H:%M")
        for day in (datetime(2026, 7, 15, tzinfo=UTC), datetime(2026, 12, 15, tzinfo=UTC))
    ]
    assert opens == ["13:30", "14:30"]


def test_sessions_are_whole_and_touch_the_span() -> None:
    """A span inside one session gets the whole of it; the moment of the close is outside."""
    [session] = sessions("NSE", datetime(2026, 11, 18, 5, tzinfo=UTC), datetime(2026, 11, 18, 6, tzinfo=UTC))
    assert session.length == timedelta(hours=6, minutes=15)
    assert sessions("NSE", session.closes_at, session.closes_at + timedelta(hours=1)) == ()


def test_a_market_that_never_closes_is_one_session() -> None:
    """Round the clock, also at the week's end, whatever the offset."""
    start, end = moscow("2026-11-21 03:00"), moscow("2026-11-22 03:00")
    [session] = sessions("24/7", start, end)
    assert (session.opens_at, session.closes_at) == (start, end)
    assert is_open("24/7", start, offset_s=30)


def test_unknown_calendars_are_named() -> None:
    """A typo is told with the calendars there are."""
    with pytest.raises(ValueError, match="MOEX-shares"):
        is_open("MOEX", moscow("2026-11-18 12:00"))


def test_a_calendar_that_stays_shut_says_so() -> None:
    """No opening within a month is an error, not an endless search."""
    start = moscow("2026-11-18 00:00")
    with pytest.raises(ValueError, match="does not open"):
        seconds_to_open("NSE", start, closed={(start + timedelta(days=n)).date() for n in range(-1, 40)})


def test_every_window_ends_after_it_begins() -> None:
    """The tables hold no window that crosses midnight, and no two that overlap."""
    for calendar in CALENDARS.values():
        for week in calendar.weeks:
            for windows in (week.weekdays, week.weekend):
                bounds = [bound for window in windows for bound in window]
                assert bounds == sorted(bounds)
