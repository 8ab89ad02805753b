"""Numbers, times and orders of T-Invest's JSON, quirks included."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from brokers.tinvest import translate
from core.values.ids import AccountName, DeskId, IntentId, OrderId, derive_id
from core.values.instrument import Instrument, InstrumentKind
from core.values.money import Price, Quantity
from core.values.orders import OrderRequest, OrderRole, OrderState, OrderType, Purpose, Side, TimeInForce

D = Decimal
NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)
OURS = OrderId(derive_id(DeskId(7), "x"))
TEN = Quantity(D(10))
SHARE = Instrument("SBER", "MOEX", InstrumentKind.SHARE, "RUB", TEN, D("0.01"), TEN, broker_key="uid-s")
ONE = Quantity(D(1))
FUTURE = Instrument("SRZ6", "MOEX", InstrumentKind.FUTURE, "RUB", ONE, D(5), ONE, D("0.5"), broker_key="uid-f")
REQUEST = OrderRequest(
    id=OURS,
    intent=IntentId("i"),
    account=AccountName("Testing"),
    ticker="SBER",
    side=Side.SELL,
    type=OrderType.LIMIT,
    quantity=Quantity(D(50)),
    role=OrderRole.ENTRY,
    purpose=Purpose.ENTRY,
    because=(),
    price=Price(D("301.25")),
)
ROW: dict[str, Any] = {
    "orderId": "123",
    "orderRequestId": OURS,
    "executionReportStatus": "EXECUTION_REPORT_STATUS_PARTIALLYFILL",
    "lotsRequested": "5",
    "lotsExecuted": "3",
    "direction": "ORDER_DIRECTION_BUY",
    "orderType": "ORDER_TYPE_LIMIT",
    "executedCommission": {"currency": "rub", "units": "3", "nano": 0},
}


def stage(price: str, quantity: int, trade: str = "1") -> dict[str, Any]:
    return {"price": translate.quotation(D(price)), "quantity": str(quantity), "tradeId": trade}


@pytest.mark.parametrize(
    ("units", "nano", "value"),
    [
        ("114", 250000000, "114.25"),
        ("-200", -200000000, "-200.2"),
        ("-0", -10000000, "-0.01"),
        ("0", -10000000, "-0.01"),
        ("0", 0, "0"),
        (7, 0, "7"),
    ],
)
def test_a_number_is_units_and_billionths(units: object, nano: int, value: str) -> None:
    """The sign stands on both parts, and a fraction below zero may have units "-0"."""
    assert translate.number({"units": units, "nano": nano}) == D(value)


@pytest.mark.parametrize("value", ["0", "0.01", "-0.01", "301.25", "-7", "0.000000001"])
def test_a_number_survives_the_way_there_and_back(value: str) -> None:
    """What is sent is what would be read."""
    assert translate.number(translate.quotation(D(value))) == D(value)


def test_a_number_too_fine_is_no_number_of_theirs() -> None:
    """Rounding is not done here."""
    with pytest.raises(ValueError, match="nine"):
        translate.quotation(D("0.0000000001"))


@pytest.mark.parametrize(
    ("text", "micros"),
    [("2026-11-18T09:00:00.974035911Z", 974035), ("2026-11-18T09:00:00.5Z", 500000), ("2026-11-18T09:00:00Z", 0)],
)
def test_a_time_has_any_number_of_digits(text: str, micros: int) -> None:
    """Nine, one or none behind the second."""
    assert translate.time(text) == NOW.replace(microsecond=micros)


def test_no_time_is_none() -> None:
    """Absent times come as null or not at all."""
    assert translate.time(None) is None


def test_an_order_goes_out_in_lots_under_our_key() -> None:
    """Fifty pieces are five lots; the price of a share is money."""
    assert translate.order_body(REQUEST, SHARE, "2000", margin=False) == {
        "accountId": "2000",
        "instrumentId": "uid-s",
        "quantity": "5",
        "direction": "ORDER_DIRECTION_SELL",
        "orderType": "ORDER_TYPE_LIMIT",
        "orderId": OURS,
        "priceType": "PRICE_TYPE_CURRENCY",
        "confirmMarginTrade": False,
        "price": {"units": "301", "nano": 250000000},
        "timeInForce": "TIME_IN_FORCE_DAY",
    }


def test_an_immediate_order_says_so() -> None:
    """What is not filled at once is to be dropped."""
    body = translate.order_body(
        replace(REQUEST, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL), SHARE, "2000", margin=False
    )
    assert body["timeInForce"] == "TIME_IN_FORCE_FILL_AND_KILL"


def test_a_future_is_priced_in_points() -> None:
    """Said with every order: what the venue takes for granted is not written down."""
    body = translate.order_body(replace(REQUEST, price=Price(D(30005))), FUTURE, "2000", margin=True)
    assert (body["priceType"], body["confirmMarginTrade"]) == ("PRICE_TYPE_POINT", True)


def test_a_part_of_a_lot_is_refused() -> None:
    """Never rounded here: the desk decides on sizes."""
    with pytest.raises(ValueError, match="multiple"):
        translate.lots(Quantity(D(55)), SHARE)


@pytest.mark.parametrize(
    ("type_", "price", "kind", "child"),
    [
        (OrderType.STOP, None, "STOP_LOSS", "MARKET"),
        (OrderType.STOP, "299", "STOP_LIMIT", "LIMIT"),
        (OrderType.TAKE_PROFIT, None, "TAKE_PROFIT", "MARKET"),
        (OrderType.TAKE_PROFIT, "310", "TAKE_PROFIT", "LIMIT"),
    ],
)
def test_a_triggered_order_is_a_stop_order_of_its_kind(
    type_: OrderType, price: str | None, kind: str, child: str
) -> None:
    """With a price it becomes a limit order when it fires, else one at market."""
    request = replace(REQUEST, type=type_, price=Price(D(price)) if price else None, stop_price=Price(D(300)))
    body = translate.stop_body(request, SHARE, "2000", margin=False)
    assert body["stopOrderType"] == f"STOP_ORDER_TYPE_{kind}"
    assert body["exchangeOrderType"] == f"EXCHANGE_ORDER_TYPE_{child}"
    assert body["expirationType"] == "STOP_ORDER_EXPIRATION_TYPE_GOOD_TILL_CANCEL"
    assert body["orderId"] == OURS


def test_a_stop_order_may_end_by_itself() -> None:
    """A date goes with it."""
    request = replace(REQUEST, type=OrderType.STOP, price=None, stop_price=Price(D(300)), expires_at=NOW)
    body = translate.stop_body(request, SHARE, "2000", margin=False)
    assert body["expirationType"] == "STOP_ORDER_EXPIRATION_TYPE_GOOD_TILL_DATE"
    assert body["expireDate"] == "2026-11-18T09:00:00Z"


def test_a_ticket_counts_pieces() -> None:
    """Five lots of ten asked, three done, the average out of the stages and not out of a product with lots."""
    row = ROW | {"stages": [stage("300", 1), stage("303", 2, "2")], "executedOrderPrice": translate.quotation(D(9060))}
    ticket = translate.ticket(row, SHARE, NOW)
    assert (ticket.order_id, ticket.broker_id, ticket.side) == (OURS, "123", Side.BUY)
    assert (ticket.quantity, ticket.filled, ticket.average_price) == (D(50), D(30), D(302))
    assert ticket.state is OrderState.PART_FILLED


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("NEW", OrderState.OPEN),
        ("FILL", OrderState.FILLED),
        ("CANCELLED", OrderState.CANCELLED),
        ("REJECTED", OrderState.REJECTED),
        ("SOMETHING_NEW", OrderState.PART_FILLED),
    ],
)
def test_a_state_that_nobody_knows_yet_is_not_final(word: str, state: OrderState) -> None:
    """A name added by the venue must neither crash nor end an order."""
    row = ROW | {"executionReportStatus": f"EXECUTION_REPORT_STATUS_{word}"}
    assert translate.ticket(row, SHARE, NOW).state is state


def test_a_key_made_up_by_the_venue_is_nobodys() -> None:
    """Orders by hand and what stops become carry UUIDs of another make."""
    assert translate.our_id({"orderRequestId": "b5d1b2a4-9d5c-4b39-8d6e-0f1a2b3c4d5e"}) is None


@pytest.mark.parametrize("name", ["stages", "trades"])
@pytest.mark.parametrize("quantities", [(1, 2), (10, 20)])
def test_lots_and_pieces_are_told_apart_by_the_orders_own_total(name: str, quantities: tuple[int, int]) -> None:
    """Three lots were done: whether the trades say 3 or 30, thirty pieces they are."""
    row = ROW | {name: [stage("300", quantities[0]), stage("303", quantities[1], "2")]}
    fills = translate.fills(row, SHARE, AccountName("Testing"), NOW)
    assert [(f.quantity, f.price, f.id, f.fee) for f in fills] == [
        (D(10), D(300), "1-buy", D(1)),
        (D(20), D(303), "2-buy", D(2)),
    ]


def test_a_trade_without_a_number_is_not_told() -> None:
    """A number made up here could be told again under another."""
    row = ROW | {"stages": [stage("300", 3, "")]}
    assert translate.fills(row, SHARE, AccountName("Testing"), NOW) == []


@pytest.mark.parametrize(("currency", "price"), [("rub", "60000"), ("pt.", "30000"), ("", "30000")])
def test_money_of_a_future_becomes_points(currency: str, price: str) -> None:
    """Half a rouble a point: 30,000 roubles are 60,000 points; what is in points already stays."""
    row = {"currency": currency, **translate.quotation(D(30000))}
    assert translate.price(row, FUTURE) == D(price)
