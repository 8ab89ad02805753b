"""What a venue lists, and the least it takes. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from brokers.ccxt.translate import Row, instrument
from brokers.reading import UNREADABLE, number
from core.values.errors import Rejected
from core.values.instrument import Instrument
from core.values.money import plain
from core.values.orders import OrderRequest


class Catalogue:
    """Everything tradable by ticker, which is the venue's own symbol, and by the library's symbol."""

    def __init__(self) -> None:
        self.by_ticker: dict[str, Instrument] = {}
        self.by_symbol: dict[str, Instrument] = {}
        self._least: dict[str, tuple[Decimal, Decimal]] = {}

    def become(self, markets: Iterable[Row], exchange: str, currency: str) -> None:
        """List what trades in `currency`. What is listed no longer can still be read of, in orders and positions."""
        self.by_ticker = {}
        for market in markets:
            try:
                found = instrument(market, exchange)
            except UNREADABLE:
                continue  # one that the venue describes in a way of its own
            if found is None or found.currency != currency:
                continue
            self.by_symbol[found.broker_key] = found
            if market.get("active") is not False:
                self.by_ticker[found.ticker] = found
                least = (number((market["limits"].get(name) or {}).get("min")) for name in ("amount", "cost"))
                pieces, cost = least
                self._least[found.ticker] = (pieces * found.lot, cost)

    def get(self, ticker: str) -> Instrument:
        """Raises Rejected unknown_ticker; delisted where it was listed once."""
        found = self.known(ticker)
        if found.ticker not in self.by_ticker:
            raise Rejected("not_tradable", ticker)
        return found

    def known(self, ticker: str) -> Instrument:
        """Also one that is listed no more: what stands there must be found and ended. Raises Rejected."""
        found = self.by_ticker.get(ticker.upper())
        found = found or next((old for old in self.by_symbol.values() if old.ticker == ticker.upper()), None)
        if found is None:
            raise Rejected("unknown_ticker", ticker)
        return found

    def check(self, request: OrderRequest, listed: Instrument) -> None:
        """Raise Rejected: bad_quantity, bad_price or below_minimum. Orders that only reduce may be small in value."""
        if request.quantity <= 0 or not listed.on_step(request.quantity):
            raise Rejected("bad_quantity", f"{plain(request.quantity)} is no multiple of {plain(listed.step)}")
        for value in (request.price, request.stop_price):
            if value is not None and (value <= 0 or not listed.on_tick(value)):
                raise Rejected("bad_price", f"{plain(value)} is no multiple of {plain(listed.tick)}")
        pieces, cost = self._least.get(listed.ticker, (Decimal(0), Decimal(0)))
        if request.quantity < pieces:
            raise Rejected("below_minimum", f"{plain(pieces)} {listed.basic_asset} is the least")
        price = request.price or request.stop_price or request.arrival
        if price is not None and not request.reduce_only and request.quantity * price < cost:
            raise Rejected("below_minimum", f"{plain(cost)} {listed.currency} is the least an order may be worth")
