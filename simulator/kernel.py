"""The rules alone: what the desk would do with one strategy on one symbol, without a desk.

Orders meet prices by `core.rules.matching`, stops are aimed by `core.rules.aims`, and everything happens in the order
of the live job (core.jobs.strategies): resting orders first, then protection, then the strategy, then what it wants. A
price that reaches no order of the run meets nothing but the strategy.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

from core.ports.strategies import Bid, Environment, Strategy, Update
from core.rules.aims import away, stop_by, ticks
from core.rules.closing import CLOSE_LEAD, SCHEDULE_AHEAD, closes_at
from core.rules.matching import NOTHING_TO_REDUCE, Working, match
from core.rules.sessions import ALWAYS, sessions
from core.values.fills import Fill, Position, apply
from core.values.ids import AccountName, FillId, PositionId
from core.values.instrument import Instrument
from core.values.market import Quote
from core.values.money import NO_QUANTITY, ZERO, Price, Quantity
from core.values.orders import BY_HAND, OrderType, Side
from simulator.market import Bar, Beat
from simulator.script import Begin, Plan, State, script
from simulator.trades import Execution, Outcome, joined

ENTRY, STOP, OFFER, EXIT = "entry", "stop", "offer", "exit"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOBODY = AccountName("")


def simulate(plan: Plan) -> Outcome:
    """Raises ValueError for a strategy whose exit rule asks for more than a stop: the desk replay knows them all."""
    kernel, state = Kernel(plan), State()
    for event in script(plan, state):
        if state.skipped is not None:
            kernel.skip(state.skipped)
            state.skipped = None
        if isinstance(event, Begin):
            kernel.begin(event.at)
        else:
            kernel.take(event)
        state.running, state.held, state.quiet = kernel.running, kernel.held, kernel.quiet()
    fills, runs = joined(kernel.executions), tuple(kernel.runs)
    return Outcome(fills, runs, kernel.entered, kernel.orders, state.bars, tuple(state.played))


class Kernel:
    """One account with one symbol. Long only, as strategies are."""

    def __init__(self, plan: Plan) -> None:
        self._instrument: Instrument = plan.history.instrument
        self._kind, self._fee, self._cash = plan.kind, plan.conditions.fee_percent, plan.cash
        self._numbers = count()
        self._working: dict[str, Working] = {}
        self._levels: dict[str, int] = {}
        self._fired = False
        self._end: tuple[datetime, datetime | None] | None = None
        self._slip = plan.conditions.slip
        self._after = plan.history.interval_s - 1
        self._position = Position(
            PositionId(""), _NOBODY, self._instrument.ticker, BY_HAND, NO_QUANTITY, Price(ZERO), _EPOCH, _EPOCH
        )
        self._book: Quote | None = None
        self._beat = Beat(0, 0, 0, 0, 0)
        self._strategy: Strategy | None = None
        self._tried: Bid | None = None
        self._offer: Price | None = None
        self._changed = self._bought = False
        self._idle = ""
        self.executions: list[Execution] = []
        self.runs: list[datetime] = []
        self.entered = self.orders = 0

    @property
    def running(self) -> bool:
        return self._strategy is not None

    @property
    def held(self) -> Quantity:
        return self._position.quantity

    # events

    def begin(self, at: int) -> None:
        now = datetime.fromtimestamp(at, UTC)
        money = self._cash + self._position.realised * self._instrument.point_value - self._position.fees
        env = Environment(self._instrument, now, closes_at=self._closes_at(now), cash=money)
        self._strategy = self._kind.begin(env)
        self._tried, self._bought = None, False
        self.runs.append(now)

    def take(self, beat: Beat) -> None:
        """One price: resting orders, protection, the strategy, what it wants."""
        self._beat, self._book = beat, None
        if self._strategy is None:
            return
        env = self._strategy.env
        env.now = datetime.fromtimestamp(beat.at, UTC)
        if self._reached(beat) and self._meet():
            self._guard()
            if not env.over:
                self._look(self._strategy)
        if not env.over:
            self._remember(env, beat.price, beat.at)
            self._look(self._strategy)
        if env.over:
            self._leave()

    def skip(self, bar: Bar) -> None:
        """Bars went by in which nothing could happen; this was the last of them."""
        if self._strategy is not None:
            self._remember(self._strategy.env, bar.close, bar.at + self._after)

    def quiet(self) -> tuple[int, int, float] | None:
        """Between which ticks, and before which second, neither an order nor the strategy has anything to do; None
        where that is not known. Only a bid that waits is known to be so."""
        if self._strategy is None or self.held or ENTRY not in self._levels:
            return None
        band = self._strategy.quiet()
        if band is None:
            return None
        level, until = band
        high = ticks(self._instrument.price_up(level), self._instrument)
        closes_at = self._strategy.env.closes_at
        if closes_at is not None:
            until = min(until, closes_at - CLOSE_LEAD)
        low = max(self._levels[ENTRY], self._levels.get(STOP, 0) + self._slip(high))
        return low, high, until.timestamp()

    # the strategy

    def _remember(self, env: Environment, price: int, second: int) -> None:
        tick, slip = self._instrument.tick, self._slip(price)
        bid, ask = Price(max(1, price - slip) * tick), Price((price + slip) * tick)
        env.recent.append(Update(datetime.fromtimestamp(second, UTC), Price(price * tick), bid, ask))

    def _look(self, strategy: Strategy) -> None:
        """Ask it of the last price, make what it wants so, and again while that changes anything."""
        env, self._changed = strategy.env, True
        while self._changed and not env.over:
            self._changed = False
            self._ask(strategy)
            if env.closes_at is not None and env.now >= env.closes_at - CLOSE_LEAD:
                env.over = True
            if not env.over:
                self._make_so(env)

    def _ask(self, strategy: Strategy) -> None:
        strategy.env.held = self.held
        strategy.env.average = self._position.average_price if self.held else None
        if strategy.bought:
            strategy.sell_logic()
        else:
            strategy.buy_logic()

    def _make_so(self, env: Environment) -> None:
        standing = self._working.get(ENTRY)
        if standing is not None:
            if env.bid is None or (standing.price, standing.left) != (env.bid.price, env.bid.quantity):
                self._drop(ENTRY)
                self._guard()
        elif env.bid is not None and env.bid is not self._tried:
            self._enter(env, env.bid)
        if self.held and self._offer != env.offer:
            self._offer = env.offer
            self._guard()

    def _enter(self, env: Environment, bid: Bid) -> None:
        """The stop goes first; an entry whose stop does not stand is never sent."""
        rule, self._tried = bid.rule, bid
        if rule.stop is None:
            env.over = True
            return
        if rule.target is not None or rule.trailing is not None or rule.ladder or rule.hold_s is not None:
            raise ValueError("the kernel knows exits by a stop alone; use the desk replay")
        self._rule = rule
        level = self._instrument.price_up(away(bid.price, -rule.stop, Side.BUY))
        if self._place(STOP, Side.SELL, OrderType.STOP, bid.quantity, stop_price=level):
            env.over = True
            return
        self._place(ENTRY, Side.BUY, OrderType.LIMIT, bid.quantity, price=bid.price)
        self._guard()

    def _leave(self) -> None:
        """Nothing is left standing or held; what the book does not carry is tried again at the next price."""
        self._drop(ENTRY)
        while self.held:
            before = self.held
            self._place(EXIT, Side.SELL, OrderType.MARKET, before)
            if self.held == before:
                self._guard()
                return
        self._working.clear()
        self._levels.clear()
        self._fired = False
        self._strategy = self._offer = None

    # protection, as core.rules.exits.mend has it

    def _guard(self) -> None:
        entry = self._working.get(ENTRY)
        entering = entry.left if entry is not None else ZERO
        if not self.held:
            self._offer = None
            self._drop(OFFER)
            if not entering:
                self._drop(STOP)
            return
        level = stop_by(self._rule, Side.BUY, self._position.average_price, None, self._instrument)
        stop = self._working.get(STOP)
        if stop is None or stop.stop_price != level or not self.held <= stop.left <= self.held + entering:
            self._drop(STOP)
            self._place(STOP, Side.SELL, OrderType.STOP, self.held, stop_price=level)
        offer = self._working.get(OFFER)
        if offer is not None and (offer.price != self._offer or offer.left != self.held):
            self._drop(OFFER)
            offer = None
        if offer is None and self._offer is not None and self.held:
            self._place(OFFER, Side.SELL, OrderType.LIMIT, self.held, price=self._offer)

    # orders

    def _reached(self, beat: Beat) -> bool:
        """Whether any order could meet this price."""
        for name, level in self._levels.items():
            if beat.bid >= level if name == OFFER else (beat.ask if name == ENTRY else beat.bid) <= level:
                return True
        return self._fired

    def _place(
        self,
        name: str,
        side: Side,
        type_: OrderType,
        pieces: Quantity,
        price: Price | None = None,
        stop_price: Price | None = None,
    ) -> bool:
        """Send an order, and let it meet what is left of the book. Whether it had nothing to reduce and is over."""
        self.orders += 1
        self._changed = True
        at_market, level = type_ is OrderType.MARKET, price if stop_price is None else stop_price
        order = self._working[name] = Working(
            name, next(self._numbers), side, type_, pieces, price, stop_price, side is Side.SELL, immediate=at_market
        )
        if level is not None:
            self._levels[name] = ticks(level, self._instrument)
        if not at_market and not self._reached(self._beat):
            self._working[name] = replace(order, rested=price is not None)  # as a book that it does not meet leaves it
            return False
        if self._meet() and not at_market:
            self._guard()
        return self._idle == name

    def _drop(self, name: str) -> None:
        if self._working.pop(name, None) is not None:
            self._levels.pop(name, None)
            self._fired = self._fired and name != STOP
            self._changed = True

    def _meet(self) -> bool:
        """Let every order meet the book that is left; whether anything changed."""
        if self._book is None:
            self._book = self._quote(self._beat)
        matched = match(self._working.values(), self._book, self.held, self._instrument.step)
        self._book = matched.book
        for number, execution in enumerate(matched.fills):
            self._fill(execution.id, execution.side, execution.quantity, execution.price)
            if number == 0 and self._strategy is not None and not self._strategy.env.over:
                self._ask(self._strategy)  # it hears of what was bought, also where the same price sells it again
        self._working = {order.id: order for order in matched.working}
        self._levels = {name: level for name, level in self._levels.items() if name in self._working}
        self._fired = STOP in self._working and self._working[STOP].triggered
        self._idle = next((end.order.id for end in matched.ended if end.reason == NOTHING_TO_REDUCE), "")
        changed = bool(matched.fills or matched.ended)
        self._changed = self._changed or changed
        return changed

    def _fill(self, name: str, side: Side, pieces: Quantity, price: Price) -> None:
        fee = self._instrument.notional(price, pieces) * self._fee / 100
        at = datetime.fromtimestamp(self._beat.at, UTC)
        fill = Fill(FillId(""), _NOBODY, self._instrument.ticker, side, pieces, price, fee, at)
        self._position = apply(self._position, fill)
        self.executions.append(Execution(at, side, pieces, price, fee))
        if name == ENTRY and not self._bought:
            self._bought = True
            self.entered += 1

    def _quote(self, beat: Beat) -> Quote:
        tick, size = self._instrument.tick, Quantity(beat.size * self._instrument.step)
        bid, ask = Price(beat.bid * tick), Price(beat.ask * tick)
        at = datetime.fromtimestamp(beat.at, UTC)
        return Quote(self._instrument.ticker, at, bid, ask, size, size, Price(beat.price * tick))

    def _closes_at(self, now: datetime) -> datetime | None:
        if self._instrument.calendar == ALWAYS:
            return None
        known = self._end
        if known is None or known[1] is None or not known[0] <= now < known[1]:
            known = self._end = now, day_closes_at(self._instrument.calendar, now)
        return known[1]


def day_closes_at(calendar: str, now: datetime) -> datetime | None:
    """When the trading day ends that `now` is in or before; None where the calendar tells none within a week."""
    horizon = now + SCHEDULE_AHEAD
    return closes_at(sessions(calendar, now - SCHEDULE_AHEAD, horizon), now, horizon)
