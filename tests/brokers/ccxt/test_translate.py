"""What ccxt says, in the desk's words: ids, contracts, states, fees. And what a venue's answers mean."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from brokers.ccxt import DIALECTS, translate
from brokers.ccxt.client import Refusal, judge, wait_s
from brokers.ccxt.listing import Catalogue
from brokers.reading import NoAnswer
from core.values.errors import Rejected, Transient
from core.values.ids import AccountName, DeskId, OrderId, derive_id
from core.values.instrument import InstrumentKind
from core.values.money import Quantity
from core.values.orders import OrderState, OrderType
from tests.brokers.ccxt.test_proofs import library

OURS = OrderId(derive_id(DeskId(7), "one"))
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


# ids


def test_our_ids_are_32_hexadecimal_digits_on_the_wire() -> None:
    """Letters and digits alone: OKX takes nothing else, and no more."""
    assert translate.encode(OURS).isalnum()
    assert len(translate.encode(OURS)) == 32
    assert translate.decode(translate.encode(OURS)) == OURS


@pytest.mark.parametrize("text", [None, "", "by-hand", "x-TKT5PX2F123", "0" * 32, translate.encode(OURS)[:-1]])
def test_an_id_of_nobody_of_ours_is_none(text: str | None) -> None:
    """Made by a person, by the library, or by the venue."""
    assert translate.decode(text) is None


# instruments


@pytest.mark.parametrize(
    ("exchange", "ticker", "lot", "step"),
    [("bybit", "BTCUSDT", "1", "0.001"), ("okx", "BTC-USDT-SWAP", "0.01", "0.001")],
)
def test_quantities_are_coins_whatever_a_contract_is(exchange: str, ticker: str, lot: str, step: str) -> None:
    """A hundredth of a coin at OKX, of which a tenth may be traded."""
    _, listed = library(exchange)
    assert (listed.ticker, listed.kind, listed.currency) == (ticker, InstrumentKind.PERPETUAL, "USDT")
    assert (listed.lot, listed.step) == (Decimal(lot), Decimal(step))
    assert translate.pieces("5", listed) == 5 * Decimal(lot)
    assert translate.contracts(translate.pieces("5", listed), listed) == "5"


def test_half_a_step_is_no_number_of_contracts() -> None:
    """Rounding is the desk's business, and done by then."""
    _, listed = library("okx")
    with pytest.raises(ValueError, match="no multiple"):
        translate.contracts(Quantity(Decimal("0.0005")), listed)


def market(name: str, **changes: object) -> dict[str, Any]:
    """As the library lists it."""
    row = {"id": name, "symbol": f"{name}:USDT", "base": name, "quote": "USDT", "settle": "USDT", "swap": True}
    row |= {"linear": True, "contractSize": "1", "active": True, "info": {}}
    row |= {"precision": {"price": "0.5", "amount": "0.001"}, "limits": {"amount": {}, "cost": {}}}
    return {**row, **changes}


def test_le_14_each_symbol_has_its_own_step() -> None:
    """Not that of bitcoin for all of them."""
    catalogue = Catalogue()
    doge = market("DOGEUSDT", precision={"price": "0.00001", "amount": "1"})
    catalogue.become([market("BTCUSDT"), doge], "BYBIT", "USDT")
    steps = {ticker: (listed.step, listed.tick) for ticker, listed in catalogue.by_ticker.items()}
    assert steps == {
        "BTCUSDT": (Decimal("0.001"), Decimal("0.5")),
        "DOGEUSDT": (Decimal(1), Decimal("0.00001")),
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"inverse": True, "linear": False},
        {"option": True},
        {"precision": {"price": None, "amount": "1"}},
        {"precision": {"price": "0.1", "amount": None}},
        {"settle": "USDC"},
        {"precision": None},
    ],
)
def test_what_is_not_traded_here_is_not_listed(changes: dict[str, object]) -> None:
    """Inverse contracts, options, other currencies, and what lacks a tick or a step."""
    catalogue = Catalogue()
    catalogue.become([market("ODD", **changes), market("BTCUSDT")], "BYBIT", "USDT")
    assert list(catalogue.by_ticker) == ["BTCUSDT"]


def test_what_was_delisted_has_a_name_of_its_own() -> None:
    """Unknown is what never was."""
    catalogue = Catalogue()
    catalogue.become([market("LUNAUSDT", active=False)], "BYBIT", "USDT")
    with pytest.raises(Rejected, match="not_tradable"):
        catalogue.get("lunausdt")
    with pytest.raises(Rejected, match="unknown_ticker"):
        catalogue.get("NOTHING")


# orders and executions


def row(**changes: object) -> dict[str, Any]:
    """An order as the library tells it."""
    told = {"id": "17", "clientOrderId": translate.encode(OURS), "side": "buy", "amount": "5", "filled": "0"}
    return {**told, "status": "open", "timestamp": 1_600_000_000_123, "info": {}, "price": "100", **changes}


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, OrderState.OPEN),
        ({"filled": "2"}, OrderState.PART_FILLED),
        ({"status": "closed", "filled": "5"}, OrderState.FILLED),
        ({"status": "closed", "filled": "2"}, OrderState.CANCELLED),
        ({"status": "canceled"}, OrderState.CANCELLED),
        ({"status": "expired"}, OrderState.EXPIRED),
        ({"status": "expired", "timeInForce": "IOC"}, OrderState.CANCELLED),
        ({"status": "expired", "filled": "2"}, OrderState.CANCELLED),
        ({"status": "rejected"}, OrderState.REJECTED),
        ({"status": "rejected", "filled": "2"}, OrderState.CANCELLED),
        ({"status": "a word of tomorrow"}, OrderState.OPEN),
    ],
)
def test_states(changes: dict[str, object], state: OrderState) -> None:
    """Nothing is over that the venue does not call over, and what was done in part was not rejected."""
    _, listed = library("bybit")
    assert translate.ticket(row(**changes), listed, OrderType.LIMIT, NOW).state is state


