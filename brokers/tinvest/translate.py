"""T-Invest's JSON <-> core: numbers, times, orders and their executions. Pure; the only place that knows lots.

What cannot be read raises one of UNREADABLE. Field by field: the venue's OpenAPI document 1.43.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from brokers import reading
from core.values.fills import Fill
from core.values.ids import AccountName, BrokerOrderId, FillId, OrderId, desk_of
from core.values.instrument import Instrument, InstrumentKind
from core.values.money import ZERO, Price, Quantity
from core.values.orders import OrderRequest, OrderState, OrderTicket, OrderType, Side, TimeInForce

Row = Mapping[str, Any]

_POINTS = frozenset({InstrumentKind.FUTURE, InstrumentKind.BOND})
"""Quoted in points; everything else in money."""
_STATES = {
    "EXECUTION_REPORT_STATUS_NEW": OrderState.OPEN,
    "EXECUTION_REPORT_STATUS_PARTIALLYFILL": OrderState.PART_FILLED,
    "EXECUTION_REPORT_STATUS_FILL": OrderState.FILLED,
    "EXECUTION_REPORT_STATUS_CANCELLED": OrderState.CANCELLED,
    "EXECUTION_REPORT_STATUS_REJECTED": OrderState.REJECTED,
}


# numbers and times


def number(row: Row | None) -> Decimal:
    """A Quotation or MoneyValue: the sign stands on both parts, and units may be "-0"."""
    if not row:
        return ZERO
    whole, nano = reading.number(row.get("units")) + 0, reading.number(row.get("nano"))
    return whole + nano.scaleb(-9).normalize() if nano else whole


def quotation(value: Decimal) -> dict[str, object]:
    """Raises ValueError for more than nine digits behind the point."""
    units = int(value)
    nano = (value - units).scaleb(9)
    if nano != int(nano):
        raise ValueError(f"{value} has more than nine digits behind the point")
    return {"units": str(units), "nano": int(nano)}


def time(text: str | None) -> datetime | None:
    """RFC 3339 with up to nine digits of a second."""
    if not text:
        return None
    head, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(head).replace(microsecond=int(fraction.ljust(6, "0")[:6] or 0), tzinfo=UTC)


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def currency(row: Row) -> str:
    return str(row.get("currency") or "").upper()


def in_points(instrument: Instrument) -> bool:
    return instrument.kind in _POINTS


def price_type(instrument: Instrument) -> str:
    return "PRICE_TYPE_POINT" if in_points(instrument) else "PRICE_TYPE_CURRENCY"


def price(row: Row | None, instrument: Instrument) -> Price | None:
    """A price of one piece as the desk counts it: what comes as money of a point instrument is turned into points."""
    value = number(row)
    if not value:
        return None
    if row and in_points(instrument) and currency(row) == instrument.currency:
        value = value / instrument.point_value
    return Price(value)


def pieces(lots: object, instrument: Instrument) -> Quantity:
    return Quantity(reading.number(lots) * instrument.lot)


def lots(quantity: Quantity, instrument: Instrument) -> str:
    """Raises ValueError for a quantity that is no whole number of lots."""
    count = quantity / instrument.lot
    if count != int(count) or count <= 0:
        raise ValueError(f"{quantity} is no multiple of {instrument.lot}")
    return str(int(count))


# orders out


def order_body(request: OrderRequest, instrument: Instrument, account_id: str, *, margin: bool) -> dict[str, object]:
    """PostOrder. A limit order rests for the day, the longest there is; our id is the key."""
    body: dict[str, object] = {
        "accountId": account_id,
        "instrumentId": instrument.broker_key,
        "quantity": lots(request.quantity, instrument),
        "direction": f"ORDER_DIRECTION_{request.side.name}",
        "orderType": "ORDER_TYPE_MARKET" if request.type is OrderType.MARKET else "ORDER_TYPE_LIMIT",
        "orderId": request.id,
        "priceType": price_type(instrument),
        "confirmMarginTrade": margin,
    }
    if request.type is OrderType.LIMIT:
        immediate = request.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL
        body["price"] = quotation(_given(request.price))
        body["timeInForce"] = "TIME_IN_FORCE_FILL_AND_KILL" if immediate else "TIME_IN_FORCE_DAY"
    return body


def stop_body(request: OrderRequest, instrument: Instrument, account_id: str, *, margin: bool) -> dict[str, object]:
    """PostStopOrder."""
    limit, dated = request.price is not None, request.expires_at is not None
    take = request.type is OrderType.TAKE_PROFIT
    kind = "TAKE_PROFIT" if take else ("STOP_LIMIT" if limit else "STOP_LOSS")
    body: dict[str, object] = {
        "accountId": account_id,
        "instrumentId": instrument.broker_key,
        "quantity": lots(request.quantity, instrument),
        "direction": f"STOP_ORDER_DIRECTION_{request.side.name}",
        "stopOrderType": f"STOP_ORDER_TYPE_{kind}",
        "exchangeOrderType": "EXCHANGE_ORDER_TYPE_LIMIT" if limit else "EXCHANGE_ORDER_TYPE_MARKET",
        "expirationType": f"STOP_ORDER_EXPIRATION_TYPE_GOOD_TILL_{'DATE' if dated else 'CANCEL'}",
        "stopPrice": quotation(_given(request.stop_price)),
        "orderId": request.id,
        "priceType": price_type(instrument),
        "confirmMarginTrade": margin,
    }
    if take:
        body["takeProfitType"] = "TAKE_PROFIT_TYPE_REGULAR"
    if request.price is not None:
        body["price"] = quotation(request.price)
    if request.expires_at is not None:
        body["expireDate"] = stamp(request.expires_at)
    return body


def _given(value: Price | None) -> Price:
    if value is None:
        raise ValueError("the order has no price")
    return value


# orders in


def side(row: Row) -> Side:
    return Side.BUY if str(row["direction"]).upper().endswith("_BUY") else Side.SELL


def our_id(row: Row) -> OrderId | None:
    """The key that some desk of ours gave; the venue makes up others."""
    key = str(row.get("orderRequestId") or "").lower()
    return OrderId(key) if desk_of(key) is not None else None


def ticket(row: Row, instrument: Instrument, at: datetime) -> OrderTicket:
    """Of PostOrder, GetOrderState, GetOrders and the stream alike. at: when the venue does not say."""
    done = pieces(row.get("lotsExecuted"), instrument)
    state = _STATES.get(str(row["executionReportStatus"]).upper())
    told = executions(row, instrument)
    value = sum((amount * each for amount, each, *_ in told), ZERO)
    known = sum((amount for amount, *_ in told), ZERO)
    market = str(row.get("orderType") or "").upper().endswith(("_MARKET", "_BESTPRICE"))
    return OrderTicket(
        order_id=our_id(row),
        broker_id=BrokerOrderId(row["orderId"]),
        ticker=instrument.ticker,
        side=side(row),
        type=OrderType.MARKET if market else OrderType.LIMIT,
        quantity=pieces(row["lotsRequested"], instrument),
        state=state or (OrderState.PART_FILLED if done else OrderState.OPEN),
        at=time(row.get("orderDate") or row.get("createdAt")) or at,
        filled=done,
        average_price=Price(value / known) if known else _average(row, instrument, done),
        price=None if market else price(row.get("orderPrice") or row.get("initialSecurityPrice"), instrument),
        reason=reason(row),
    )


def over(row: Row) -> bool:
    state = _STATES.get(str(row["executionReportStatus"]).upper())
    return state is not None and state.final


def _average(row: Row, instrument: Instrument, done: Quantity) -> Price | None:
    """PostOrder's reply alone gives it of one piece; elsewhere it may be multiplied by lots, and stages tell it."""
    return price(row.get("executedOrderPrice"), instrument) if done and "responseMetadata" in row else None


