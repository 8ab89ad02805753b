"""Alpaca's JSON, both ways, without a wire."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from brokers.alpaca import account, listing, translate
from brokers.reading import UNREADABLE
from core.values.ids import AccountName, IntentId, OrderId
from core.values.money import Price, Quantity
from core.values.orders import OrderRequest, OrderRole, OrderState, OrderType, Purpose, Side, TimeInForce

OURS = OrderId("00000007-1234-8567-89ab-0123456789ab")
REQUEST = OrderRequest(
    id=OURS,
    intent=IntentId("i"),
    account=AccountName("Testing"),
    ticker="AAPL",
    side=Side.SELL,
    type=OrderType.LIMIT,
    quantity=Quantity(Decimal(5)),
    role=OrderRole.TASK,
    purpose=Purpose.WORKING,
    because=(),
    price=Price(Decimal("189.50")),
)
ORDER = {
    "id": "61e69015-8549-4bfd-b9c3-01e75843f47d",
    "client_order_id": OURS,
    "created_at": "2026-11-20T15:00:00.123456789Z",
    "symbol": "AAPL",
    "qty": "5",
    "filled_qty": "0",
    "filled_avg_price": None,
    "type": "limit",
    "side": "sell",
    "limit_price": "189.5",
    "stop_price": None,
    "status": "new",
}
STOP = Price(Decimal(180))


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        ({}, {"type": "limit", "limit_price": "189.5", "time_in_force": "gtc"}),
        ({"time_in_force": TimeInForce.DAY}, {"time_in_force": "day"}),
        ({"time_in_force": TimeInForce.IMMEDIATE_OR_CANCEL}, {"time_in_force": "ioc"}),
        ({"type": OrderType.MARKET}, {"type": "market", "time_in_force": "day", "limit_price": None}),
        (
            {"type": OrderType.STOP, "price": None, "stop_price": STOP},
            {"type": "stop", "stop_price": "180", "time_in_force": "gtc", "limit_price": None},
        ),
        (
            {"type": OrderType.STOP, "stop_price": STOP},
            {"type": "stop_limit", "stop_price": "180", "limit_price": "189.5"},
        ),
        (
            {"type": OrderType.TAKE_PROFIT, "price": None, "stop_price": STOP},
            {"type": "limit", "limit_price": "180", "client_order_id": f"{OURS}-tp"},
        ),
        ({"quantity": Quantity(Decimal("0.25"))}, {"qty": "0.25", "time_in_force": "day"}),
    ],
)
def test_orders_as_the_venue_takes_them(changes: dict[str, Any], body: dict[str, Any]) -> None:
    """Kind, prices and how long it rests."""
    made = translate.order_body(replace(REQUEST, **changes))
    assert {name: made.get(name) for name in body} == body
    assert (made["symbol"], made["side"]) == ("AAPL", "sell")


def test_an_order_without_its_price_is_none() -> None:
    """Rather than one at any price."""
    with pytest.raises(ValueError, match="no price"):
        translate.order_body(replace(REQUEST, price=None))


@pytest.mark.parametrize(
    ("status", "filled", "state"),
    [
        ("pending_new", "0", OrderState.OPEN),
        ("accepted", "0", OrderState.OPEN),
        ("new", "0", OrderState.OPEN),
        ("held", "0", OrderState.OPEN),
        ("partially_filled", "2", OrderState.PART_FILLED),
        ("pending_cancel", "2", OrderState.PART_FILLED),
        ("done_for_day", "2", OrderState.PART_FILLED),
        ("filled", "5", OrderState.FILLED),
        ("canceled", "2", OrderState.CANCELLED),
        ("replaced", "0", OrderState.CANCELLED),
        ("expired", "0", OrderState.EXPIRED),
        ("rejected", "0", OrderState.REJECTED),
        ("a_word_of_tomorrow", "0", OrderState.OPEN),
    ],
)
def test_states(status: str, filled: str, state: OrderState) -> None:
    """A word that is not known yet is no end."""
    row = ORDER | {"status": status, "filled_qty": filled, "filled_avg_price": "189.6"}
    assert translate.ticket(row).state is state


def test_an_order_of_ours_is_known_by_its_id() -> None:
    """One of anybody else is not, whatever it is called."""
    assert translate.ticket(ORDER).order_id == OURS
    for other in ("eb9e2aaa-f71a-4f51-b5b4-52a6c565dad4", "mine-tp", "", None):
        assert translate.ticket(ORDER | {"client_order_id": other}).order_id is None


def test_an_execution_is_the_same_by_stream_and_by_list() -> None:
    """Told under two numbers: what the order had filled with it names it."""
    order = ORDER | {"status": "partially_filled", "filled_qty": "3.0"}
    event = {"event": "partial_fill", "price": "189.61", "qty": "1", "timestamp": "2026-11-20T15:00:01Z"}
    heard = translate.executed({**event, "execution_id": "x", "order": order}, AccountName("T"))
    listed = translate.activity(
        {"id": "20261120150001000::y", "order_id": order["id"], "symbol": "AAPL", "side": "sell_short", "qty": "1"}
        | {"price": "189.61", "cum_qty": "3", "transaction_time": "2026-11-20T15:00:01Z"},
        OURS,
        AccountName("T"),
    )
    assert heard == listed


def test_news_that_are_no_execution_tell_none() -> None:
    """Such as a cancel of an order that had filled in part."""
    order = ORDER | {"status": "canceled", "filled_qty": "3"}
    assert translate.executed({"event": "canceled", "order": order}, AccountName("T")) is None


@pytest.mark.parametrize(
    ("row", "free"),
    [
        ({"multiplier": "2", "regt_buying_power": "8000"}, "4000"),
        ({"multiplier": "4", "regt_buying_power": "8000", "buying_power": "16000"}, "4000"),
        ({"multiplier": "1", "buying_power": "3000"}, "3000"),
        ({"multiplier": "2", "regt_buying_power": "90000"}, "10000"),
        ({"multiplier": "2", "regt_buying_power": "-5"}, "0"),
    ],
)
def test_what_is_free_of_an_account(row: dict[str, str], free: str) -> None:
    """Buying power over the leverage that may be kept overnight; never more than the equity, never less than 0."""
    told = translate.margin({"equity": "10000", **row}, "USD")
    assert (told.equity, told.free, told.currency) == (Decimal(10000), Decimal(free), "USD")


def test_a_short_holding_is_negative() -> None:
    """However its sign is told."""
    row = {"symbol": "AAPL", "side": "short", "avg_entry_price": "190"}
    assert [translate.holding(row | {"qty": text}).quantity for text in ("5", "-5")] == [-5, -5]


ACCOUNT = {"id": "a", "status": "ACTIVE", "multiplier": "2", "equity": "20000", "shorting_enabled": True}


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({}, None),
        ({"daytrade_count": 1}, 2),
        ({"daytrade_count": 4}, 0),
        ({"daytrade_count": 4, "equity": "28000.01"}, None),
        ({"daytrade_count": 4, "multiplier": "1"}, None),
    ],
)
def test_day_trades_are_counted_where_the_venue_counts_them(changes: dict[str, object], left: int | None) -> None:
    """On margin, at 28,000 dollars or less; the rule ended in 2026 and its fields with it."""
    assert account.standing(ACCOUNT | changes).day_trades_left == left


@pytest.mark.parametrize("change", [{"status": "ONBOARDING"}, {"trading_blocked": True}, {"account_blocked": True}])
def test_an_account_that_may_not_trade(change: dict[str, object]) -> None:
    """Whoever says so."""
    assert account.standing(ACCOUNT | change).blocked
    assert not account.standing(ACCOUNT).blocked


# what is listed


ASSET = {
    "class": "us_equity",
    "exchange": "NASDAQ",
    "symbol": "AAPL",
    "name": "Apple",
    "status": "active",
    "tradable": True,
    "shortable": True,
    "easy_to_borrow": True,
    "fractionable": True,
}


def listed(*rows: dict[str, object], shorts: bool = True, fractional: bool = False) -> list[Any]:
    return listing.instruments(json.dumps(rows).encode(), shorts=shorts, fractional=fractional)


def test_only_what_can_be_traded_is_listed() -> None:
    """Delisted names, coins and options are not."""
    others = [ASSET | change for change in ({"tradable": False}, {"status": "inactive"}, {"class": "crypto"})]
    assert [i.ticker for i in listed(ASSET, *others)] == ["AAPL"]


@pytest.mark.parametrize(
    ("changes", "shorts", "shortable"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"easy_to_borrow": False}, True, False),
        ({"shortable": False}, True, False),
    ],
)
def test_what_may_be_sold_short(changes: dict[str, object], shorts: bool, shortable: bool) -> None:  # noqa: FBT001 - a table's columns
    """Where the account may, and what is easy to borrow."""
    [found] = listed(ASSET | changes, shorts=shorts)
    assert found.shortable is shortable


def test_charts_call_exchanges_by_their_own_names() -> None:
    """Arca's funds are AMEX to a chart, delayed data has a name of its own, and free data is Cboe's."""
    [spy] = listed(ASSET | {"symbol": "SPY", "exchange": "ARCA"})
    assert spy.venues >= {"ARCA", "AMEX", "AMEX_DLY", "BATS", "ALPACA"}
    assert "NASDAQ" not in spy.venues
    assert spy.exchange in spy.venues


def test_a_step_is_a_share_or_a_part_of_one() -> None:
    """A part only where the setting and the name allow it."""
    steps = [listed(row, fractional=on)[0].step for row, on in ((ASSET, False), (ASSET, True))]
    [whole] = listed(ASSET | {"fractionable": False}, fractional=True)
    assert (*steps, whole.step) == (Decimal(1), Decimal("0.000001"), Decimal(1))


def test_what_is_no_list_is_none() -> None:
    """An error of the venue must not pass for an empty market."""
    with pytest.raises(ValueError, match="no list"):
        listing.instruments(b'{"message": "down"}', shorts=True, fractional=False)


# when


def test_w_42_days_are_new_yorks() -> None:
    """Half past nine is 14:30 or 13:30 in UTC; an early close ends early; a day outside the span is left out."""
    rows = [
        {"date": day, "open": "09:30", "close": close, "session_open": "0400", "session_close": "2000"}
        for day, close in (("2026-11-27", "13:00"), ("2026-03-06", "16:00"), ("2026-03-09", "16:00"))
    ]
    start, end = datetime(2026, 3, 8, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    regular = listing.days(rows, start, end, extended=False)
    assert [(s.opens_at.date(), s.opens_at.hour, s.closes_at.hour) for s in regular] == [
        (date(2026, 3, 9), 13, 20),
        (date(2026, 11, 27), 14, 18),
    ]
    assert [s.opens_at.hour for s in listing.days(rows, start, end, extended=True)] == [8, 9]


def test_an_answer_of_the_clock_holds_until_it_changes() -> None:
    """Open until the close, closed until the open, and then open."""
    now = datetime(2026, 11, 20, 15, tzinfo=UTC)
    times = {"next_open": "2026-11-23T09:30:00-05:00", "next_close": "2026-11-20T16:00:00-05:00"}
    hours = listing.hours({"is_open": True, **times}, now)
    assert [hours.at(now + timedelta(hours=h)) for h in (0, 5.9, 6)] == [True, True, False]
    shut = listing.hours({"is_open": False, **times, "next_close": "2026-11-23T16:00:00-05:00"}, now)
    monday = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
    assert [shut.at(at) for at in (now, monday, monday + timedelta(hours=7))] == [False, True, False]


@pytest.mark.parametrize(
    ("seconds", "name"),
    [(60, "1Min"), (900, "15Min"), (3600, "1Hour"), (14400, "4Hour"), (86400, "1Day"), (604800, "1Week")]
    + [(n, None) for n in (0, -60, 1, 90, 5400, 172800)],
)
def test_lengths_of_bars(seconds: int, name: str | None) -> None:
    """As the venue calls them; none where it makes none."""
    assert listing.timeframe(seconds) == name


JUNK: tuple[object, ...] = (
    None,
    "",
    "x",
    "NaN",
    "-Infinity",
    "1e999",
    [],
    {},
    [1],
    {"a": 1},
    True,
    -1,
    10**40,
    "2026-13-45T99:00:00Z",
)
ACTIVITY = {"order_id": "7", "symbol": "AAPL", "side": "buy", "qty": "1", "price": "2", "cum_qty": "1"}
ACTIVITY |= {"transaction_time": "2026-11-20T15:00:01Z"}


@pytest.mark.parametrize("name", sorted({*ORDER, *ACTIVITY, *ACCOUNT, "event", "timestamp", "order"}))
def test_junk_is_unreadable_or_harmless(name: str) -> None:
    """Whatever stands in a field, or none at all: a readable error, or a value whose figures are finite."""
    event = {"event": "fill", "price": "189.6", "qty": "5", "timestamp": "2026-11-20T15:00:00Z"}
    order = ORDER | {"status": "filled", "filled_qty": "5", "filled_avg_price": "189.6"}
    readers = (
        lambda junk: translate.ticket(order | junk).average_price,
        lambda junk: translate.executed({**event, "order": order | junk} | junk, AccountName("T")),
        lambda junk: translate.activity(ACTIVITY | junk, None, AccountName("T")).price,
        lambda junk: translate.margin(ACCOUNT | junk, "USD").free,
        lambda junk: account.standing(ACCOUNT | junk),
        lambda junk: translate.holding({**ACTIVITY, **junk}).quantity,
    )
    for junk in JUNK:
        for read in readers:
            try:
                found = read({name: junk})
            except UNREADABLE:
                continue
            assert not isinstance(found, Decimal) or found.is_finite()
