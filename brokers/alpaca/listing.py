"""What Alpaca lists -> instruments, its calendar -> sessions, its prices -> quotes and bars. Pure."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from brokers.alpaca.translate import Row, price, time
from brokers.reading import number
from core.values.instrument import Instrument, InstrumentKind
from core.values.market import Candle, Quote, Session
from core.values.money import Price, Quantity
from kit.jsons import loads

NEW_YORK = ZoneInfo("America/New_York")
CURRENCY = "USD"
TICK = Decimal("0.01")
"""Below a dollar the venue would take four digits; whole cents it takes at any price."""
_ONE = Quantity(Decimal(1))
_PART = Quantity(Decimal("0.000001"))
_EVERYWHERE = frozenset({"ALPACA", "BATS"})
"""A chart without paid data shows Cboe's prices of any US share and names that exchange; a symbol is listed once."""
_ALSO = {"ARCA": {"NYSEARCA", "AMEX"}, "AMEX": {"NYSEAMERICAN"}, "BATS": {"CBOE"}}
"""A chart calls Arca's funds AMEX."""


def instruments(text: bytes, *, shorts: bool, fractional: bool) -> list[Instrument]:
    """Of GET /v2/assets: some 12,000 rows, each made an instrument as it is read, for a small machine's sake.

    Raises ValueError for what is no list.
    """

    def each(row: dict[str, object]) -> Instrument | None:
        wanted = row.get("tradable") and row.get("status") == "active" and row.get("class") == "us_equity"
        return instrument(row, shorts=shorts, fractional=fractional) if wanted else None

    rows = loads(text, object_hook=each)
    if not isinstance(rows, list):
        raise ValueError("the assets are no list")  # noqa: TRY004 - as what cannot be read is told
    return [row for row in rows if row is not None]


def instrument(row: Row, *, shorts: bool, fractional: bool) -> Instrument:
    """shorts: the account may; what is hard to borrow cannot be sold short here. fractional: parts may be traded."""
    exchange = str(row.get("exchange") or "ALPACA").upper()
    step = _PART if fractional and row.get("fractionable") else _ONE
    return Instrument(
        ticker=str(row["symbol"]).upper(),
        exchange=sys.intern(exchange),
        kind=InstrumentKind.SHARE,
        currency=CURRENCY,
        lot=_ONE,
        tick=TICK,
        step=step,
        name=str(row.get("name") or ""),
        venues=_venues(exchange),
        shortable=shorts and bool(row.get("shortable")) and bool(row.get("easy_to_borrow")),
        calendar="NYSE",
        broker_key=str(row["symbol"]),
    )


@cache
def _venues(exchange: str) -> frozenset[str]:
    names = {exchange, *_ALSO.get(exchange, ())}
    return frozenset(names | {f"{name}_DLY" for name in names} | _EVERYWHERE)


# when


@dataclass(frozen=True, slots=True)
class Hours:
    """One answer of GET /v2/clock."""

    asked_at: datetime
    open: bool
    opens_at: datetime
    closes_at: datetime

    def at(self, moment: datetime) -> bool:
        """Whether the regular session is on, as far as this tells."""
        return moment < self.closes_at if self.open else self.opens_at <= moment < self.closes_at


def hours(row: Row, at: datetime) -> Hours:
    opens, closes = time(row["next_open"]), time(row["next_close"])
    if opens is None or closes is None:
        raise ValueError("a clock without times")
    return Hours(at, bool(row["is_open"]), opens, closes)


def session(row: Row, *, extended: bool) -> Session:
    """A day of GET /v2/calendar, in New York's time: `09:30` for the regular session, `0400` for the whole day."""
    opens, closes = ("session_open", "session_close") if extended else ("open", "close")
    day = date.fromisoformat(row["date"])
    return Session(_at(day, str(row[opens])), _at(day, str(row[closes])))


def _at(day: date, text: str) -> datetime:
    clock = datetime.strptime(text.replace(":", ""), "%H%M").time()  # noqa: DTZ007 - New York's, put in below
    return datetime.combine(day, clock, NEW_YORK).astimezone(UTC)


# prices


def best(row: Row) -> tuple[Price | None, Quantity, Price | None, Quantity]:
    """Bid, its size, ask, its size. A side without anybody is told as 0.

    Whether sizes are shares or hundreds of them has changed and depends on the tape: they are taken as shares, so that
    nobody counts on more than is there.
    """
    bid, ask = price(row.get("bp")), price(row.get("ap"))
    return (
        bid,
        Quantity(number(row.get("bs")) if bid else Decimal(0)),
        ask,
        Quantity(number(row.get("as")) if ask else Decimal(0)),
    )


def snapshot(ticker: str, row: Row, at: datetime, *, trading: bool) -> Quote:
    """at: when it came, since it is true then however long nothing has changed."""
    bid, bid_size, ask, ask_size = best(row.get("latestQuote") or {})
    last = price((row.get("latestTrade") or {}).get("p"))
    return Quote(ticker, at, bid, ask, bid_size, ask_size, last, trading)


def bar(row: Row) -> Candle:
    at = time(row["t"])
    if at is None:
        raise ValueError("a bar without a time")
    first, high, low, last = (Price(number(row[name])) for name in "ohlc")
    return Candle(at, first, high, low, last, Quantity(number(row.get("v"))))


def timeframe(interval_s: int) -> str | None:
    """How the venue calls bars of so many seconds; None where it makes none."""
    minutes, rest = divmod(interval_s, 60)
    if rest or minutes <= 0:
        return None
    if minutes < 60:
        return f"{minutes}Min"
    if minutes % 60 == 0 and minutes < 1440:
        return f"{minutes // 60}Hour"
    return {1440: "1Day", 10080: "1Week"}.get(minutes)


HALTED = frozenset({"H", "P", "Q", "2"})
RESUMED = frozenset({"T", "3"})
"""Status codes of the two tapes (UTP by letters, CTA by digits)."""


def halted(row: Row) -> bool | None:
    """What a status message says; None where it says something else."""
    code = str(row.get("sc"))
    return True if code in HALTED else False if code in RESUMED else None


def days(rows: Sequence[Row], start: datetime, end: datetime, *, extended: bool) -> list[Session]:
    """Sessions that overlap [start, end), in order."""
    found = sorted((session(row, extended=extended) for row in rows), key=lambda one: one.opens_at)
    return [one for one in found if one.opens_at < end and start < one.closes_at]
