"""When markets trade: weekly tables by calendar name, dated, as data. Pure; a broker's own schedule overrides them.

Windows are continuous trading only, auctions left out, in the exchange's own time. Sources: MOEX trading hours and the
unified session of 2026-03-23 (no clearing pauses), NSE market timings and holiday circulars of 2024 to 2026, NYSE core
session (its days: nyse.py); the table before 2025 is the one older desks traded by.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.rules import nyse
from core.values.market import Session

ALWAYS = "24/7"
LOOK_AHEAD_DAYS = 30

Windows = tuple[tuple[time, time], ...]


@dataclass(frozen=True, slots=True)
class Week:
    """Windows in force from `since` on: Monday to Friday, and on Saturday and Sunday."""

    since: date
    weekdays: Windows
    weekend: Windows = ()


@dataclass(frozen=True, slots=True)
class Calendar:
    """weeks: oldest first. closed: no trading. as_weekend: holidays with the hours of a weekend day. half_days: those
    that end early, at `half_day_ends`."""

    zone: str
    weeks: tuple[Week, ...]
    closed: frozenset[date] = frozenset()
    as_weekend: frozenset[date] = frozenset()
    half_days: frozenset[date] = frozenset()
    half_day_ends: time = time.max


def _at(*spans: str) -> Windows:
    """`"09:15-15:30"` -> its two times."""
    pairs = (span.split("-") for span in spans)
    return tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in pairs)


def _days(year: int, *days: str) -> frozenset[date]:
    """`"02-23"` -> that day of the year."""
    return frozenset(date.fromisoformat(f"{year}-{day}") for day in days)


_MOEX_CLOSED = _days(2026, "01-01", "01-02", "01-07", "03-08", "05-09", "12-31")
_MOEX_AS_WEEKEND = _days(2026, "02-23", "05-01", "06-12", "11-04")
_NSE_CLOSED = (
    _days(2024, "01-22", "01-26", "03-08", "03-25", "03-29", "04-11", "04-17", "05-01", "05-20", "06-17", "07-17")
    | _days(2024, "08-15", "10-02", "11-01", "11-15", "11-20", "12-25")
    | _days(2025, "02-26", "03-14", "03-31", "04-10", "04-14", "04-18", "05-01", "08-15", "08-27", "10-02", "10-21")
    | _days(2025, "10-22", "11-05", "12-25")
    | _days(2026, "01-15", "01-26", "03-03", "03-26", "03-31", "04-03", "04-14", "05-01", "05-28", "06-26", "09-14")
    | _days(2026, "10-02", "10-20", "11-10", "11-24", "12-25")
)


def _years(table: Mapping[int, str]) -> frozenset[date]:
    """Month and day, by year -> days."""
    return frozenset().union(*(_days(year, *days.split()) for year, days in table.items()))


_FIRST = date.min


def _moex(*weeks: Week) -> Calendar:
    return Calendar("Europe/Moscow", weeks, _MOEX_CLOSED, _MOEX_AS_WEEKEND)


CALENDARS = {
    "MOEX-shares": _moex(
        Week(_FIRST, _at("09:00-09:50", "10:00-18:39:59", "19:05-23:50")),
        Week(date(2025, 1, 27), _at("07:00-09:50", "10:00-18:40", "19:05-23:50")),
        Week(date(2025, 8, 16), _at("07:00-09:50", "10:00-18:40", "19:05-23:50"), _at("09:50-19:00")),
        Week(date(2026, 3, 23), _at("07:00-09:50", "10:00-18:55", "19:05-23:50"), _at("09:50-19:00")),
    ),
    # Shares without the morning, evening and weekend flags: the main session alone.
    "MOEX-shares-main": _moex(Week(_FIRST, _at("10:00-18:39:59")), Week(date(2026, 3, 23), _at("10:00-18:55"))),
    "MOEX-futures": _moex(
        Week(_FIRST, _at("09:00-14:00", "14:05-18:50", "19:05-23:50")),
        Week(date(2025, 8, 16), _at("09:00-14:00", "14:05-18:50", "19:05-23:50"), _at("10:00-19:00")),
        Week(date(2026, 3, 23), _at("09:00-23:50"), _at("10:00-19:00")),
    ),
    "NSE": Calendar("Asia/Kolkata", (Week(_FIRST, _at("09:15-15:30")),), _NSE_CLOSED),
    # Names with derivatives end their continuous trading earlier since a closing auction follows it.
    "NSE-with-derivatives": Calendar(
        "Asia/Kolkata",
        (Week(_FIRST, _at("09:15-15:30")), Week(date(2026, 8, 3), _at("09:15-15:15"))),
        _NSE_CLOSED,
    ),
    "NSE-derivatives": Calendar(
        "Asia/Kolkata",
        (Week(_FIRST, _at("09:15-15:30")), Week(date(2026, 8, 3), _at("09:15-15:40"))),
        _NSE_CLOSED,
    ),
    "NYSE": Calendar(
        "America/New_York",
        (Week(_FIRST, _at("09:30-16:00")),),
        _years(nyse.CLOSED),
        half_days=_years(nyse.HALF_DAYS),
        half_day_ends=time(13),
    ),
}


def sessions(calendar: str, start: datetime, end: datetime, closed: Collection[date] = ()) -> tuple[Session, ...]:
    """Whole sessions, in UTC and in order, that overlap [start, end). A market that never closes has one: that span.

    closed: more days without trading, in the exchange's own dates. Raises ValueError for an unknown calendar.
    """
    if calendar == ALWAYS:
        return (Session(start, end),) if start < end else ()
    zone = ZoneInfo(_calendar(calendar).zone)
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    found: list[Session] = []
    while day <= last:
        if day not in closed:
            found += (s for s in _sessions_of(calendar, day) if s.opens_at < end and start < s.closes_at)
        day += timedelta(days=1)
    return tuple(found)


def is_open(calendar: str, moment: datetime, offset_s: float = 0, closed: Collection[date] = ()) -> bool:
    """Whether it trades at `moment`: open <= moment < close. offset_s: distance kept from both bells, inclusive."""
    if calendar == ALWAYS:
        return True
    blink, offset = timedelta(microseconds=1), timedelta(seconds=offset_s)
    near = sessions(calendar, moment, moment + blink, closed)
    return any(s.opens_at + offset <= moment <= s.closes_at - offset for s in near)


def in_the_morning(calendar: str, moment: datetime) -> bool:
    """Whether it is before the main session of a market that trades both: what some people leave alone."""
    main = CALENDARS.get(f"{calendar}-main")
    if main is None:
        return False
    opens, _ = main.weeks[-1].weekdays[0]
    return moment.astimezone(ZoneInfo(main.zone)).time() < opens


def seconds_to_open(calendar: str, moment: datetime, offset_s: float = 0, closed: Collection[date] = ()) -> float:
    """0 while it trades, else seconds to the next opening (`offset_s` later than the table's).

    Raises ValueError where there is none within LOOK_AHEAD_DAYS.
    """
    if is_open(calendar, moment, offset_s, closed):
        return 0.0
    offset = timedelta(seconds=offset_s)
    for session in _ahead(calendar, moment, closed):
        if session.opens_at + offset > moment and session.length >= 2 * offset:
            return (session.opens_at + offset - moment).total_seconds()
    raise ValueError(f"{calendar} does not open within {LOOK_AHEAD_DAYS} days of {moment:%Y-%m-%d}")


def _ahead(calendar: str, moment: datetime, closed: Collection[date]) -> Sequence[Session]:
    return sessions(calendar, moment, moment + timedelta(days=LOOK_AHEAD_DAYS), closed)


def _calendar(name: str) -> Calendar:
    if name not in CALENDARS:
        raise ValueError(f"unknown calendar {name!r}: {ALWAYS}, {', '.join(CALENDARS)}")
    return CALENDARS[name]


@lru_cache(maxsize=512)
def _sessions_of(name: str, day: date) -> tuple[Session, ...]:
    calendar = _calendar(name)
    if day in calendar.closed:
        return ()
    zone = ZoneInfo(calendar.zone)
    week = [week for week in calendar.weeks if week.since <= day][-1]
    windows = week.weekend if day.weekday() >= 5 or day in calendar.as_weekend else week.weekdays
    ends = calendar.half_day_ends if day in calendar.half_days else time.max
    windows = tuple((opens, min(closes, ends)) for opens, closes in windows if opens < ends)
    return tuple(
        Session(
            datetime.combine(day, opens, zone).astimezone(UTC),
            datetime.combine(day, closes, zone).astimezone(UTC),
        )
        for opens, closes in windows
    )
