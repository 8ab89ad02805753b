"""What a paper account owns: net positions, cash and margin, computed from its fills."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from core.rules.matching import Working
from core.values.fills import Fill, Holding, Position, apply
from core.values.ids import AccountName, PositionId
from core.values.instrument import Instrument
from core.values.money import NO_QUANTITY, ZERO, Price, Quantity
from core.values.orders import BY_HAND, Side

Mark = Callable[[str], Price | None]
"""What one piece of a ticker is worth now; None where nothing is known."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Ledger:
    """leverage: notional that one unit of collateral carries. Prices and cash are in the account's one currency."""

    def __init__(
        self, account: AccountName, cash: Decimal, leverage: Decimal, instruments: Mapping[str, Instrument]
    ) -> None:
        self._account, self._start, self._leverage = account, cash, leverage
        self._instruments = instruments
        self._positions: dict[str, Position] = {}

    def take(self, fill: Fill) -> None:
        self._positions[fill.ticker] = apply(self._position(fill.ticker), fill)

    def quantity(self, ticker: str) -> Quantity:
        """Signed pieces."""
        return self._position(ticker).quantity

    def holdings(self) -> Sequence[Holding]:
        return [Holding(p.ticker, p.quantity, p.average_price) for p in self._positions.values() if p.is_open]

    def cash(self) -> Decimal:
        """Start money, what was realised since, less fees."""
        return self._start + sum(
            (p.realised * self._point_value(p.ticker) - p.fees for p in self._positions.values()), ZERO
        )

    def equity(self, mark: Mark) -> Decimal:
        """Cash and the profit that is open at `mark`."""
        return self.cash() + sum((self._open_profit(p, mark) for p in self._positions.values() if p.is_open), ZERO)

    def margin(self, working: Mapping[str, Iterable[Working]], mark: Mark) -> Decimal:
        """Collateral held by positions and by what working orders could add to them on the worse side.

        Waiting stops and reduce-only orders hold none.
        """
        tickers = self._positions.keys() | working.keys()
        total = sum((self._exposure(ticker, working.get(ticker, ()), mark) for ticker in tickers), ZERO)
        return total / self._leverage

    def _exposure(self, ticker: str, working: Iterable[Working], mark: Mark) -> Decimal:
        held = self.quantity(ticker)
        price = mark(ticker) or self._position(ticker).average_price
        sides = {Side.BUY: ZERO, Side.SELL: ZERO}
        orders = [order for order in working if not order.waiting and not order.reduce_only]
        for side in sides:
            mine = [order for order in orders if order.side is side]
            pieces = sum((order.left for order in mine), ZERO)
            value = sum((order.left * (order.price or price) for order in mine), ZERO)
            beyond = max(ZERO, pieces - max(ZERO, -held * side.sign))
            sides[side] = max(ZERO, held * side.sign) * price + (value * beyond / pieces if pieces else ZERO)
        return max(abs(held) * price, *sides.values()) * self._point_value(ticker)

    def _open_profit(self, position: Position, mark: Mark) -> Decimal:
        price = mark(position.ticker)
        if price is None:
            return ZERO
        return (price - position.average_price) * position.quantity * self._point_value(position.ticker)

    def _position(self, ticker: str) -> Position:
        found = self._positions.get(ticker)
        return found or Position(
            PositionId(ticker), self._account, ticker, BY_HAND, NO_QUANTITY, Price(ZERO), _EPOCH, _EPOCH
        )

    def _point_value(self, ticker: str) -> Decimal:
        instrument = self._instruments.get(ticker)
        return Decimal(1) if instrument is None else instrument.point_value
