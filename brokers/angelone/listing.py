"""SmartAPI's list of instruments (its "scrip master") -> instruments. Pure.

Strikes and ticks come in paise, expiries as days of India, quantities everywhere in pieces.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any

from brokers.angelone.session import INDIA
from core.values.instrument import Instrument, InstrumentKind
from core.values.money import Quantity

Row = Mapping[str, Any]

CURRENCY = "INR"
PAISE = Decimal(100)
_KINDS: Mapping[str, InstrumentKind] = {
    "OPTSTK": InstrumentKind.OPTION,
    "OPTIDX": InstrumentKind.OPTION,
    "FUTSTK": InstrumentKind.FUTURE,
    "FUTIDX": InstrumentKind.FUTURE,
}
_CASH, _DERIVATIVES, INDEX = frozenset({"NSE", "BSE"}), frozenset({"NFO", "BFO"}), "AMXIDX"
_VENUES: Mapping[str, frozenset[str]] = {
    "NSE": frozenset({"NSE"}),
    "BSE": frozenset({"BSE"}),
    "NFO": frozenset({"NFO", "NSE"}),
    "BFO": frozenset({"BFO", "BSE"}),
}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_EXPIRES = time(15, 30)


@dataclass(frozen=True, slots=True)
class Name:
    """How the venue calls an instrument."""

    exchange: str
    token: str
    symbol: str

    @classmethod
    def of(cls, instrument: Instrument) -> Name:
        return cls(*instrument.broker_key.split(":", 2))


class Catalogue:
    """Everything tradable, by ticker, by exchange and token, and by exchange and symbol. `indices`: not for sale, but
    their prices say which option is near; by ticker."""

    def __init__(self) -> None:
        self.by_ticker: dict[str, Instrument] = {}
        self.by_token: dict[tuple[str, str], Instrument] = {}
        self.by_symbol: dict[tuple[str, str], Instrument] = {}
        self.indices: dict[str, Instrument] = {}

    async def fill(self, rows: AsyncIterable[Row], underlyings: Collection[str] = ()) -> None:
        """Take the list in, derivatives of the underlyings alone where some are named. A ticker of both exchanges is
        NSE's; BSE's is called TICKER_BSE."""
        second: list[Instrument] = []
        async for row in rows:
            found = read(row)
            if found is None or (underlyings and found.basic_asset and found.basic_asset not in underlyings):
                continue
            if row.get("instrumenttype") == INDEX:
                self._index(found)
            elif found.exchange == "BSE":
                second.append(found)
            else:
                self._add(found)
        for found in second:
            twice = found.ticker in self.by_ticker
            self._add(replace(found, ticker=f"{found.ticker}_BSE") if twice else found)
        self._mark_underlyings()

    def become(self, other: Catalogue) -> None:
        """List what `other` lists. What is listed no longer can still be read of, in orders and positions."""
        self.by_ticker, self.indices = other.by_ticker, other.indices
        self.by_token |= other.by_token
        self.by_symbol |= other.by_symbol

    def priced(self, ticker: str) -> Instrument | None:
        """What a price can be had of: instruments and indices."""
        bare = ticker.upper()
        return self.by_ticker.get(bare) or self.indices.get(bare)

    def with_options(self) -> dict[str, Instrument]:
        """Indices that options are on, by ticker."""
        under = {i.basic_asset for i in self.by_ticker.values() if i.kind is InstrumentKind.OPTION}
        return {ticker: index for ticker, index in self.indices.items() if ticker in under}

    def of_row(self, row: Row) -> Instrument | None:
        """What an order, trade or position is in; its token may be missing."""
        exchange, token = str(row.get("exchange") or ""), str(row.get("symboltoken") or "")
        return self.by_token.get((exchange, token)) or self.by_symbol.get((exchange, str(row.get("tradingsymbol"))))

    def _add(self, found: Instrument) -> None:
        name = Name.of(found)
        self.by_ticker[found.ticker] = found
        self.by_token[name.exchange, name.token] = self.by_symbol[name.exchange, name.symbol] = found

    def _index(self, found: Instrument) -> None:
        name = Name.of(found)
        self.indices.setdefault(found.ticker, found)
        self.by_token[name.exchange, name.token] = found

    def _mark_underlyings(self) -> None:
        """Shares that futures are traded on end their continuous trading earlier."""
        futures = (i for i in self.by_ticker.values() if i.kind is InstrumentKind.FUTURE)
        for ticker in {i.basic_asset for i in futures if i.basic_asset in self.by_ticker}:
            share = self.by_ticker[str(ticker)]
            if share.calendar == "NSE":
                self._add(replace(share, calendar="NSE-with-derivatives"))


def read(row: Row) -> Instrument | None:
    """None for what cannot be traded here: other segments, debt, and rows that cannot be read."""
    exchange, kind = str(row.get("exch_seg")), str(row.get("instrumenttype") or "")
    try:
        if exchange in _CASH and kind == INDEX:
            return _cash(row, exchange, str(row["name"]), tick=_number("5"))
        if exchange in _CASH:
            name = _share_name(row, exchange, kind)
            return _cash(row, exchange, name, _tick(row)) if name else None
        if exchange in _DERIVATIVES and kind in _KINDS:
            return _derivative(row, exchange, _KINDS[kind])
    except (KeyError, ValueError, ArithmeticError):
        return None
    return None


def _share_name(row: Row, exchange: str, kind: str) -> str:
    """NSE writes the series behind the name: EQ are shares that may be traded within the day."""
    symbol = str(row["symbol"])
    if exchange == "NSE":
        return symbol.removesuffix("-EQ") if symbol.endswith("-EQ") else ""
    return symbol if kind in {"", "EQ"} else ""


def _cash(row: Row, exchange: str, name: str, tick: Decimal) -> Instrument:
    lot = Quantity(_number(str(row.get("lotsize") or "1")))
    return Instrument(
        ticker=name.upper(),
        exchange=exchange,
        kind=InstrumentKind.SHARE,
        currency=CURRENCY,
        lot=lot,
        tick=tick,
        step=lot,
        name=str(row.get("name") or name),
        venues=_VENUES[exchange],
        calendar="NSE",
        broker_key=_key(row, exchange),
    )


def _derivative(row: Row, exchange: str, kind: InstrumentKind) -> Instrument:
    lot, symbol, option = Quantity(_number(str(row["lotsize"]))), str(row["symbol"]), kind is InstrumentKind.OPTION
    return Instrument(
        ticker=symbol.upper(),
        exchange=exchange,
        kind=kind,
        currency=CURRENCY,
        lot=lot,
        tick=_tick(row),
        step=lot,
        name=symbol,
        venues=_VENUES[exchange],
        calendar="NSE-derivatives",
        expires_at=_expiry(str(row["expiry"])),
        basic_asset=sys.intern(str(row["name"]).upper()),
        basic_asset_size=Quantity(_number("1")),
        on_security=str(row["instrumenttype"]).endswith("STK"),
        strike=_number(str(row["strike"])) / PAISE if option else None,
        call=symbol.endswith("CE") if option else None,
        broker_key=_key(row, exchange),
    )


def _key(row: Row, exchange: str) -> str:
    return f"{exchange}:{row['token']}:{row['symbol']}"


def _tick(row: Row) -> Decimal:
    """Raises ValueError for what has none."""
    tick = _number(str(row["tick_size"])) / PAISE
    if tick <= 0:
        raise ValueError("no tick")
    return tick


@cache
def _number(text: str) -> Decimal:
    """One object a number: a hundred thousand options share few lots, ticks and strikes. Raises ArithmeticError."""
    value = Decimal(text)
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


@cache
def _expiry(text: str) -> datetime:
    """`29SEP2026`: its close in India."""
    day = date(int(text[5:9]), _MONTHS.index(text[2:5].upper()) + 1, int(text[:2]))
    return datetime.combine(day, _EXPIRES, INDIA).astimezone(UTC)
