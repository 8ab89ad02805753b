"""The venue's JSON <-> core. Pure. What cannot be read raises KeyError, TypeError, ValueError or ArithmeticError."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.values.accounts import Margin
from core.values.fills import Fill, Holding
from core.values.ids import AccountName, BrokerOrderId, FillId, OrderId
from core.values.instrument import Instrument, InstrumentKind
from core.values.market import Quote
from core.values.money import Price, Quantity, plain
from core.values.orders import Order, OrderRequest, OrderState, OrderTicket, OrderType, Side, TimeInForce

UNREADABLE = (KeyError, TypeError, ValueError, ArithmeticError)


def order_body(request: OrderRequest) -> dict[str, object]:
    return {
        "client_id": request.id,
        "ticker": request.ticker,
        "side": request.side,
        "type": request.type,
        "quantity": plain(request.quantity),
        "price": None if request.price is None else plain(request.price),
        "stop_price": None if request.stop_price is None else plain(request.stop_price),
        "reduce_only": request.reduce_only,
        "immediate": request.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL,
        "expires_at": None if request.expires_at is None else request.expires_at.isoformat(),
    }


def naming(order: Order) -> dict[str, str]:
    """The query that names an order of ours."""
    return {"client_id": order.id, **({"broker_id": order.broker_id} if order.broker_id else {})}


def ticket(row: Mapping[str, Any]) -> OrderTicket:
    return OrderTicket(
        order_id=OrderId(row["order_id"]) if row["order_id"] else None,
        broker_id=BrokerOrderId(row["broker_id"]),
        ticker=row["ticker"],
        side=Side(row["side"]),
        type=OrderType(row["type"]),
        quantity=_quantity(row["quantity"]),
        state=OrderState(row["state"]),
        at=datetime.fromisoformat(row["at"]),
        filled=_quantity(row["filled"]),
        average_price=_price(row["average_price"]),
        price=_price(row["price"]),
        stop_price=_price(row["stop_price"]),
        reduce_only=row["reduce_only"],
        expires_at=_time(row["expires_at"]),
        reason=row["reason"],
    )


def fill(row: Mapping[str, Any], account: AccountName) -> Fill:
    return Fill(
        id=FillId(row["id"]),
        account=account,
        ticker=row["ticker"],
        side=Side(row["side"]),
        quantity=_quantity(row["quantity"]),
        price=Price(Decimal(row["price"])),
        fee=Decimal(row["fee"]),
        at=datetime.fromisoformat(row["at"]),
        order_id=OrderId(row["order_id"]) if row["order_id"] else None,
        broker_id=BrokerOrderId(row["broker_id"]),
    )


def quote(row: Mapping[str, Any]) -> Quote:
    return Quote(
        ticker=row["ticker"],
        at=datetime.fromisoformat(row["at"]),
        bid=_price(row["bid"]),
        ask=_price(row["ask"]),
        bid_size=_quantity(row["bid_size"]),
        ask_size=_quantity(row["ask_size"]),
        last=_price(row["last"]),
        trading=row["trading"],
    )


def holding(row: Mapping[str, Any]) -> Holding:
    return Holding(row["ticker"], _quantity(row["quantity"]), _price(row["average_price"]))


def margin(row: Mapping[str, Any]) -> Margin:
    return Margin(Decimal(row["equity"]), Decimal(row["free"]), row["currency"])


def instrument(row: Mapping[str, Any]) -> Instrument:
    size = row["basic_asset_size"]
    return Instrument(
        ticker=row["ticker"],
        exchange=row["exchange"],
        kind=InstrumentKind(row["kind"]),
        currency=row["currency"],
        lot=_quantity(row["lot"]),
        tick=Decimal(row["tick"]),
        step=_quantity(row["step"]),
        point_value=Decimal(row["point_value"]),
        name=row["name"],
        venues=frozenset(row["venues"]),
        expires_at=_time(row["expires_at"]),
        basic_asset=row["basic_asset"],
        basic_asset_size=None if size is None else _quantity(size),
    )


def _quantity(text: str) -> Quantity:
    return Quantity(Decimal(text))


def _price(text: str | None) -> Price | None:
    return None if text is None else Price(Decimal(text))


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
