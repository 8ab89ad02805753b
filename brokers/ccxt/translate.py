"""ccxt's structures <-> core: ids, instruments, orders, executions. Pure, and the only place that knows contracts.

Numbers are text: the library is told to leave them so (`number = str`). What cannot be read raises one of UNREADABLE.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from brokers.reading import number
from core.values.fills import Fill, Holding
from core.values.ids import AccountName, BrokerOrderId, FillId, OrderId, desk_of
from core.values.instrument import Instrument, InstrumentKind
from core.values.market import Candle, Funding, Quote
from core.values.money import NO_QUANTITY, ZERO, Price, Quantity, plain
from core.values.orders import OrderRequest, OrderState, OrderTicket, OrderType, Side

Row = Mapping[str, Any]


# ids, numbers and times


def encode(order_id: OrderId) -> str:
    """32 hexadecimal digits: what every venue takes (OKX allows 32 letters and digits and nothing else)."""
    return order_id.replace("-", "")


def decode(text: object) -> OrderId | None:
    """Ours again, of whichever desk; None for an id that is nobody's of ours."""
    key = str(text or "").lower()
    if len(key) != 32 or desk_of(key) is None:
        return None
    return OrderId(f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}")


def price(value: object) -> Price | None:
    """None for what is absent or 0: venues say 0 where there is no price."""
    found = number(value)
    return Price(found) if found else None


def time(milliseconds: object) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC)


