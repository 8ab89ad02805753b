"""Orders at market where a venue takes limit orders only."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.rules.marketable import offered, through_book
from core.values.ids import AccountName, IntentId, OrderId
from core.values.instrument import Instrument, InstrumentKind
from core.values.market import Quote
from core.values.money import Price, Quantity
from core.values.orders import OrderRequest, OrderRole, OrderType, Purpose, Side, TimeInForce
from tests.desk import TESTING
from tests.guard import quote

D = Decimal
SHARE = Instrument("SBER", "MOEX", InstrumentKind.SHARE, "RUB", Quantity(D(10)), D("0.05"), Quantity(D(10)))


def order(side: Side) -> OrderRequest:
    return OrderRequest(
        id=OrderId("o"),
        intent=IntentId("i"),
        account=AccountName(TESTING),
        ticker="SBER",
        side=side,
        type=OrderType.MARKET,
        quantity=Quantity(D(10)),
        role=OrderRole.EXIT,
        purpose=Purpose.EXIT,
        because=(),
    )


@pytest.mark.parametrize(
    ("side", "best", "limit"),
    [(Side.BUY, "200", "202"), (Side.SELL, "200", "198"), (Side.BUY, "201.15", "203.15"), (Side.SELL, "0.05", "0.05")],
)
def test_a_limit_goes_a_percent_through_the_book(side: Side, best: str, limit: str) -> None:
    """At once or not at all; rounded towards the book, never to nothing."""
    sent = through_book(order(side), Price(D(best)), SHARE)
    assert (sent.type, sent.price, sent.time_in_force) == (OrderType.LIMIT, D(limit), TimeInForce.IMMEDIATE_OR_CANCEL)


def test_what_an_order_meets_is_the_other_side() -> None:
    """A buyer the ask, a seller the bid; an empty side nobody."""
    book: Quote = quote("200")
    assert (offered(book, Side.BUY), offered(book, Side.SELL)) == (D("200.01"), D(200))
    assert offered(Quote("SBER", book.at, None, Price(D(201))), Side.SELL) is None
