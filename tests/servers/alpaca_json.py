"""How Alpaca writes things: the JSON of its documents, from the venue's rows."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from brokers.paper.orders import Row
from core.values.fills import Fill, Holding
from core.values.instrument import Instrument
from core.values.market import Quote
from core.values.money import plain
from core.values.orders import OrderState, OrderType, Side

NEW_YORK = ZoneInfo("America/New_York")
STATES = {
    OrderState.OPEN: "new",
    OrderState.PART_FILLED: "partially_filled",
    OrderState.FILLED: "filled",
    OrderState.CANCELLED: "canceled",
    OrderState.EXPIRED: "expired",
    OrderState.REJECTED: "rejected",
}


def stamp(moment: datetime) -> str:
    """Nine digits, as live hosts send."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}911Z"


def uuid(name: str) -> str:
    made = hashlib.sha256(name.encode()).hexdigest()
    return f"{made[:8]}-{made[8:12]}-4{made[13:16]}-a{made[17:20]}-{made[20:32]}"


def order_id(row: Row) -> str:
    return uuid(row.broker_id)


def kind(row: Row) -> str:
    request = row.request
    if request.type is OrderType.STOP:
        return "stop_limit" if request.price is not None else "stop"
    return "market" if request.type is OrderType.MARKET else "limit"


def order(row: Row, *, status: str = "") -> dict[str, Any]:
    """As REST and the stream tell it. status: another than the row's, as while it is on its way."""
    request, pending = row.request, status in {"pending_new", "accepted"}
    filled = Decimal(0) if pending else row.filled
    average = plain(round(row.value / row.filled, 6)) if filled else None
    return {
        "id": order_id(row),
        "client_order_id": request.id,
        "created_at": stamp(row.at),
        "updated_at": stamp(row.at),
        "submitted_at": stamp(row.at),
        "filled_at": stamp(row.at) if row.state is OrderState.FILLED and not pending else None,
        "replaced_by": None,
        "asset_id": uuid(request.ticker),
        "symbol": request.ticker,
        "asset_class": "us_equity",
        "notional": None,
        "qty": plain(request.quantity),
        "filled_qty": plain(filled),
        "filled_avg_price": average,
        "order_class": "",
        "order_type": kind(row),
        "type": kind(row),
        "side": request.side.value,
        "time_in_force": "gtc",
        "limit_price": None if request.price is None else plain(request.price),
        "stop_price": None if request.stop_price is None else plain(request.stop_price),
        "status": status or STATES[row.state],
        "extended_hours": False,
        "legs": None,
    }


def after(fill: Fill, told: dict[str, Any], so_far: Decimal, at: datetime) -> dict[str, Any]:
    """A message of the stream: the order as it was with this execution."""
    whole = so_far >= Decimal(told["qty"])
    order = {**told, "filled_qty": plain(so_far), "status": "filled" if whole else "partially_filled"}
    return {
        "event": "fill" if whole else "partial_fill",
        "execution_id": uuid(f"execution {fill.id}"),
        "price": plain(fill.price),
        "qty": plain(fill.quantity),
        "position_qty": "0",
        "timestamp": stamp(at),
        "order": order,
    }


def activity(fill: Fill, told: dict[str, Any], so_far: Decimal) -> dict[str, Any]:
    """Numbered otherwise than the stream does, and under the venue's order id alone."""
    whole = so_far >= Decimal(told["qty"])
    return {
        "id": f"{fill.at:%Y%m%d%H%M%S%f}::{uuid(f'activity {fill.id}')}",
        "activity_type": "FILL",
        "transaction_time": stamp(fill.at),
        "type": "fill" if whole else "partial_fill",
        "price": plain(fill.price),
        "qty": plain(fill.quantity),
        "side": "buy" if fill.side is Side.BUY else "sell",
        "symbol": fill.ticker,
        "leaves_qty": plain(Decimal(told["qty"]) - so_far),
        "cum_qty": plain(so_far),
        "order_id": told["id"],
        "order_status": "filled" if whole else "partially_filled",
    }


def position(holding: Holding) -> dict[str, Any]:
    return {
        "asset_id": uuid(holding.ticker),
        "symbol": holding.ticker,
        "exchange": "NASDAQ",
        "asset_class": "us_equity",
        "avg_entry_price": plain(holding.average_price or Decimal(0)),
        "qty": plain(holding.quantity),
        "side": "long" if holding.quantity > 0 else "short",
    }


def asset(listed: Instrument) -> dict[str, Any]:
    return {
        "id": uuid(listed.ticker),
        "class": "us_equity",
        "exchange": "NASDAQ",
        "symbol": listed.ticker,
        "name": listed.name,
        "status": "active",
        "tradable": True,
        "marginable": True,
        "shortable": True,
        "easy_to_borrow": True,
        "fractionable": True,
        "attributes": [],
    }


def clock(now: datetime, *, closed: bool) -> dict[str, Any]:
    """Six hours of what is so, in New York's time."""
    soon, later = now + timedelta(hours=6), now + timedelta(hours=12)
    opens, closes = (soon, later) if closed else (later, soon)
    told = {"timestamp": now, "next_open": opens, "next_close": closes}
    return {"is_open": not closed, **{name: at.astimezone(NEW_YORK).isoformat() for name, at in told.items()}}


def snapshot(quote: Quote) -> dict[str, Any]:
    last = {"t": stamp(quote.at), "x": "V", "p": float(quote.last or 0), "s": 100, "z": "C"}
    return {"latestTrade": last, "latestQuote": best(quote), "minuteBar": None, "dailyBar": None}


def best(quote: Quote) -> dict[str, Any]:
    """A side without anybody is told as 0."""
    bid, ask = (price if size else None for price, size in ((quote.bid, quote.bid_size), (quote.ask, quote.ask_size)))
    return {
        "t": stamp(quote.at),
        "bx": "V",
        "bp": float(bid or 0),
        "bs": float(quote.bid_size),
        "ax": "V",
        "ap": float(ask or 0),
        "as": float(quote.ask_size),
        "c": ["R"],
        "z": "C",
    }


def bar(moment: datetime) -> dict[str, Any]:
    return {
        "t": f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "o": 1.1,
        "h": 3.3,
        "l": 1.05,
        "c": 2.2,
        "v": 70,
        "n": 5,
    }
