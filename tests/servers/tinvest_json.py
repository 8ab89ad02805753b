"""How T-Invest writes things: the JSON of its documents, from the venue's rows, with the quirks that were seen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from brokers.paper.orders import Row
from core.values.fills import Fill, Holding
from core.values.ids import AccountName, IntentId, OrderId
from core.values.instrument import Instrument, InstrumentKind
from core.values.market import Quote
from core.values.money import Price, Quantity, plain
from core.values.orders import Order, OrderRequest, OrderRole, OrderState, OrderType, Purpose, Side

STATES = {
    OrderState.OPEN: "NEW",
    OrderState.PART_FILLED: "PARTIALLYFILL",
    OrderState.FILLED: "FILL",
    OrderState.CANCELLED: "CANCELLED",
    OrderState.EXPIRED: "CANCELLED",
    OrderState.REJECTED: "REJECTED",
}


def quotation(value: Decimal) -> dict[str, Any]:
    """The sign stands on both parts; a fraction below zero has units "-0"."""
    units = int(abs(value))
    nano = int((abs(value) - units).scaleb(9))
    sign = "-" if value < 0 else ""
    return {"units": f"{sign}{units}", "nano": -nano if sign else nano}


def money(value: Decimal) -> dict[str, Any]:
    return {**quotation(value), "currency": "rub"}


def text(row: Mapping[str, Any] | None) -> str | None:
    return None if row is None else plain(Decimal(row["units"]) + Decimal(row["nano"]).scaleb(-9))


def stamp(moment: datetime) -> str:
    """Nine digits, as live gateways send."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}911Z"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def uid(instrument: Instrument) -> str:
    made = _digest(instrument.ticker)
    return f"{made[:8]}-{made[8:12]}-4{made[13:16]}-a{made[17:20]}-{made[20:32]}"


def fired(row: Row) -> bool:
    """A stop that became an order of the exchange."""
    working = row.working is not None and not row.working.waiting
    return row.request.type.triggered and (working or bool(row.filled) or row.state is OrderState.FILLED)


def is_order(row: Row) -> bool:
    return fired(row) or not row.request.type.triggered


def exchange_id(row: Row) -> str:
    return str(int(_digest(row.broker_id)[:10], 16))


def request_id(row: Row) -> str:
    """The client's key; the venue makes one up for what a stop has become."""
    if not row.request.type.triggered:
        return row.request.id
    made = _digest(f"key {row.broker_id}")
    return f"{made[:8]}-{made[8:12]}-4{made[13:16]}-a{made[17:20]}-{made[20:32]}"


def order(key: str) -> Order:
    """A question about an order, in the form the venue takes it."""
    request = OrderRequest(
        id=OrderId(key),
        intent=IntentId(""),
        account=AccountName("wire"),
        ticker="",
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=Quantity(Decimal(1)),
        role=OrderRole.TASK,
        purpose=Purpose.WORKING,
        because=(),
    )
    now = datetime.now(UTC)
    return Order(request, OrderState.SENT, now, now, broker_id=None)


def _common(row: Row, instrument: Instrument) -> dict[str, Any]:
    request = row.request
    kind = "MARKET" if request.type is OrderType.MARKET or (fired(row) and request.price is None) else "LIMIT"
    return {
        "orderId": exchange_id(row),
        "orderRequestId": request_id(row),
        "executionReportStatus": f"EXECUTION_REPORT_STATUS_{STATES[row.state]}",
        "lotsRequested": str(int(request.quantity / instrument.lot)),
        "lotsExecuted": str(int(row.filled / instrument.lot)),
        "direction": f"ORDER_DIRECTION_{request.side.name}",
        "orderType": f"ORDER_TYPE_{kind}",
        "instrumentUid": uid(instrument),
        "ticker": instrument.ticker,
        "classCode": "TQBR",
    }


