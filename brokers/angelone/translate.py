"""SmartAPI's JSON <-> core: tags, times, orders and their executions. Pure.

What cannot be read raises one of UNREADABLE. Field by field: the venue's page on orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from brokers.angelone.listing import Name
from brokers.angelone.session import INDIA
from brokers.reading import number
from core.rules.marketable import THROUGH_PERCENT
from core.values.errors import Rejected
from core.values.fills import Fill
from core.values.ids import AccountName, BrokerOrderId, FillId, OrderId, desk_of
from core.values.instrument import Instrument, InstrumentKind
from core.values.money import ZERO, Price, Quantity, plain
from core.values.orders import Order, OrderRequest, OrderState, OrderTicket, OrderType, Side

Row = Mapping[str, Any]

TRIGGER_PENDING = "trigger pending"
AHEAD = timedelta(minutes=5)
"""How far the venue's clock may be ahead of ours."""
_ENDS = {
    "complete": OrderState.FILLED,
    "rejected": OrderState.REJECTED,
    "cancelled": OrderState.CANCELLED,
    "cancelled after market order": OrderState.CANCELLED,
    "expired": OrderState.EXPIRED,
    "lapsed": OrderState.EXPIRED,
}
_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}


# tags

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_MARK, _CHARACTERS, _BITS = "O", 18, 90
_KEPT = 122 - _BITS
"""Bits of an id's 122 that do not fit: the last of its digest."""


def tag_of(order_id: OrderId) -> str:
    """What goes out as `ordertag`: 19 characters, since fewer than 20 are allowed; the mark, and in base 32 the desk's
    id and 58 bits of the digest. A day's orders share one with a chance of some 10^-10."""
    digits = order_id.replace("-", "")
    free = int(digits[:12] + digits[13:16], 16) << 62 | int(digits[16:], 16) & (1 << 62) - 1
    value = free >> _KEPT
    return _MARK + "".join(_DIGITS[value >> shift & 31] for shift in range(_BITS - 5, -1, -5))


