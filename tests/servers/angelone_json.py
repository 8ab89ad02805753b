"""How Angel One writes things: the JSON and the bytes of its documents, with the quirks that were seen."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from brokers.paper.orders import Row
from core.values.fills import Fill, Holding
from core.values.instrument import Instrument, InstrumentKind
from core.values.market import Quote
from core.values.money import Quantity, plain
from core.values.orders import OrderState, OrderType

INDIA = ZoneInfo("Asia/Kolkata")
SEGMENTS = {"NSE": 1, "NFO": 2, "BSE": 3, "BFO": 4}
STATES = {
    OrderState.OPEN: "open",
    OrderState.PART_FILLED: "open",
    OrderState.FILLED: "complete",
    OrderState.CANCELLED: "cancelled",
    OrderState.EXPIRED: "cancelled",
    OrderState.REJECTED: "rejected",
}
UPDATES = {"open": "AB01", "cancelled": "AB02", "rejected": "AB03", "complete": "AB05", "trigger pending": "AB10"}


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def token(instrument: Instrument) -> str:
    return str(int(digest(instrument.ticker)[:4], 16))


def exchange(instrument: Instrument) -> str:
    return "NSE" if instrument.kind is InstrumentKind.SHARE else "NFO"


def symbol(instrument: Instrument) -> str:
    return f"{instrument.ticker}-EQ" if instrument.kind is InstrumentKind.SHARE else instrument.ticker


def listed(instrument: Instrument) -> dict[str, str]:
    """A row of the scrip master: strikes and ticks in paise, as texts with six digits behind the point."""
    kind = {InstrumentKind.FUTURE: "FUTSTK", InstrumentKind.OPTION: "OPTIDX"}.get(instrument.kind, "")
    strike = instrument.strike * 100 if instrument.strike is not None else Decimal(-1)
    expiry = instrument.expires_at.astimezone(INDIA).strftime("%d%b%Y").upper() if instrument.expires_at else ""
    return {
        "token": token(instrument),
        "symbol": symbol(instrument),
        "name": instrument.basic_asset or instrument.ticker,
        "expiry": expiry,
        "strike": f"{strike:.6f}",
        "lotsize": plain(instrument.lot),
        "instrumenttype": kind,
        "exch_seg": exchange(instrument),
        "tick_size": f"{instrument.tick * 100:.6f}",
    }


def option(day: datetime, strike: int, *, call: bool) -> Instrument:
    """On NIFTY, in lots of 65."""
    lot = Quantity(Decimal(65))
    name = f"NIFTY{day.astimezone(INDIA).strftime('%d%b%y').upper()}{strike}{'CE' if call else 'PE'}"
    return Instrument(
        ticker=name,
        exchange="NFO",
        kind=InstrumentKind.OPTION,
        currency="INR",
        lot=lot,
        tick=Decimal("0.05"),
        step=lot,
        expires_at=day,
        basic_asset="NIFTY",
        strike=Decimal(strike),
        call=call,
    )


def expiry(now: datetime, weeks: int) -> datetime:
    """The close of a Tuesday to come."""
    local = now.astimezone(INDIA)
    day = local + timedelta(days=(1 - local.weekday()) % 7 + 7 * weeks)
    return day.replace(hour=15, minute=30, second=0, microsecond=0).astimezone(UTC)


INDEX = {
    "token": "99926000",
    "symbol": "Nifty 50",
    "name": "NIFTY",
    "expiry": "",
    "strike": "0.000000",
    "lotsize": "1",
    "instrumenttype": "AMXIDX",
    "exch_seg": "NSE",
    "tick_size": "0.000000",
}


def stamp(moment: datetime) -> str:
    return moment.astimezone(INDIA).strftime("%d-%b-%Y %H:%M:%S")


def status(row: Row) -> str:
    waiting = row.working is not None and row.working.waiting
    return "trigger pending" if waiting else STATES[row.state]


def unique(number: str) -> str:
    made = digest(f"unique {number}")
    return f"{made[:8]}-{made[8:12]}-4{made[13:16]}-a{made[17:20]}-{made[20:32]}"


def order(row: Row, instrument: Instrument, number: str, tag: str) -> dict[str, Any]:
    """Prices are numbers here and texts there; the book has been seen without tokens."""
    request, stop = row.request, row.request.type is OrderType.STOP
    average = row.value / row.filled if row.filled else Decimal(0)
    return {
        "variety": "STOPLOSS" if stop else "NORMAL",
        "ordertype": "STOPLOSS_LIMIT" if stop else "LIMIT",
        "producttype": "INTRADAY",
        "duration": "DAY",
        "price": float(request.price or 0),
        "triggerprice": float(request.stop_price or 0),
        "quantity": plain(request.quantity),
        "disclosedquantity": "0",
        "tradingsymbol": symbol(instrument),
        "transactiontype": request.side.name,
        "exchange": exchange(instrument),
        "symboltoken": None,
        "lotsize": plain(instrument.lot),
        "averageprice": float(average),
        "filledshares": plain(row.filled),
        "unfilledshares": plain(request.quantity - row.filled),
        "orderid": number,
        "text": row.reason,
        "status": status(row),
        "orderstatus": status(row),
        "updatetime": stamp(row.at),
        "ordertag": tag,
        "uniqueorderid": unique(number),
    }


def trade(fill: Fill, instrument: Instrument, number: str) -> dict[str, Any]:
    return {
        "exchange": exchange(instrument),
        "producttype": "INTRADAY",
        "tradingsymbol": symbol(instrument),
        "transactiontype": fill.side.name,
        "fillprice": f"{fill.price:.2f}",
        "fillsize": plain(fill.quantity),
        "orderid": number,
        "fillid": str(int(digest(fill.id)[:8], 16)),
        "filltime": fill.at.astimezone(INDIA).strftime("%H:%M:%S"),
    }


def position(holding: Holding, instrument: Instrument) -> dict[str, Any]:
    return {
        "exchange": exchange(instrument),
        "symboltoken": token(instrument),
        "tradingsymbol": symbol(instrument),
        "producttype": "INTRADAY",
        "netqty": plain(holding.quantity),
        "avgnetprice": plain(holding.average_price or Decimal(0)),
    }


def quote(told: Quote, instrument: Instrument) -> dict[str, Any]:
    def levels(price: Decimal | None, size: Decimal) -> list[dict[str, Any]]:
        first = {"price": float(price or 0), "quantity": int(size) if price else 0, "orders": 1}
        return [first, *({"price": 0, "quantity": 0, "orders": 0} for _ in range(4))]

    return {
        "exchange": exchange(instrument),
        "tradingSymbol": symbol(instrument),
        "symbolToken": token(instrument),
        "ltp": float(told.last or 0),
        "depth": {"buy": levels(told.bid, told.bid_size), "sell": levels(told.ask, told.ask_size)},
    }


def tick(told: Quote, instrument: Instrument, mode: int, number: int, buy: int = 1) -> bytes:
    return tick_of((SEGMENTS[exchange(instrument)], token(instrument)), told, mode, number, buy)


def tick_of(key: tuple[int, str], told: Quote, mode: int, number: int, buy: int = 1) -> bytes:
    """Little-endian, prices in paise; buy: the flag that says so."""

    def paise(price: Decimal | None) -> int:
        return int((price or Decimal(0)) * 100)

    at = int(told.at.timestamp() * 1000)
    head = struct.pack("<bb25sqqq", mode, key[0], key[1].encode(), number, at, paise(told.last))
    if mode == 1:
        return head
    day = struct.pack("<qqqddqqqq", 1, paise(told.last), 1000, 10.0, 10.0, *[paise(told.last)] * 4)
    if mode == 2:
        return head + day
    empty = struct.pack("<hqqh", 0, 0, 0, 0)
    best = struct.pack("<hqqh", buy, int(told.bid_size), paise(told.bid), 1) + empty * 4
    best += struct.pack("<hqqh", 1 - buy, int(told.ask_size), paise(told.ask), 1) + empty * 4
    return head + day + struct.pack("<qqd", at // 1000, 0, 0.0) + best + struct.pack("<qqqq", 0, 0, 0, 0)


def update(code: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Of the stream of order updates: numbers where the book has texts, no unique id."""
    data = {key: value for key, value in row.items() if key != "uniqueorderid"}
    return {"user-id": "A1000", "status-code": "200", "order-status": code, "error-message": "", "orderData": data}


def candles(start: datetime, count: int) -> Sequence[Sequence[Any]]:
    bars = (start.astimezone(INDIA) + timedelta(days=n) for n in range(count))
    return [[at.isoformat(), 1, 3, 1, 2.5, 70] for at in bars]