def posted(row: Row, instrument: Instrument) -> dict[str, Any]:
    average = row.value / row.filled * instrument.point_value if row.filled else Decimal(0)
    return {
        **_common(row, instrument),
        "executedOrderPrice": money(average),
        "initialSecurityPrice": money(row.request.price or Decimal(0)),
        "message": "",
        "responseMetadata": {"trackingId": "0", "serverTime": stamp(row.at)},
    }


def order_state(row: Row, instrument: Instrument, fills: Sequence[Fill]) -> dict[str, Any]:
    """stages count lots; executedOrderPrice is the product with lots, a trap."""
    stages = [
        {
            "price": quotation(fill.price) | {"currency": "pt." if instrument.kind is InstrumentKind.FUTURE else "rub"},
            "quantity": str(int(fill.quantity / instrument.lot)),
            "tradeId": trade_id(fill),
            "executionTime": stamp(fill.at),
        }
        for fill in fills
    ]
    return {
        **_common(row, instrument),
        "executedOrderPrice": money(row.value),
        "initialSecurityPrice": money(row.request.price or Decimal(0)),
        "executedCommission": money(sum((fill.fee for fill in fills), Decimal(0))),
        "orderDate": stamp(row.at),
        "currency": "rub",
        "stages": stages,
    }


def stream_state(row: Row, instrument: Instrument, fills: Sequence[Fill], account_id: str) -> dict[str, Any]:
    """trades count pieces."""
    trades = [
        {
            "dateTime": stamp(fill.at),
            "price": quotation(fill.price),
            "quantity": str(int(fill.quantity)),
            "tradeId": trade_id(fill),
        }
        for fill in fills
    ]
    left = int((row.request.quantity - row.filled) / instrument.lot)
    return {
        **_common(row, instrument),
        "createdAt": stamp(row.at),
        "statusInfo": "CAUSE_CANCELLED_BY_CLIENT" if row.state is OrderState.CANCELLED else "CAUSE_UNSPECIFIED",
        "lotSize": int(instrument.lot),
        "accountId": account_id,
        "orderPrice": money(row.request.price or Decimal(0)),
        "currency": "RUB",
        "lotsLeft": str(left),
        "trades": trades,
    }


def trade_id(fill: Fill) -> str:
    return str(int(_digest(fill.id)[:12], 16))


def stop_order(row: Row, instrument: Instrument, made: datetime, *, late: bool = False) -> dict[str, Any]:
    """Our key is not in it."""
    request = row.request
    status = "ACTIVE"
    if fired(row):
        status = "ACTIVE" if late else "EXECUTED"
    elif row.working is None:
        status = "EXPIRED" if row.state is OrderState.EXPIRED else "CANCELED"
    kind = "TAKE_PROFIT" if request.type is OrderType.TAKE_PROFIT else "STOP_LIMIT" if request.price else "STOP_LOSS"
    told = {
        "stopOrderId": row.broker_id,
        "lotsRequested": str(int(request.quantity / instrument.lot)),
        "direction": f"STOP_ORDER_DIRECTION_{request.side.name}",
        "currency": "rub",
        "orderType": f"STOP_ORDER_TYPE_{kind}",
        "createDate": stamp(made),
        "activationDateTime": stamp(row.at) if fired(row) else None,
        "expirationTime": stamp(request.expires_at) if request.expires_at else None,
        "price": money(request.price or Decimal(0)),
        "stopPrice": money(request.stop_price or Decimal(0)),
        "status": f"STOP_ORDER_STATUS_{status}",
        "instrumentUid": uid(instrument),
        "ticker": instrument.ticker,
    }
    return {**told, "exchangeOrderId": exchange_id(row)} if fired(row) and not late else told


def position(holding: Holding, instrument: Instrument) -> dict[str, Any]:
    return {
        "balance": str(int(holding.quantity)),
        "blocked": "0",
        "instrumentUid": uid(instrument),
        "ticker": instrument.ticker,
    }