def id_like(tag: str) -> OrderId | None:
    """An id of the desk that gave a tag, of whose digest the tag knows but the beginning; None for others' tags."""
    if len(tag) != _CHARACTERS + 1 or not tag.startswith(_MARK) or set(tag) - set(_DIGITS):
        return None
    value = 0
    for character in tag[1:]:
        value = value << 5 | _DIGITS.index(character)
    free = value << _KEPT
    head, tail = f"{free >> 62:015x}", 1 << 63 | free & (1 << 62) - 1
    text = f"{head[:12]}8{head[12:]}{tail:016x}"
    made = OrderId("-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:])))
    return made if desk_of(made) is not None else None


# orders out


def order_body(request: OrderRequest, instrument: Instrument, *, delivery: bool) -> dict[str, str]:
    """placeOrder. Everything rests for the day, the longest there is; at market and immediate orders are forbidden to
    programs, so a stop becomes a limit well through its level, and a take-profit the limit that it is.

    Raises Rejected for what the venue does not take.
    """
    name, stop = Name.of(instrument), request.type is OrderType.STOP
    body = {
        "variety": variety(request),
        "tradingsymbol": name.symbol,
        "symboltoken": name.token,
        "transactiontype": request.side.name,
        "exchange": name.exchange,
        "ordertype": "STOPLOSS_LIMIT" if stop else "LIMIT",
        "producttype": product(instrument, delivery=delivery),
        "duration": "DAY",
        "price": plain(_price(request, instrument)),
        "squareoff": "0",
        "stoploss": "0",
        "quantity": _pieces(request.quantity, instrument),
        "scripconsent": "yes",
        "ordertag": tag_of(request.id),
    }
    return {**body, "triggerprice": plain(_given(request.stop_price))} if stop else body


def variety(request: OrderRequest) -> str:
    return "STOPLOSS" if request.type is OrderType.STOP else "NORMAL"


def product(instrument: Instrument, *, delivery: bool) -> str:
    if not delivery:
        return "INTRADAY"
    return "DELIVERY" if instrument.kind is InstrumentKind.SHARE else "CARRYFORWARD"


def _price(request: OrderRequest, instrument: Instrument) -> Price:
    match request.type:
        case OrderType.MARKET:
            raise Rejected("limit_only", "programs may send no orders at market here")
        case OrderType.TAKE_PROFIT:
            return _given(request.stop_price)
        case OrderType.STOP if request.price is None:
            return through(_given(request.stop_price), request.side, instrument)
        case _:
            return _given(request.price)


def through(level: Price, side: Side, instrument: Instrument) -> Price:
    """The limit of a stop: beyond its level, but not farther than the exchanges let it be."""
    limit = level * (1 + side.sign * THROUGH_PERCENT / 100)
    return instrument.price_up(limit) if side is Side.BUY else max(instrument.price_down(limit), Price(instrument.tick))


def _pieces(quantity: Quantity, instrument: Instrument) -> str:
    if quantity <= 0 or quantity % instrument.lot:
        lot = plain(instrument.lot)
        raise Rejected("bad_quantity", f"{plain(quantity)} of {instrument.ticker}: whole lots of {lot} pieces only")
    return plain(quantity)


def _given(value: Price | None) -> Price:
    if value is None:
        raise Rejected("bad_price", "the order has no price")
    return value


# orders in


def status(row: Row) -> str:
    return str(row.get("orderstatus") or row.get("status") or "").strip().lower()


def state(row: Row) -> OrderState:
    working = OrderState.PART_FILLED if number(row.get("filledshares")) else OrderState.OPEN
    return _ENDS.get(status(row), working)


def after_hours(row: Row) -> bool:
    """Kept by the venue for another day, which nobody asked for."""
    words = status(row)
    return "after market" in words and not words.startswith("cancelled")


def tag(row: Row) -> str:
    return str(row.get("ordertag") or "")


def waits(row: Row) -> bool:
    """A stop whose level has not traded."""
    return status(row) == TRIGGER_PENDING


def kind(row: Row) -> OrderType:
    return {"MARKET": OrderType.MARKET, "LIMIT": OrderType.LIMIT}.get(str(row.get("ordertype")), OrderType.STOP)


def ticket(row: Row, instrument: Instrument, at: datetime, request: OrderRequest | None = None) -> OrderTicket:
    """Of the order book and of a single order alike. request: ours, where it is; at: when the venue does not say."""
    average, price, trigger = (number(row.get(name)) for name in ("averageprice", "price", "triggerprice"))
    told = OrderTicket(
        order_id=id_like(tag(row)),
        broker_id=BrokerOrderId(str(row["orderid"])),
        ticker=instrument.ticker,
        side=_SIDES[str(row["transactiontype"]).upper()],
        type=kind(row),
        quantity=Quantity(number(row["quantity"])),
        state=state(row),
        at=moment(row) or at,
        filled=Quantity(number(row.get("filledshares"))),
        average_price=Price(average) if average else None,
        price=Price(price) if price else None,
        stop_price=Price(trigger) if trigger else None,
        reason=str(row.get("text") or ""),
    )
    if request is None:
        return told
    return replace(told, order_id=request.id, type=request.type, price=request.price, stop_price=request.stop_price)


def taken(request: OrderRequest, broker_id: str, at: datetime) -> OrderTicket:
    """Of an order of which only its number is known yet."""
    return OrderTicket(
        order_id=request.id,
        broker_id=BrokerOrderId(broker_id),
        ticker=request.ticker,
        side=request.side,
        type=request.type,
        quantity=request.quantity,
        state=OrderState.OPEN,
        at=at,
        price=request.price,
        stop_price=request.stop_price,
    )


def of_another_day(order: Order, broker_id: BrokerOrderId) -> OrderTicket:
    """Orders rest for the day, and the book begins anew each morning: what was taken earlier is over."""
    over = taken(order.request, broker_id, order.at)
    return replace(over, state=OrderState.EXPIRED, filled=order.filled, average_price=order.average_price)


def moment(row: Row) -> datetime | None:
    """`20-Oct-2020 13:10:59`, in India."""
    text = str(row.get("updatetime") or row.get("exchorderupdatetime") or "")
    return datetime.strptime(text, "%d-%b-%Y %H:%M:%S").replace(tzinfo=INDIA).astimezone(UTC) if text else None


def fill(row: Row, instrument: Instrument, account: AccountName, now: datetime, order_id: OrderId | None) -> Fill:
    """Of the trade book, which tells times of the last day without its date, and no charges: the fee is 0."""
    clock = datetime.strptime(str(row["filltime"]), "%H:%M:%S").time()  # noqa: DTZ007 - a time of day in India
    at = datetime.combine(now.astimezone(INDIA).date(), clock, INDIA).astimezone(UTC)
    if at > now + AHEAD:
        at -= timedelta(days=1)
    return Fill(
        id=FillId(f"{row['orderid']}-{row['fillid']}"),
        account=account,
        ticker=instrument.ticker,
        side=_SIDES[str(row["transactiontype"]).upper()],
        quantity=Quantity(number(row["fillsize"])),
        price=Price(number(row["fillprice"])),
        fee=ZERO,
        at=at,
        order_id=order_id,
        broker_id=BrokerOrderId(str(row["orderid"])),
    )