def stamp(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def pieces(amount: object, instrument: Instrument) -> Quantity:
    """Of contracts, or of coins where a contract is one."""
    return Quantity(number(amount) * instrument.lot)


def contracts(quantity: Quantity, instrument: Instrument) -> str:
    """Raises ValueError for a quantity that is no whole number of steps."""
    if quantity <= 0 or not instrument.on_step(quantity):
        raise ValueError(f"{plain(quantity)} is no multiple of {plain(instrument.step)}")
    return plain(quantity / instrument.lot)


# what is listed


def instrument(market: Row, exchange: str) -> Instrument | None:
    """None for what this desk does not trade there: options, inverse contracts, and what lacks a tick or a step."""
    if market.get("option") or market.get("inverse") or not (market.get("spot") or market.get("linear")):
        return None
    size = number(market.get("contractSize")) or Decimal(1)
    tick, step = (number(market["precision"].get(name)) for name in ("price", "amount"))
    if not tick or not step:
        return None
    spot, perpetual = bool(market.get("spot")), bool(market.get("swap"))
    kind = InstrumentKind.PERPETUAL if perpetual else InstrumentKind.FUTURE
    return Instrument(
        ticker=str(market["id"]).upper(),
        exchange=exchange,
        kind=InstrumentKind.CURRENCY if spot else kind,
        currency=str(market["quote"] if spot else market["settle"]),
        lot=Quantity(size),
        tick=tick,
        step=Quantity(step * size),
        name=str(market["symbol"]),
        venues=frozenset({exchange}),
        shortable=not spot,
        expires_at=time(market.get("expiry")),
        basic_asset=str(market["base"]),
        broker_key=str(market["symbol"]),
    )


# orders


def order_type(request: OrderRequest) -> str:
    return "limit" if request.price is not None and request.type is not OrderType.MARKET else "market"


def state(row: Row, filled: Quantity, asked: Quantity) -> OrderState:
    """The library's five words. An order that ended with a part done is cancelled: nobody rejected it."""
    status = row.get("status")
    if status == "closed":
        return OrderState.FILLED if filled >= asked else OrderState.CANCELLED
    if status in {"canceled", "expired"}:
        immediate = str(row.get("timeInForce") or "").upper() in {"IOC", "FOK"} or filled
        return OrderState.CANCELLED if status == "canceled" or immediate else OrderState.EXPIRED
    if status == "rejected":
        return OrderState.CANCELLED if filled else OrderState.REJECTED
    return OrderState.PART_FILLED if filled else OrderState.OPEN


def ticket(row: Row, instrument: Instrument, kind: OrderType, at: datetime) -> OrderTicket:
    """kind: what the venue's own words make of it. at: when the venue does not say."""
    filled, asked = pieces(row.get("filled"), instrument), pieces(row["amount"], instrument)
    return OrderTicket(
        order_id=decode(row.get("clientOrderId")),
        broker_id=BrokerOrderId(str(row["id"])),
        ticker=instrument.ticker,
        side=Side(row["side"]),
        type=kind,
        quantity=asked,
        state=state(row, filled, asked),
        at=time(row.get("timestamp")) or at,
        filled=filled,
        average_price=price(row.get("average")) if filled else None,
        price=None if kind is OrderType.MARKET or row.get("type") == "market" else price(row.get("price")),
        stop_price=price(row.get("triggerPrice")) if kind.triggered else None,
        reduce_only=row.get("reduceOnly") is True,
    )


def fill(
    row: Row, instrument: Instrument, account: AccountName, order_id: OrderId | None, broker_id: str | None = None
) -> Fill:
    """broker_id: of the order that it counts for, where the venue made another of it."""
    side = Side(row["side"])
    at = time(row["timestamp"])
    if at is None:
        raise ValueError("an execution without a time")
    return Fill(
        id=FillId(f"{instrument.ticker}-{row['id']}-{side.value}"),
        account=account,
        ticker=instrument.ticker,
        side=side,
        quantity=pieces(row["amount"], instrument),
        price=Price(number(row["price"])),
        fee=fee(row, instrument),
        at=at,
        order_id=order_id,
        broker_id=BrokerOrderId(broker_id or str(row["order"])),
    )


def fee(row: Row, instrument: Instrument) -> Decimal:
    """In the instrument's currency; one taken in the coin itself is worth its price; in a third coin it is unknown."""
    charged = row.get("fee") or {}
    cost = number(charged.get("cost"))
    if charged.get("currency") == instrument.currency:
        return cost
    return cost * number(row["price"]) if charged.get("currency") == instrument.basic_asset else ZERO


# what is owned, and prices


def holding(row: Row, instrument: Instrument) -> Holding:
    held = pieces(row.get("contracts"), instrument)
    signed = Quantity(-held if row.get("side") == "short" else held)
    return Holding(instrument.ticker, signed, price(row.get("entryPrice")))


def quote(row: Row, ticker: str, before: Quote | None, at: datetime, lot: Decimal) -> Quote:
    """A ticker of the library over what was known before: venues tell book and trades in messages of their own."""
    old = before or Quote(ticker, at, None, None)
    told = row.get("bid") is not None or row.get("ask") is not None
    sizes = (Quantity(number(row.get(f"{side}Volume")) * lot) for side in ("bid", "ask"))
    bid_size, ask_size = sizes if told else (old.bid_size, old.ask_size)
    bid, ask = (price(row.get("bid")), price(row.get("ask"))) if told else (old.bid, old.ask)
    return Quote(
        ticker,
        at,
        bid,
        ask,
        bid_size if bid else NO_QUANTITY,
        ask_size if ask else NO_QUANTITY,
        price(row.get("last")) or old.last,
        old.trading,
    )


def candle(row: list[Any], instrument: Instrument) -> Candle:
    """Milliseconds, open, high, low, close, volume."""
    at = time(row[0])
    if at is None:
        raise ValueError("a bar without a time")
    first, high, low, last = (Price(number(value)) for value in row[1:5])
    return Candle(at, first, high, low, last, pieces(row[5], instrument))


def funding(row: Row, instrument: Instrument) -> Funding | None:
    """Every eight hours where the venue does not say; None for what is not told in full."""
    index, mark = price(row.get("indexPrice")), price(row.get("markPrice"))
    if index is None or mark is None or row.get("fundingRate") is None:
        return None
    hours = number(str(row.get("interval") or "8h").removesuffix("h"))
    return Funding(instrument.ticker, number(row["fundingRate"]), hours, index, mark)