def reason(row: Row) -> str:
    cause = str(row.get("statusInfo") or "").removeprefix("CAUSE_").lower()
    return str(row.get("message") or "") or ("" if cause == "unspecified" else cause)


Execution = tuple[Quantity, Price, str, datetime | None]
"""Pieces, price, the exchange's number of the trade, moment."""


def executions(row: Row, instrument: Instrument) -> list[Execution]:
    """An order's trades: `stages` count lots and `trades` pieces, says the document; the order's own total decides."""
    parts: Sequence[Row] = row.get("stages") or row.get("trades") or ()
    counted = sum(int(part.get("quantity") or 0) for part in parts)
    lots_done = int(row.get("lotsExecuted") or 0)
    if counted == lots_done:
        in_lots = True
    elif counted == lots_done * instrument.lot:
        in_lots = False
    else:
        in_lots = bool(row.get("stages"))
    unit = instrument.lot if in_lots else Quantity(Decimal(1))
    found = []
    for part in parts:
        each = price(part.get("price"), instrument)
        amount = Quantity(reading.number(part.get("quantity")) * unit)
        if each is not None and amount and part.get("tradeId"):
            found.append((amount, each, str(part["tradeId"]), time(part.get("executionTime") or part.get("dateTime"))))
    return found


def fills(
    row: Row, instrument: Instrument, account: AccountName, at: datetime, order_id: OrderId | None = None
) -> list[Fill]:
    """order_id: whose they are, where the row cannot say it. The stream tells no commission: then the fee is 0.

    A fill's id is the exchange's number and the side, since the two sides of a trade with oneself share the number.
    """
    told = executions(row, instrument)
    total = sum((amount for amount, *_ in told), ZERO)
    fee = number(row.get("executedCommission")) if total else ZERO
    return [
        Fill(
            id=FillId(f"{trade}-{side(row).value}"),
            account=account,
            ticker=instrument.ticker,
            side=side(row),
            quantity=amount,
            price=each,
            fee=fee * amount / total,
            at=moment or at,
            order_id=order_id or our_id(row),
            broker_id=BrokerOrderId(row["orderId"]),
        )
        for amount, each, trade, moment in told
    ]
