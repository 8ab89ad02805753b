"""What the paper venue refuses before it takes an order, in the desk's own code words where it has them."""

from __future__ import annotations

from decimal import Decimal

from core.values.capabilities import Capabilities
from core.values.errors import Rejected
from core.values.instrument import Instrument
from core.values.market import Quote
from core.values.money import ZERO, plain
from core.values.orders import OrderRequest, OrderType, Side


def check(
    request: OrderRequest, instrument: Instrument, quote: Quote | None, able: Capabilities, sellable: Decimal
) -> None:
    """Raise Rejected: bad_quantity, bad_price, no_market_orders, no_stops, market_closed or short.

    sellable: pieces held and not yet offered by working orders.
    """
    if request.quantity <= 0 or not instrument.on_step(request.quantity):
        raise Rejected("bad_quantity", f"{plain(request.quantity)} is no multiple of {plain(instrument.step)}")
    _check_prices(request, instrument)
    if request.type is OrderType.MARKET and not able.market_orders:
        raise Rejected("no_market_orders", "this venue takes limit orders only")
    if request.type.triggered and not able.native_stops:
        raise Rejected("no_stops", "this venue keeps no stop orders")
    if quote is None or not quote.trading:
        raise Rejected("market_closed", request.ticker)
    short = request.side is Side.SELL and request.quantity > max(ZERO, sellable)
    if short and not (instrument.shortable and able.short_selling):
        raise Rejected("short", request.ticker)


def _check_prices(request: OrderRequest, instrument: Instrument) -> None:
    price = None if request.type is OrderType.MARKET else request.price
    if request.type is OrderType.LIMIT and price is None:
        raise Rejected("bad_price", "a limit order has a price")
    if request.type.triggered and request.stop_price is None:
        raise Rejected("bad_price", "a triggered order has a stop price")
    level = request.stop_price if request.type.triggered else None
    for value in (price, level):
        if value is not None and (value <= 0 or not instrument.on_tick(value)):
            raise Rejected("bad_price", f"{plain(value)} is no multiple of {plain(instrument.tick)}")
