"""Alpaca's JSON <-> core: numbers, times, orders, executions, what an account holds. Pure.

What cannot be read raises one of UNREADABLE. Pieces are shares; there are no lots.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from brokers.reading import number
from core.values.accounts import Margin
from core.values.fills import Fill, Holding
from core.values.ids import AccountName, BrokerOrderId, FillId, OrderId, desk_of
from core.values.money import ZERO, Price, Quantity, plain
from core.values.orders import OrderRequest, OrderState, OrderTicket, OrderType, Side, TimeInForce

Row = Mapping[str, Any]

_TAKES = "-tp"
"""Ends the client id of a take-profit, which is a limit order to the venue."""
_STATES = {
    "filled": OrderState.FILLED,
    "canceled": OrderState.CANCELLED,
    "replaced": OrderState.CANCELLED,
    "expired": OrderState.EXPIRED,
    "rejected": OrderState.REJECTED,
}
_PENDING = frozenset({"pending_new", "accepted", "accepted_for_bidding", "pending_cancel", "calculated"})


# numbers and times


def price(value: object) -> Price | None:
    return Price(number(value)) if number(value) > 0 else None


def time(text: str | None) -> datetime | None:
    """RFC 3339 with up to nine digits of a second."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


# orders out


def client_id(request: OrderRequest) -> str:
    return request.id + (_TAKES if request.type is OrderType.TAKE_PROFIT else "")


def order_body(request: OrderRequest, *, extended: bool = False) -> dict[str, object]:
    """POST /v2/orders. extended: outside the regular session, where limit orders of the day are all that is taken.

    A take-profit is a limit order at its level: this venue knows no other, and one that waits there fills at it or
    better. Parts of a share rest for the day only, says the venue. Raises ValueError where a price is missing.
    """
    body: dict[str, object] = {
        "symbol": request.ticker,
        "qty": plain(request.quantity),
        "side": request.side.value,
        "client_order_id": client_id(request),
        "time_in_force": _time_in_force(request, extended=extended),
    }
    if request.type is OrderType.MARKET:
        return body | {"type": "market"}
    if request.type is OrderType.TAKE_PROFIT:
        return body | {"type": "limit", "limit_price": _given(request.stop_price)}
    if request.type is OrderType.STOP:
        body |= {"type": "stop", "stop_price": _given(request.stop_price)}
        return body if request.price is None else body | {"type": "stop_limit", "limit_price": _given(request.price)}
    body |= {"type": "limit", "limit_price": _given(request.price)}
    return body | {"extended_hours": True} if extended else body


def _time_in_force(request: OrderRequest, *, extended: bool) -> str:
    if request.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL:
        return "ioc"
    whole = request.quantity == int(request.quantity)
    rests = request.type is not OrderType.MARKET and request.time_in_force is not TimeInForce.DAY
    return "gtc" if rests and whole and not extended else "day"


def _given(value: Price | None) -> str:
    if value is None:
        raise ValueError("the order has no price")
    return plain(value)


# orders in


def side(row: Row) -> Side:
    """`sell_short` is how executions call a sale of what was not held."""
    return Side.BUY if str(row["side"]).startswith("buy") else Side.SELL


def whose(row: Row) -> OrderId | None:
    """The id that some desk of ours gave; the venue makes up others."""
    key = str(row.get("client_order_id") or "").removesuffix(_TAKES)
    return OrderId(key) if desk_of(key) is not None else None


def immediate(request: OrderRequest) -> bool:
    """It does not rest: what is not filled at once is dropped."""
    return request.type is OrderType.MARKET or request.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL


def over(row: Row) -> bool:
    return str(row.get("status")) in _STATES


def settled(request: OrderRequest, row: Row) -> bool:
    """What was sent has become what it will be for now: over, or resting."""
    return over(row) if immediate(request) else not pending(row)


