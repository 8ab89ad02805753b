"""Which days a market has, and whether the bars of one are good enough to learn from (behaviour.md 4.3). Pure.

The seed asks of a day of 390 minutes 3 bars a minute over 380 of them. Half days, longer days and bars that come less
often are asked in proportion: all minutes but ten, and as many bars a minute as there can be, up to 3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

from core.rules.sessions import ALWAYS, CALENDARS, LOOK_AHEAD_DAYS, sessions
from core.values.candles import Columns, DayOnFile, Fault
from core.values.market import Candle, Session

PER_MINUTE_MAX = 3
MINUTES_SPARED = 10
GAP = timedelta(seconds=160)
GAPS_MAX = 5
_DAY = timedelta(days=1)


def zone(calendar: str) -> tzinfo:
    """In which its days are reckoned. Raises KeyError for an unknown calendar."""
    return UTC if calendar == ALWAYS else ZoneInfo(CALENDARS[calendar].zone)


def hours(calendar: str, day: date) -> tuple[Session, ...]:
    """Its continuous sessions, in order; empty where it does not trade. A market that never closes has the day."""
    midnight = datetime.combine(day, time.min, zone(calendar))
    return sessions(calendar, midnight.astimezone(UTC), (midnight + _DAY).astimezone(UTC))


def market_days(calendar: str, first: date, last: date) -> list[date]:
    """Days on which it trades, both ends included, oldest first."""
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [day for day in days if hours(calendar, day)]


def day_before(calendar: str, day: date) -> date:
    """The market day before `day`, which need not be one itself. Raises ValueError where there is none near."""
    for number in range(1, LOOK_AHEAD_DAYS):
        if hours(calendar, earlier := day - timedelta(days=number)):
            return earlier
    raise ValueError(f"{calendar} has no market day within {LOOK_AHEAD_DAYS} days before {day}")


def today(calendar: str, now: datetime) -> date:
    """By the exchange's own calendar."""
    return now.astimezone(zone(calendar)).date()


def last_ended(calendar: str, now: datetime, after: timedelta = timedelta()) -> date:
    """The newest market day that closed `after` ago or earlier."""
    day = today(calendar, now)
    windows = hours(calendar, day)
    return day if windows and windows[-1].closes_at + after <= now else day_before(calendar, day)


def next_end(calendar: str, now: datetime, after: timedelta) -> datetime:
    """When a market day will next have been over for so long, later than `now`. Raises ValueError."""
    for number in range(-1, LOOK_AHEAD_DAYS):
        windows = hours(calendar, today(calendar, now) + timedelta(days=number))
        if windows and windows[-1].closes_at + after > now:
            return windows[-1].closes_at + after
    raise ValueError(f"{calendar} does not trade within {LOOK_AHEAD_DAYS} days of {now:%Y-%m-%d}")


def tidied(
    bars: Sequence[Candle], windows: Sequence[Session], interval_s: int, before: Sequence[Candle] = ()
) -> tuple[list[Candle], frozenset[Fault]]:
    """The bars of a day in order, each moment once, without those that cannot be; and all that was wrong with them.

    windows: `hours` of the day. before: the bars of the market day before. Of two bars of one moment the later one
    told is kept.
    """
    faults: set[Fault] = set()
    inside = [bar for bar in bars if any(w.opens_at <= bar.at < w.closes_at for w in windows)]
    if len(inside) < len(bars):
        faults.add(Fault.OUTSIDE)
    if any(later.at < earlier.at for earlier, later in pairwise(inside)):
        faults.add(Fault.UNSORTED)
    by_moment = {bar.at: bar for bar in inside}
    if len(by_moment) < len(inside):
        faults.add(Fault.TWICE)
    kept = [by_moment[at] for at in sorted(by_moment)]
    wrong = {bar.at: fault for bar in kept if (fault := _wrong(bar)) is not None}
    kept = [bar for bar in kept if bar.at not in wrong]
    faults.update(wrong.values(), _lacking(kept, windows, interval_s))
    if kept and [_told(bar) for bar in kept] == [_told(bar) for bar in before]:
        faults.add(Fault.REPEATED)
    return kept, frozenset(faults)


def minutes_filled(days: Sequence[DayOnFile], bars: Columns, interval_s: int) -> dict[date, int]:
    """How many minutes of each day have enough bars. bars: those of these days, one day after the other."""
    enough, found, begin = per_minute(interval_s), dict[date, int](), 0
    for day in days:
        minutes = Counter(second // 60 for second in bars.at[begin : begin + day.bars])
        found[day.date] = sum(count >= enough for count in minutes.values())
        begin += day.bars
    return found


def minutes_of(windows: Sequence[Session]) -> int:
    """Of trading, in all sessions."""
    return int(sum(window.length.total_seconds() for window in windows) // 60)


def per_minute(interval_s: int) -> int:
    """So many bars are enough for a minute."""
    return min(PER_MINUTE_MAX, 60 // interval_s)


def _wrong(bar: Candle) -> Fault | None:
    if min(bar.open, bar.high, bar.low, bar.close, bar.volume) <= 0:
        return Fault.ZERO
    if not bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high:
        return Fault.IMPOSSIBLE
    return None


def _told(bar: Candle) -> tuple[object, ...]:
    return bar.open, bar.high, bar.low, bar.close, bar.volume


def _lacking(bars: Sequence[Candle], windows: Sequence[Session], interval_s: int) -> set[Fault]:
    """The seed's three tests, over all sessions of the day."""
    if not bars:
        return {Fault.MISSING}
    minutes, enough = minutes_of(windows), per_minute(interval_s)
    filled = Counter(int(bar.at.timestamp() // 60) for bar in bars)
    counts = [0] * max(0, minutes - len(filled)) + sorted(filled.values())
    faults = set()
    if len(bars) < enough * (minutes - MINUTES_SPARED):
        faults.add(Fault.FEW)
    if counts[minutes // 3] < enough:
        faults.add(Fault.THIN)
    if sum(_gaps(bars, window) for window in windows) > GAPS_MAX:
        faults.add(Fault.GAPS)
    return faults


def _gaps(bars: Sequence[Candle], window: Session) -> int:
    inside = [bar.at for bar in bars if window.opens_at <= bar.at < window.closes_at]
    return sum(later - earlier >= GAP for earlier, later in pairwise(inside))
