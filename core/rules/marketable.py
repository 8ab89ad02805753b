"""Orders at market where a venue takes limit orders only: a limit through the book, at once or not at all."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from core.values.instrument import Instrument
from core.values.market import Quote
from core.values.money import Price
from core.values.orders import OrderRequest, OrderType, Side, TimeInForce

THROUGH_PERCENT = Decimal(1)
"""How far beyond the best price the limit stands."""


def offered(quote: Quote, side: Side) -> Price | None:
    """The best price that an order of this side would meet; None where that side of the book is empty."""
    return quote.ask if side is Side.BUY else quote.bid


def through_book(
    request: OrderRequest, best: Price, instrument: Instrument, percent: Decimal = THROUGH_PERCENT
) -> OrderRequest:
    """The order as immediate-or-cancel at `percent` beyond the best price, rounded towards the book but never short of
    it: further than that nobody meant to go."""
    limit = best * (1 + request.side.sign * percent / 100)
    price = instrument.price_down(limit) if request.side is Side.BUY else instrument.price_up(limit)
    return replace(request, type=OrderType.LIMIT, price=price, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)