def portfolio_position(holding: Holding, instrument: Instrument) -> dict[str, Any]:
    average = holding.average_price or Price(Decimal(0))
    return {
        "instrumentUid": uid(instrument),
        "quantity": quotation(holding.quantity),
        "averagePositionPrice": money(average * instrument.point_value),
        "averagePositionPricePt": quotation(average if instrument.kind is InstrumentKind.FUTURE else Decimal(0)),
    }


def instrument(listed: Instrument) -> dict[str, Any]:
    future = listed.kind is InstrumentKind.FUTURE
    row = {
        "figi": f"FIGI{listed.ticker}",
        "ticker": listed.ticker,
        "classCode": "SPBFUT" if future else "TQBR",
        "uid": uid(listed),
        "positionUid": f"p-{listed.ticker}",
        "name": listed.name,
        "exchange": "forts_evening" if future else "moex_mrng_evng_e_wknd_dlr",
        "realExchange": "REAL_EXCHANGE_RTS" if future else "REAL_EXCHANGE_MOEX",
        "currency": "rub",
        "lot": int(listed.lot),
        "minPriceIncrement": quotation(listed.tick),
        "apiTradeAvailableFlag": True,
        "shortEnabledFlag": True,
        "weekendFlag": True,
    }
    if not future or listed.expires_at is None:
        return row
    return {
        **row,
        "expirationDate": stamp(listed.expires_at),
        "basicAsset": listed.basic_asset,
        "basicAssetPositionUid": f"p-{listed.basic_asset}",
        "basicAssetSize": quotation(listed.basic_asset_size or Decimal(0)),
        "initialMarginOnBuy": money(listed.margin_buy or Decimal(0)),
        "initialMarginOnSell": money(listed.margin_sell or Decimal(0)),
        "minPriceIncrementAmount": quotation(listed.tick * listed.point_value),
    }


def day(moment: datetime) -> dict[str, Any]:
    """A day with its main session cut by a clearing, in the flat fields."""

    def at(hour: int, minute: int = 0) -> str:
        return stamp(datetime.combine(moment.date(), time(hour, minute), UTC))

    flat = {"startTime": at(7), "endTime": at(15, 40), "eveningStartTime": at(16, 5), "eveningEndTime": at(20, 50)}
    cut = {"clearingStartTime": at(11), "clearingEndTime": at(11, 5)}
    return {"date": at(0), "isTradingDay": moment.weekday() < 5, **flat, **cut, "intervals": []}


def order_book(quote: Quote, instrument: Instrument) -> dict[str, Any]:
    def level(price: Price | None, size: Quantity) -> list[dict[str, Any]]:
        lots = int(size / instrument.lot)
        return [{"price": quotation(price), "quantity": str(lots)}] if price is not None and lots else []

    return {
        "instrumentUid": uid(instrument),
        "depth": 1,
        "isConsistent": True,
        "bids": level(quote.bid, quote.bid_size),
        "asks": level(quote.ask, quote.ask_size),
        "lastPrice": quotation(quote.last or Decimal(0)),
        "time": stamp(quote.at),
    }


def last_price(instrument: Instrument, quote: Quote) -> dict[str, Any]:
    price = quotation(quote.last or Decimal(0))
    return {"figi": "", "price": price, "time": stamp(quote.at), "instrumentUid": uid(instrument)}


def trading_status(instrument: Instrument, *, closed: bool) -> dict[str, Any]:
    status = "NOT_AVAILABLE_FOR_TRADING" if closed else "NORMAL_TRADING"
    return {
        "instrumentUid": uid(instrument),
        "tradingStatus": f"SECURITY_TRADING_STATUS_{status}",
        "limitOrderAvailableFlag": not closed,
        "marketOrderAvailableFlag": not closed,
    }


def candle(moment: datetime) -> dict[str, Any]:
    prices = {name: quotation(Decimal(p)) for name, p in zip(("open", "high", "low", "close"), "1312", strict=True)}
    return {**prices, "volume": "7", "time": stamp(moment), "isComplete": True}
