"""What T-Invest lists -> instruments, and its timetable -> sessions. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

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

    def add(self, method: str, rows: Iterable[Row]) -> None:
        """Take in what a method of InstrumentsService lists; shares before futures, which name them."""
        for row in sorted(rows, key=_main_board, reverse=True):
            if row.get("apiTradeAvailableFlag") is False or not number(row.get("minPriceIncrement")):
                continue
            ticker = str(row["ticker"]).upper()
            name = ticker if ticker not in self.by_ticker else f"{ticker}_{row['classCode']}"
            listed = instrument(row, KINDS[method], name, self._positions.get(str(row.get("basicAssetPositionUid"))))
            self.by_ticker[name] = self.by_key[listed.broker_key] = listed
            self.section[listed.broker_key] = str(row.get("exchange") or "")
            if method == "Shares" and name == ticker:
                self._positions[str(row.get("positionUid"))] = ticker


def _main_board(row: Row) -> bool:
    return row.get("realExchange") in {"REAL_EXCHANGE_MOEX", "REAL_EXCHANGE_RTS"}


def instrument(row: Row, kind: InstrumentKind, ticker: str, basic_asset: str | None = None) -> Instrument:
    """basic_asset: the share a future is on, where that is known better than by the row's own text."""
    venues = _VENUES.get(str(row.get("realExchange")), _ELSEWHERE)
    exchange = "MOEX" if "MOEX" in venues else min(venues)
    lot, future = Quantity(Decimal(int(row["lot"]))), kind is InstrumentKind.FUTURE
    size = number(row.get("basicAssetSize"))
    return Instrument(
        ticker=ticker,
        exchange=exchange,
        kind=kind,
        currency=currency(row),
        lot=lot,
        tick=number(row["minPriceIncrement"]).normalize(),
        step=lot,
        point_value=_point_value(row, kind),
        name=str(row.get("name") or ""),
        venues=venues | {str(row.get("classCode") or exchange).upper()},
        shortable=bool(row.get("shortEnabledFlag")),
        calendar=_calendar(row, future=future),
        expires_at=time(row.get("expirationDate")) if future else None,
        basic_asset=(basic_asset or str(row.get("basicAsset") or "")) or None,
        basic_asset_size=Quantity(size) if size else None,
        margin_buy=number(row.get("initialMarginOnBuy")) or None,
        margin_sell=number(row.get("initialMarginOnSell")) or None,
        broker_key=str(row["uid"]),
    )


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
