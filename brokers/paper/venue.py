"""The paper exchange of one account: takes orders, lets them meet the book, keeps rows, fills and money."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import count

from brokers.paper.checks import check
from brokers.paper.ledger import Ledger
from brokers.paper.orders import Row, broker_id, new_working, read_journal, resume
from core.ports import Clock, Feed
from core.rules.matching import Working, match
from core.values.accounts import Account, Margin
from core.values.capabilities import Capabilities, Idempotency
from core.values.errors import Rejected
from core.values.fills import Fill
from core.values.ids import BrokerOrderId, OrderId
from core.values.instrument import Instrument
from core.values.market import Quote
from core.values.money import ZERO, Price, Quantity, plain
from core.values.orders import Order, OrderRequest, OrderState, OrderTicket, Side

FILLS_PER_ORDER = 5
"""An order that nobody heard of is asked about for seconds, but fills for as long as the journal was away."""


@dataclass(frozen=True, slots=True)
class Terms:
    """An account's settings, read. fee_percent: of each fill's notional. latency_s: before an order arrives."""

    cash: Decimal
    currency: str
    fee_percent: Decimal
    latency_s: float
    capabilities: Capabilities


class Venue:
    """tell: gets every fill, and every new ticket that the dialect's stream carries, as they happen. keeps: how many
    orders that are over it remembers, and how many times as many of the fills; 0: all of them."""

    def __init__(
        self,
        account: Account,
        terms: Terms,
        feed: Feed,
        instruments: Mapping[str, Instrument],
        clock: Clock,
        tell: Callable[[OrderTicket | Fill], None],
        keeps: int = 0,
    ) -> None:
        self._keeps = keeps
        self._over: deque[Row] = deque()
        self._arrivals = count()
        self._terms, self._feed, self._clock, self._tell = terms, feed, clock, tell
        self._instruments = instruments
        self.ledger = Ledger(account.name, terms.cash, account.leverage_max, instruments)
        self.fills: list[Fill] = []
        self._rows: dict[BrokerOrderId, Row] = {}
        self._latest: dict[OrderId, Row] = {}
        self._live: dict[str, dict[str, Row]] = {}
        self._placed: Counter[OrderId] = Counter()
        self._books: dict[str, Quote] = {}

    def remember(self, orders: Sequence[Order], fills: Sequence[Fill]) -> None:
        """Become what the desk's journal says. Called once, before anything else."""
        self.fills = sorted(fills, key=lambda fill: fill.at)
        for fill in self.fills:
            self.ledger.take(fill)
        for row in read_journal(orders, self.fills):
            if not row.state.final:
                resume(row, next(self._arrivals), reduce_only=self._reduces(row.request))
            self._enter(row)
        journalled = {(fill.order_id, fill.broker_id) for fill in self.fills if fill.order_id}
        journalled |= {(row.request.id, row.broker_id) for row in self._rows.values()}
        self._placed = Counter(order_id for order_id, _ in journalled if order_id)
        for row in [row for row in self._rows.values() if row.working is None]:
            self._forget(row)

    def tickers(self) -> set[str]:
        """With working orders or a position."""
        return {*self._live, *(holding.ticker for holding in self.ledger.holdings())}

    def knows_book(self, ticker: str) -> bool:
        return ticker in self._books

    def take_quote(self, quote: Quote) -> None:
        """A new book offers its sizes: let the working orders of its instrument meet it."""
        self._books[quote.ticker] = quote
        self.expire()
        if quote.trading and quote.ticker in self._live:
            self._match(quote.ticker)

    def accept(self, request: OrderRequest) -> OrderTicket:
        """Take an order, let it meet what is left of the book, and say what became of it.

        Raises Rejected: what brokers.paper.checks refuses, or insufficient_margin. A repeated id: by the dialect.
        """
        before = self._latest.get(request.id)
        if before and self._repeats(before):
            return before.ticket()
        key = broker_id(request.id, self._placed[request.id] + 1)
        row = Row(request, key, OrderState.OPEN, self._clock.now())
        row.working = new_working(request, key, next(self._arrivals), reduce_only=self._reduces(request))
        self._check(row)
        self._placed[request.id] += 1
        self._enter(row)
        self._match(request.ticker, arriving=row)
        return row.ticket()

    def cancel(self, row: Row) -> None:
        """End a working order; nothing happens to one that is over."""
        if row.working is not None:
            self._end(row, OrderState.CANCELLED)

    def expire(self) -> None:
        """End the orders whose time is over."""
        now = self._clock.now()
        for row in self.working_rows():
            if row.request.expires_at is not None and row.request.expires_at <= now:
                self._end(row, OrderState.EXPIRED)

    def expiries(self) -> set[datetime]:
        """The moments at which working orders end by themselves."""
        return {moment for row in self.working_rows() if (moment := row.request.expires_at) is not None}

    def row(self, order: Order) -> Row | None:
        """By the venue's id, else by ours where the dialect's venue can be asked for it."""
        if order.broker_id is not None and order.broker_id in self._rows:
            return self._rows[order.broker_id]
        return self._latest.get(order.id) if self._terms.capabilities.finds_by_order_id else None

    def working_rows(self) -> list[Row]:
        return [row for rows in self._live.values() for row in rows.values()]

    def margin(self) -> Margin:
        equity = self.ledger.equity(self._mark)
        return Margin(equity, equity - self._margin_with(()), self._terms.currency)

    # ----------------------------------------------------------------------------------------------------- inside

    def _check(self, row: Row) -> None:
        request, instrument = row.request, self._instruments[row.request.ticker]
        rivals = [other.working for other in self._live.get(request.ticker, {}).values() if other.working]
        offered = sum((w.left for w in rivals if w.side is Side.SELL and not w.waiting and not w.reduce_only), ZERO)
        sellable = self.ledger.quantity(request.ticker) - offered
        check(request, instrument, self._feed.quote(request.ticker), self._terms.capabilities, sellable)
        if row.working is not None and (row.working.waiting or row.working.reduce_only):
            return  # holds no margin
        needed = self._margin_with((row,))
        if needed > self._margin_with(()) and needed > self.ledger.equity(self._mark):
            raise Rejected("insufficient_margin", f"{plain(round(needed, 2))} {self._terms.currency} needed in all")

    def _margin_with(self, more: Iterable[Row]) -> Decimal:
        rows = [*self.working_rows(), *more]
        working: dict[str, list[Working]] = {row.request.ticker: [] for row in rows}
        for row in rows:
            if row.working is not None:
                working[row.request.ticker].append(row.working)
        return self.ledger.margin(working, self._mark)

    def _mark(self, ticker: str) -> Price | None:
        """The last price; the middle of the book before the first trade."""
        quote = self._feed.quote(ticker)
        if quote is None:
            return None
        if quote.last is None and quote.bid is not None and quote.ask is not None:
            return Price((quote.bid + quote.ask) / 2)
        return quote.last

    def _repeats(self, before: Row) -> bool:
        match self._terms.capabilities.idempotency:
            case Idempotency.ALWAYS:
                return True
            case Idempotency.WHILE_OPEN:
                return before.working is not None
            case Idempotency.NEVER:
                return False

    def _reduces(self, request: OrderRequest) -> bool:
        """A venue without reduce-only never hears of the wish."""
        return request.reduce_only and self._terms.capabilities.reduce_only

    def _enter(self, row: Row) -> None:
        self._rows[row.broker_id] = self._latest[row.request.id] = row
        if row.working is not None:
            self._live.setdefault(row.request.ticker, {})[row.broker_id] = row

    def _match(self, ticker: str, arriving: Row | None = None) -> None:
        rows, step = self._live[ticker], self._instruments[ticker].step
        orders = [row.working for row in rows.values() if row.working]
        matched = match(orders, self._books[ticker], self.ledger.quantity(ticker), step)
        self._books[ticker] = matched.book
        changed = {} if arriving is None else {arriving.broker_id: arriving}
        for working in matched.working:
            rows[working.id].working = working
        for execution in matched.fills:
            row = rows[execution.id]
            self._fill(row, execution.quantity, execution.price)
            changed[row.broker_id] = row
        for ended in matched.ended:
            row = rows[ended.order.id]
            refused = row is arriving and not row.filled
            row.end(OrderState.REJECTED if refused else OrderState.CANCELLED, self._clock.now(), ended.reason)
            changed[row.broker_id] = row
        for row in changed.values():
            self._tell_ticket(row)

    def _fill(self, row: Row, quantity: Quantity, price: Price) -> None:
        notional = self._instruments[row.request.ticker].notional(price, quantity)
        fill = row.next_fill(quantity, price, notional * self._terms.fee_percent / 100, self._clock.now())
        row.take(fill)
        self.ledger.take(fill)
        self.fills.append(fill)
        self._tell(fill)

    def _end(self, row: Row, state: OrderState) -> None:
        row.end(state, self._clock.now())
        self._tell_ticket(row)

    def _tell_ticket(self, row: Row) -> None:
        if row.working is None:
            rows = self._live.get(row.request.ticker, {})
            rows.pop(row.broker_id, None)
            if not rows:
                self._live.pop(row.request.ticker, None)
            self._forget(row)
        if self._terms.capabilities.stop_events or not row.request.type.triggered:
            self._tell(row.ticket())

    def _forget(self, over: Row) -> None:
        """One order more is over: the eldest of them goes. Nobody asks for it, and the journal has it."""
        if not self._keeps:
            return
        self._over.append(over)
        if len(self._over) > self._keeps:
            row = self._over.popleft()
            del self._rows[row.broker_id]
            if self._latest.get(row.request.id) is row:
                del self._latest[row.request.id], self._placed[row.request.id]
        del self.fills[: -self._keeps * FILLS_PER_ORDER]
