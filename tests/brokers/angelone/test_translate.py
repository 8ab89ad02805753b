"""Tags, times, states and refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.angelone import codes, listing, translate
from brokers.angelone.account import holdings, margin
from brokers.angelone.listing import Catalogue
from brokers.reading import number
from core.values.ids import AccountName, DeskId, OrderId, derive_id, desk_of
from core.values.instrument import Instrument
from core.values.money import NO_QUANTITY, Quantity
from core.values.orders import OrderState, OrderType, Side

NOW = datetime(2026, 11, 18, 5, tzinfo=UTC)
ROW = {
    "token": "3045",
    "symbol": "SBIN-EQ",
    "name": "SBIN",
    "expiry": "",
    "strike": "-1.000000",
    "lotsize": "1",
    "instrumenttype": "",
    "exch_seg": "NSE",
    "tick_size": "5.000000",
}
ORDER = {
    "variety": "NORMAL",
    "ordertype": "LIMIT",
    "price": Decimal("194.00"),
    "triggerprice": 0,
    "quantity": "10",
    "tradingsymbol": "SBIN-EQ",
    "transactiontype": "BUY",
    "exchange": "NSE",
    "symboltoken": None,
    "averageprice": Decimal("193.95"),
    "filledshares": "4",
    "orderid": "201020000000080",
    "text": "",
    "status": "open",
    "orderstatus": "open",
    "updatetime": "20-Oct-2020 13:10:59",
    "ordertag": "",
}


def share() -> Instrument:
    found = listing.read(ROW)
    assert found is not None
    return found


# tags


@given(desk=st.integers(0, 2**32 - 1), cause=st.text(max_size=20))
def test_a_tag_is_short_and_tells_the_desk(desk: int, cause: str) -> None:
    """Fewer than twenty characters that every exchange takes; the id it leads back to names the same desk, and has the
    same tag."""
    order_id = OrderId(derive_id(DeskId(desk), cause))
    tag = translate.tag_of(order_id)
    like = translate.id_like(tag)
    assert len(tag) == 19
    assert tag.isalnum()
    assert like is not None
    assert desk_of(like) == desk
    assert translate.tag_of(like) == tag


def test_tags_of_many_orders_differ() -> None:
    """A hundred thousand of one desk."""
    ids = (OrderId(derive_id(DeskId(7), str(number))) for number in range(100_000))
    assert len({translate.tag_of(order_id) for order_id in ids}) == 100_000


@pytest.mark.parametrize("tag", ["", "mine", "10007712", "OABCDEFGHIJKLMNOP1A", "XABCDEFGHIJKLMNOPQR", "O" * 20])
def test_other_programs_tags_are_nobodys(tag: str) -> None:
    """Of another length, mark or alphabet."""
    assert translate.id_like(tag) is None


# orders


@pytest.mark.parametrize(
    ("status", "filled", "state"),
    [
        ("open", "0", OrderState.OPEN),
        ("open", "4", OrderState.PART_FILLED),
        ("open pending", "0", OrderState.OPEN),
        ("validation pending", "0", OrderState.OPEN),
        ("trigger pending", "0", OrderState.OPEN),
        ("modified", "4", OrderState.PART_FILLED),
        ("Complete", "10", OrderState.FILLED),
        ("cancelled", "4", OrderState.CANCELLED),
        ("rejected", "0", OrderState.REJECTED),
        ("after market order req received", "0", OrderState.OPEN),
        ("cancelled after market order", "0", OrderState.CANCELLED),
        ("something new", "0", OrderState.OPEN),
    ],
)
def test_a_state_is_read_from_words(status: str, filled: str, state: OrderState) -> None:
    """What is not known to be over may still work."""
    assert translate.state({**ORDER, "orderstatus": status, "filledshares": filled}) is state


def test_an_order_is_read_as_the_document_shows_it() -> None:
    """Numbers and texts alike, times of India, no token."""
    ticket = translate.ticket(ORDER, share(), NOW)
    assert (ticket.side, ticket.type) == (Side.BUY, OrderType.LIMIT)
    assert (str(ticket.quantity), str(ticket.filled)) == ("10", "4")
    assert (ticket.price, ticket.average_price, ticket.stop_price) == (Decimal(194), Decimal("193.95"), None)
    assert ticket.at == datetime(2020, 10, 20, 7, 40, 59, tzinfo=UTC)
    assert (ticket.order_id, ticket.broker_id) == (None, "201020000000080")


def test_a_trade_is_of_the_last_day() -> None:
    """The trade book tells a time without a date: after midnight yesterday's afternoon is no moment to come."""
    row = {
        "orderid": "1",
        "fillid": "7",
        "transactiontype": "SELL",
        "fillsize": "5",
        "fillprice": "175.05",
        "filltime": "13:27:53",
    }
    midnight = datetime(2026, 11, 18, 19, tzinfo=UTC)
    today, yesterday = (
        translate.fill(row, share(), AccountName("A"), now, None)
        for now in (datetime(2026, 11, 18, 9, tzinfo=UTC), midnight)
    )
    assert today.at == yesterday.at == datetime(2026, 11, 18, 7, 57, 53, tzinfo=UTC)
    assert (today.id, today.side) == ("1-7", Side.SELL)
    assert (str(today.quantity), str(today.price)) == ("5", "175.05")
    assert midnight - yesterday.at < timedelta(days=1)