def pending(row: Row) -> bool:
    """Taken by the venue, not yet by an exchange: what becomes of it is known a moment later."""
    return str(row.get("status")) in _PENDING


def ticket(row: Row) -> OrderTicket:
    """Of an order as REST and the stream tell it."""
    done, kind = Quantity(number(row.get("filled_qty"))), _type(row)
    state = _STATES.get(str(row["status"]), OrderState.PART_FILLED if done else OrderState.OPEN)
    limit = None if kind is OrderType.TAKE_PROFIT else price(row.get("limit_price"))
    level = price(row.get("limit_price" if kind is OrderType.TAKE_PROFIT else "stop_price"))
    at = time(row.get("updated_at") or row.get("created_at"))
    if at is None:
        raise ValueError("an order without a time")
    return OrderTicket(
        order_id=whose(row),
        broker_id=BrokerOrderId(row["id"]),
        ticker=str(row["symbol"]),
        side=side(row),
        type=kind,
        quantity=Quantity(number(row.get("qty")) or done),
        state=state,
        at=at,
        filled=done,
        average_price=price(row.get("filled_avg_price")) if done else None,
        price=limit,
        stop_price=level,
        reason=f"replaced by {row.get('replaced_by')}" if row["status"] == "replaced" else "",
    )


def _type(row: Row) -> OrderType:
    kind = str(row.get("type") or row.get("order_type"))
    if kind == "limit" and str(row.get("client_order_id")).endswith(_TAKES):
        return OrderType.TAKE_PROFIT
    if kind in {"stop", "stop_limit", "trailing_stop"}:
        return OrderType.STOP
    return OrderType.MARKET if kind == "market" else OrderType.LIMIT


def flat(rows: Sequence[Row]) -> list[Row]:
    """Orders and the legs of brackets and pairs (OCO), which stand inside them."""
    return [one for row in rows for one in (row, *(row.get("legs") or ()))]


def executed(event: Row, account: AccountName) -> Fill | None:
    """The execution that a message of the stream tells of."""
    if event.get("event") not in {"fill", "partial_fill"}:
        return None
    order = event["order"]
    return _fill(event, order, order["filled_qty"], time(event.get("timestamp")), whose(order), account)


def activity(row: Row, order_id: OrderId | None, account: AccountName) -> Fill:
    """An execution as the account's activities tell it. order_id: ours, which is not in it."""
    order = {"id": row["order_id"], "symbol": row["symbol"], "side": row["side"]}
    return _fill(row, order, row["cum_qty"], time(row.get("transaction_time")), order_id, account)


def _fill(
    row: Row, order: Row, so_far: object, at: datetime | None, order_id: OrderId | None, account: AccountName
) -> Fill:
    """Stream and activities number an execution differently, so what an order had filled with it is its id."""
    if at is None:
        raise ValueError("an execution without a time")
    return Fill(
        id=FillId(f"{order['id']}:{plain(number(so_far))}"),
        account=account,
        ticker=str(order["symbol"]),
        side=side(order),
        quantity=Quantity(number(row["qty"])),
        price=Price(number(row["price"])),
        fee=ZERO,
        at=at,
        order_id=order_id,
        broker_id=BrokerOrderId(order["id"]),
    )


# the account


def holding(row: Row) -> Holding:
    """The sign of `qty` is told twice, by `side` too."""
    sign = -1 if str(row.get("side")) == "short" else 1
    return Holding(str(row["symbol"]), Quantity(abs(number(row["qty"])) * sign), price(row.get("avg_entry_price")))


def margin(row: Row, currency: str) -> Margin:
    """Free: what may be bought overnight, over the account's leverage (Regulation T: 2, or 1 without margin)."""
    equity, leverage = number(row["equity"]), min(Decimal(2), max(Decimal(1), number(row.get("multiplier"))))
    power = number(row.get("regt_buying_power", row.get("buying_power")))
    return Margin(equity, max(ZERO, min(equity, power / leverage)), currency)
