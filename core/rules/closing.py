"""When the trading day of an instrument ends, and what is closed before it does (behaviour.md 5.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from core.values.market import Session

NIGHT = timedelta(hours=4)
"""A pause this long parts two trading days; shorter ones are clearing breaks and auctions within one."""
SCHEDULE_AHEAD = timedelta(days=7)
"""So far ahead a schedule is asked for; what lasts until then has no end."""
CLOSE_LEAD = timedelta(seconds=30)
"""A strategy's run is closed so long before trading ends."""


@dataclass(frozen=True, slots=True)
class EndRule:
    """at: a local time in `zone`; None: `lead` before the last continuous minute of each instrument."""

    lead: timedelta
    zone: ZoneInfo
    at: time | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """due: when positions are judged. ends: when it is too late to close any."""

    due: datetime
    ends: datetime


def trading_days(sessions: Sequence[Session]) -> tuple[Session, ...]:
    """Sessions, in order, joined where no night lies between them."""
    days: list[Session] = []
    for session in sessions:
        if days and session.opens_at - days[-1].closes_at < NIGHT:
            days[-1] = Session(days[-1].opens_at, max(days[-1].closes_at, session.closes_at))
        else:
            days.append(session)
    return tuple(days)


def closes_at(sessions: Sequence[Session], now: datetime, horizon: datetime) -> datetime | None:
    """When the trading day ends that `now` is in or before, clearing breaks and all; None where none does before the
    horizon. sessions: those from well before `now` up to it, in order."""
    today = next((day for day in trading_days(sessions) if day.closes_at > now), None)
    return None if today is None or today.closes_at >= horizon else today.closes_at


def closing(sessions: Sequence[Session], now: datetime, horizon: datetime, rule: EndRule) -> Closing | None:
    """The end of the trading day that `now` belongs to or follows; None where there is none.

    sessions: those from well before `now` up to `horizon`, in order; one that lasts until the horizon has no end. With
    a time `at`, a day without trading has no end, and one that ends earlier (a half day) ends by its own bell.
    """
    days = trading_days(sessions)
    if rule.at is None:
        begun = [day for day in days if day.opens_at <= now]
        if not begun or begun[-1].closes_at >= horizon:
            return None
        return Closing(begun[-1].closes_at - rule.lead, begun[-1].closes_at)
    today = now.astimezone(rule.zone).date()
    midnight = datetime.combine(today, time.min, rule.zone)
    moment = datetime.combine(today, rule.at, rule.zone)
    begun = [day for day in days if day.opens_at <= moment and day.closes_at > midnight]
    if not begun:
        return None
    ends = begun[-1].closes_at
    return Closing(moment if moment < ends else ends - rule.lead, ends)


def keeps(quantity: Decimal, entry: Decimal, last: Decimal | None) -> bool:
    """Only what is in profit is held overnight: flat, losing, or without a price that anybody knows, it is closed."""
    return last is not None and (last - entry) * quantity > 0