def test_a_ticket_counts_coins() -> None:
    """Contracts of a hundredth: sizes are turned, prices are not."""
    _, listed = library("okx")
    told = translate.ticket(row(filled="2", average="100.5"), listed, OrderType.LIMIT, NOW)
    assert (told.order_id, told.quantity, told.filled) == (OURS, Decimal("0.05"), Decimal("0.02"))
    assert (told.price, told.average_price) == (Decimal(100), Decimal("100.5"))
    assert told.at == datetime(2020, 9, 13, 12, 26, 40, 123000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("charged", "fee"),
    [
        ({"cost": "1.5", "currency": "USDT"}, "1.5"),
        ({"cost": "-0.5", "currency": "USDT"}, "-0.5"),
        ({"cost": "0.001", "currency": "BTC"}, "64"),
        ({"cost": "0.01", "currency": "BNB"}, "0"),
        (None, "0"),
    ],
)
def test_fees_are_money_of_the_instrument(charged: dict[str, str] | None, fee: str) -> None:
    """Taken in the coin they are worth its price; taken in a third coin nobody here knows what they are worth."""
    _, listed = library("bybit")
    told = {"id": "9", "order": "17", "side": "sell", "amount": "2", "price": "64000", "timestamp": 1, "fee": charged}
    assert translate.fill(told, listed, AccountName("A"), None).fee == Decimal(fee)


def test_the_two_sides_of_a_trade_with_oneself_are_two() -> None:
    """They share the venue's number."""
    _, listed = library("bybit")
    told = {"id": "9", "order": "17", "amount": "2", "price": "64000", "timestamp": 1}
    ids = {translate.fill({**told, "side": side}, listed, AccountName("A"), None).id for side in ("buy", "sell")}
    assert len(ids) == 2


# what an answer means


@pytest.mark.parametrize(
    ("exchange", "status", "answer", "meant"),
    [
        ("bybit", 200, {"retCode": 0, "result": {}}, None),
        ("bybit", 200, {"retCode": 110007, "retMsg": "no"}, "insufficient_margin"),
        ("bybit", 200, {"retCode": 10016, "retMsg": "internal error"}, NoAnswer),
        ("bybit", 200, {"retCode": 10006}, Transient),
        ("bybit", 200, {"retCode": 10002}, Transient),
        ("bybit", 200, {"retCode": 999999, "retMsg": "new"}, "refused"),
        ("bybit", 200, {"retCode": 10001, "retMsg": "position idx not match position mode"}, "position_mode"),
        ("bybit", 200, {"retCode": 10001, "retMsg": "params error"}, "bad_request"),
        ("bybit", 200, {"retCode": 4711, "retMsg": "System under Maintenance"}, Transient),
        ("bybit", 200, {"retCode": 10016, "retMsg": "maintenance"}, NoAnswer),
        ("bybit", 403, None, "token_refused"),
        ("bybit", 502, None, NoAnswer),
        ("bybit", 200, None, NoAnswer),
        ("binance", 200, [], None),
        ("binance", 200, {"code": 200, "msg": "success"}, None),
        ("binance", 400, {"code": -2019, "msg": "Margin is insufficient."}, "insufficient_margin"),
        ("binance", 400, {"code": -2010, "msg": "Account has insufficient balance"}, "insufficient_margin"),
        ("binance", 400, {"code": -1013, "msg": "Filter failure: NOTIONAL"}, "below_minimum"),
        ("binance", 400, {"code": -1007, "msg": "Timeout waiting for response"}, NoAnswer),
        ("binance", 503, {"code": -1000, "msg": "Unknown error"}, NoAnswer),
        ("binance", 418, {"code": -1003, "msg": "banned"}, Transient),
        ("binance", 400, {"code": -1021}, Transient),
        ("okx", 200, {"code": "0", "data": []}, None),
        ("okx", 200, {"code": "1", "data": [{"sCode": "51008", "sMsg": "no"}]}, "insufficient_margin"),
        ("okx", 503, {"code": "50001", "msg": "maintenance"}, Transient),
        ("okx", 200, {"code": "50004", "msg": "timeout"}, NoAnswer),
        ("okx", 401, {"code": "50113", "msg": "Invalid Sign"}, "token_refused"),
        ("okx", 429, {"code": "50011", "msg": "Too Many Requests"}, Transient),
    ],
)
def test_verdicts(exchange: str, status: int, answer: object, meant: str | type[Exception] | None) -> None:
    """Refused only where the venue says no; where nobody can know, that; never the one for the other."""
    error = judge(DIALECTS[exchange]("linear", "USDT"), status, {}, "text", answer, NOW)
    if isinstance(error, Refusal):
        assert error.word == meant
    else:
        assert (type(error) if error else None) is meant


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"Retry-After": "7"}, "", 7),
        ({"X-Bapi-Limit-Reset-Timestamp": str(int(NOW.timestamp() * 1000) + 2500)}, "", 2.5),
        ({}, f"IP banned until {int(NOW.timestamp() * 1000) + 120_000}. Use websockets", 120),
        ({}, "", 5),
        ({"Retry-After": "999999"}, "", 3600),
    ],
)
def test_how_long_to_keep_still(headers: dict[str, str], body: str, seconds: float) -> None:
    """In seconds, as a moment, in words, or not at all; never for longer than an hour without asking again."""
    assert wait_s(headers, body, NOW) == pytest.approx(seconds)