# the account


def test_holdings_and_positions_add_up() -> None:
    """Ten shares of earlier days, four of them sold today, five bought: eleven."""
    catalogue = Catalogue()
    catalogue._add(share())
    positions = [
        {"exchange": "NSE", "tradingsymbol": "SBIN-EQ", "symboltoken": "3045", "netqty": "-4", "avgnetprice": "200"},
        {"exchange": "NSE", "tradingsymbol": "SBIN-EQ", "symboltoken": "3045", "netqty": "5", "avgnetprice": "210"},
        {"exchange": "NSE", "tradingsymbol": "OTHER-EQ", "symboltoken": "9", "netqty": "0", "avgnetprice": ""},
        {"exchange": "MCX", "tradingsymbol": "GOLD", "symboltoken": "8", "netqty": "2", "netprice": "100"},
    ]
    owned = [
        {"exchange": "NSE", "tradingsymbol": "SBIN-EQ", "symboltoken": "3045", "quantity": 10, "averageprice": 150}
    ]
    held = {holding.ticker: holding.quantity for holding in holdings(positions, owned, catalogue)}
    assert held == {"SBIN": Quantity(Decimal(11)), "GOLD": Quantity(Decimal(2))}


def test_margin_counts_what_is_held() -> None:
    """Empty texts are nothing."""
    told = margin({"net": "9000.50", "utiliseddebits": "1000", "availablecash": ""}, "INR")
    assert (told.equity, told.free, told.currency) == (Decimal("10000.50"), Decimal("9000.50"), "INR")


# refusals


@pytest.mark.parametrize(
    ("code", "message", "word"),
    [
        ("AG7002", "Unregistered IP", "static_ip"),
        ("", "Request from unregistered IP address", "static_ip"),
        ("", "Static IP is mandatory for algo orders", "static_ip"),
        ("AB1050", "Invalid totp", "totp_refused"),
        ("AG8004", "Invalid API Key", "api_key_refused"),
        ("AB1000", "Invalid Email Or Password", "login_refused"),
        ("AB4014", "Quantity should be multiple of lot size", "bad_quantity"),
        ("", "Your order has been rejected due to Insufficient Funds", "insufficient_margin"),
        ("", "Order price is beyond the Limit Price Protection range defined by the exchange", "price_limits"),
        ("", "Market orders are not allowed for API users", "limit_only"),
        ("", "Markets are closed right now", "market_closed"),
        ("AB1013", "Order not found", "unknown_order"),
        ("AB1007", "Login Id or password is invalid", "login_refused"),
        ("AB1006", "Client Is Block For Trading", "account_blocked"),
        ("AB9999", "No reason that we know", "refused"),
    ],
)
def test_a_refusal_has_a_word(code: str, message: str, word: str) -> None:
    """By its code, else by what it says."""
    assert codes.word(code, message) == word


def test_nothing_is_what_it_says() -> None:
    """Fields left empty are zero, not an error."""
    assert number("") == number(None) == NO_QUANTITY
