"""What T-Invest lists -> instruments, and its timetable -> sessions. Pure."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from types import MappingProxyType

from brokers import reading
from brokers.tinvest.translate import Row, currency, number, time
from core.values.instrument import Instrument, InstrumentKind
from core.values.market import Session
from core.values.money import Quantity

KINDS: Mapping[str, InstrumentKind] = MappingProxyType(
    {
        "Shares": InstrumentKind.SHARE,
        "Etfs": InstrumentKind.ETF,
        "Bonds": InstrumentKind.BOND,
        "Currencies": InstrumentKind.CURRENCY,
        "Futures": InstrumentKind.FUTURE,
    }
)
"""Method of InstrumentsService -> what it lists; the order decides who keeps a ticker that two have."""
_VENUES = {
    "REAL_EXCHANGE_MOEX": frozenset({"MOEX", "MISX", "RUS"}),
    "REAL_EXCHANGE_RTS": frozenset({"MOEX", "FORTS", "RUS"}),
    "REAL_EXCHANGE_OTC": frozenset({"OTC"}),
    "REAL_EXCHANGE_DEALER": frozenset({"TINVEST"}),
}
_ELSEWHERE = frozenset({"TINVEST"})
_ONE = Decimal(1)
_PAUSE = re.compile("AUCTION|CLEARING|BREAK|PREMARKET|DEALER", re.IGNORECASE)


class Catalogue:
    """Everything tradable, by ticker and by the venue's uid. A ticker of two boards is the first one's; the others are
    called TICKER_BOARD, as the venue itself writes it."""

    def __init__(self) -> None:
        self.by_ticker: dict[str, Instrument] = {}
        self.by_key: dict[str, Instrument] = {}
        self.section: dict[str, str] = {}
        """uid -> name of its timetable."""
        self._positions: dict[str, str] = {}

    def become(self, other: Catalogue) -> None:
        """List what `other` lists. What is listed no longer can still be read of, in orders and positions."""
        self.by_ticker = other.by_ticker
        self.by_key |= other.by_key
        self.section |= other.section

    def add(self, kind: InstrumentKind, rows: Iterable[Listed]) -> None:
        """Take in what the venue lists of a kind; shares before futures, which name them."""
        for row in sorted(rows, key=lambda row: not row.main):
            known, ticker = row.instrument, row.instrument.ticker
            if ticker in self.by_ticker:
                known = replace(known, ticker=f"{ticker}_{row.board}")
            elif kind is InstrumentKind.SHARE:
                self._positions[row.position] = ticker
            if row.basis in self._positions:
                known = replace(known, basic_asset=self._positions[row.basis])
            self.by_ticker[known.ticker] = self.by_key[known.broker_key] = known
            self.section[known.broker_key] = row.section


@dataclass(frozen=True, slots=True)
class Listed:
    """main: on an exchange's main board. position, basis: the venue's ids of the asset, and of what a future is on."""

    instrument: Instrument
    main: bool
    board: str
    section: str
    position: str
    basis: str


def tradable(row: Row) -> bool:
    return row.get("apiTradeAvailableFlag") is not False and bool(number(row.get("minPriceIncrement")))


def listed(row: Row, kind: InstrumentKind) -> Listed:
    return Listed(
        instrument=instrument(row, kind),
        main=_main_board(row),
        board=sys.intern(str(row.get("classCode") or "")),
        section=sys.intern(str(row.get("exchange") or "")),
        position=str(row.get("positionUid") or ""),
        basis=str(row.get("basicAssetPositionUid") or "-"),
    )


def _main_board(row: Row) -> bool:
    return row.get("realExchange") in {"REAL_EXCHANGE_MOEX", "REAL_EXCHANGE_RTS"}


def instrument(row: Row, kind: InstrumentKind) -> Instrument:
    """Of any of the venue's lists."""
    venues = _venues(str(row.get("realExchange")), str(row.get("classCode") or "").upper())
    exchange = next(name for name in ("MOEX", "OTC", "TINVEST") if name in venues)
    lot, future = Quantity(reading.number(row["lot"])), kind is InstrumentKind.FUTURE
    size = number(row.get("basicAssetSize"))
    return Instrument(
        ticker=str(row["ticker"]).upper(),
        exchange=exchange,
        kind=kind,
        currency=sys.intern(currency(row)),
        lot=lot,
        tick=number(row["minPriceIncrement"]).normalize(),
        step=lot,
        point_value=_point_value(row, kind),
        name=str(row.get("name") or ""),
        venues=venues,
        shortable=bool(row.get("shortEnabledFlag")),
        calendar=_calendar(row, future=future),
        expires_at=time(row.get("expirationDate")) if future else None,
        basic_asset=str(row.get("basicAsset") or "") or None,
        basic_asset_size=Quantity(size) if size else None,
        on_security=row.get("assetType") in {None, "TYPE_SECURITY"},
        margin_buy=number(row.get("initialMarginOnBuy")) or None,
        margin_sell=number(row.get("initialMarginOnSell")) or None,
        broker_key=str(row["uid"]),
    )


@cache
def _venues(exchange: str, board: str) -> frozenset[str]:
    return _VENUES.get(exchange, _ELSEWHERE) | ({board} if board else frozenset())


def _point_value(row: Row, kind: InstrumentKind) -> Decimal:
    """Futures: money of a tick over the tick. Bonds are quoted in percent of their nominal, currencies by nominal."""
    if kind is InstrumentKind.FUTURE and (amount := number(row.get("minPriceIncrementAmount"))):
        return amount / number(row["minPriceIncrement"])
    nominal = number(row.get("nominal"))
    if kind is InstrumentKind.BOND and nominal:
        return nominal / 100
    return _ONE / nominal if kind is InstrumentKind.CURRENCY and nominal else _ONE


def _calendar(row: Row, *, future: bool) -> str:
    """The table to go by while the venue's own timetable cannot be had."""
    if future:
        return "MOEX-futures"
    return "MOEX-shares" if row.get("weekendFlag") or _main_board(row) else "MOEX-shares-main"


def sessions(days: Sequence[Row], start: datetime, end: datetime) -> list[Session]:
    """Continuous trading of TradingSchedules' days that overlaps [start, end), neighbours joined."""
    found: list[Session] = []
    for opens, closes in sorted(span for day in days if day.get("isTradingDay") for span in _spans(day)):
        if found and opens <= found[-1].closes_at:
            found[-1] = Session(found[-1].opens_at, max(closes, found[-1].closes_at))
        else:
            found.append(Session(opens, closes))
    return [session for session in found if session.opens_at < end and start < session.closes_at]


def _spans(day: Row) -> list[tuple[datetime, datetime]]:
    """`intervals` where there are any of trading, else the flat fields, whose clearing cuts the main session."""
    named = [
        (span.get("startTs"), span.get("endTs"))
        for row in day.get("intervals") or ()
        if not _PAUSE.search(str(row.get("type"))) and (span := row.get("interval") or {})
    ]
    flat = [(day.get("startTime"), day.get("endTime")), (day.get("eveningStartTime"), day.get("eveningEndTime"))]
    if day.get("clearingStartTime") and day.get("clearingEndTime"):
        flat[:1] = [(day.get("startTime"), day["clearingStartTime"]), (day["clearingEndTime"], day.get("endTime"))]
    read = [(time(opens), time(closes)) for opens, closes in named or flat]
    return [(opens, closes) for opens, closes in read if opens and closes and opens < closes]
