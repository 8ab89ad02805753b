"""CycleStrategy: buy a small dip in the morning, offer it greedily, then humbly, and again (behaviour.md 4.6).

Percentages are of prices, not dollars; whether it is sold is what is held, not what an order list looks like.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from core.ports.strategies import Bid, Environment
from core.rules.aims import away
from core.values.money import NO_QUANTITY, ZERO, Price, plain
from core.values.orders import ExitRule, Side
from core.values.rule import YEAR_S
from strategies.api import AbstractStrategy

STEPS = 5
_NO_PERCENTAGES = frozenset({"cash_min", "cash_max", "step_parts"})


@dataclass(frozen=True, slots=True)
class CycleRules:
    """Every figure of the strategy. Percentages of a price; seconds; money of the account's currency.

    dip: how far below the last price it bids. gain_off: it gives up once the price has risen so far above the bid.
    sink: below the entry by this, only the stop stands. humble: less than this above the entry, it asks for `safety`
    at once. near: offers that close together are one. raise_near: so close to the greedy price, it asks for more.
    """

    dip: Decimal = Decimal("0.3")
    cash_min: Decimal = Decimal(3000)
    cash_percent: Decimal = Decimal(20)
    cash_max: Decimal = Decimal(6000)
    gain_off: Decimal = Decimal("0.35")
    wait_s: float = 15 * 60
    stop: Decimal = Decimal("0.6")
    settle_s: float = 3
    safety: Decimal = Decimal("0.06")
    greedy: Decimal = Decimal("0.18")
    sink: Decimal = Decimal("0.3")
    humble: Decimal = Decimal("0.12")
    humble_s: float = 4
    near: Decimal = Decimal("0.06")
    raise_near: Decimal = Decimal("0.1")
    steps_s: tuple[float, ...] = (12, 12, 10, 8, 6)
    step_parts: Decimal = Decimal("3.5")
    closing_s: float = 45 * 60
    closing: Decimal = Decimal("0.05")
    closing_every_s: float = 20

    def __post_init__(self) -> None:
        """Raises ValueError for figures that cannot be traded by."""
        for name, value in asdict(self).items():
            if isinstance(value, Decimal):
                if value < 0:
                    raise ValueError(f"{name}: must not be negative")
                if value >= 100 and name not in _NO_PERCENTAGES:
                    raise ValueError(f"{name}: is a percentage, and must be below 100")
            elif not all(0 <= seconds <= YEAR_S for seconds in (value if isinstance(value, tuple) else (value,))):
                raise ValueError(f"{name}: must be seconds, from 0 to a year of them")
        if len(self.steps_s) != STEPS:
            raise ValueError(f"steps_s: must be {STEPS} numbers")
        if not self.step_parts:
            raise ValueError("step_parts: must be above 0")


class CycleStrategy(AbstractStrategy):
    name = "cycle"

    def __init__(self, env: Environment, rules: CycleRules = CycleRules()) -> None:
        super().__init__(env)
        self.rules = rules
        self._began = env.now
        self._settled: datetime | None = None
        self._step = 0
        self._mood = ""
        self._until = env.now
        self._prices = (Price(ZERO), Price(ZERO))
        self._offers = 0

    # buying

    def buy_logic(self) -> None:
        """One bid, made at the first update; it is not moved, and given up when the price runs away or time does."""
        env, rules, price = self.env, self.rules, self.env.last.price
        if env.held:
            env.bid = None
            self.bought = True
        elif env.bid is None:
            self._bid(price)
        elif price >= away(env.bid.price, rules.gain_off, Side.BUY) or self._since(self._began) >= rules.wait_s:
            self.stop_running()

    def quiet(self) -> tuple[Price, datetime] | None:
        """While its bid waits: until the price runs away from it, or time does."""
        if self.bought or self.env.bid is None:
            return None
        gone = away(self.env.bid.price, self.rules.gain_off, Side.BUY)
        return Price(gone), self._began + timedelta(seconds=self.rules.wait_s)

    def _bid(self, price: Price) -> None:
        """limit = last - max(a tick, last * dip); as much as the caps allow, or nothing at all."""
        env, rules = self.env, self.rules
        limit = env.instrument.price_down(price - max(env.instrument.tick, price * rules.dip / 100))
        pieces = NO_QUANTITY
        if env.cash >= rules.cash_min and limit > 0:
            money = min(env.cash * rules.cash_percent / 100, rules.cash_max)
            pieces = env.instrument.quantity_down(money / (limit * env.instrument.point_value))
        if pieces:
            env.bid = Bid(limit, pieces, ExitRule(stop=rules.stop))
        else:
            self.stop_running()

    # selling

    def sell_logic(self) -> None:
        """The stop stands from the fill on, whatever is offered."""
        env, rules, price = self.env, self.rules, self.env.last.price
        if self._settled is None:
            self._settled = env.now + timedelta(seconds=rules.settle_s)
        if not env.held or env.average is None:
            self.stop_running()
        elif env.now < self._settled:
            env.offer = None
        elif env.left_s() < rules.closing_s:
            self._ask("closing", away(price, rules.closing, Side.BUY), rules.closing_every_s)
        elif price < away(env.average, -rules.sink, Side.BUY):
            env.offer, self._mood, self._step = None, "", 0
        elif price < away(env.average, rules.humble, Side.BUY):
            self._ask("humble", self._asked(rules.safety), rules.humble_s)
        else:
            self._cycle()

    def _cycle(self) -> None:
        """greedy, three steps down, safety; then again from what the market is then."""
        rules, number = self.rules, self._step % STEPS
        if self._mood.startswith("step") and self.env.now < self._until:
            return
        if number == 0 or not self._mood.startswith("step"):
            self._prices = (self._asked(rules.safety), self._greedy())
        safety, greedy = self._prices
        lower = (greedy - safety) / rules.step_parts
        price = safety if number == STEPS - 1 else Price(greedy - number * lower)
        self._ask(f"step {self._step + 1}", price, rules.steps_s[number])
        self._step += 1

    def _greedy(self) -> Price:
        found, price = self._asked(self.rules.greedy), self.env.last.price
        if price >= away(found, -self.rules.raise_near, Side.BUY):
            found = Price(found + price * self.rules.raise_near / 100)
        return found

    def _asked(self, percent: Decimal) -> Price:
        assert self.env.average is not None, "asked with a position only"
        return Price(away(max(self.env.average, self.env.last.price), percent, Side.BUY))

    def _ask(self, mood: str, price: Decimal, for_s: float) -> None:
        """Offer at `price` until its time is over; one that is next to the last is left as it stands."""
        env = self.env
        if mood == self._mood and env.now < self._until:
            return
        self._mood, self._until = mood, env.now + timedelta(seconds=for_s)
        wanted = env.instrument.price_up(price)
        if env.offer is None or abs(wanted - env.offer) > env.offer * self.rules.near / 100:
            env.offer = wanted
            self._offers += 1

    def _since(self, moment: datetime) -> float:
        return (self.env.now - moment).total_seconds()

    def make_execution_result(self) -> Mapping[str, str]:
        last = self.env.recent[-1].price if self.env.recent else None
        return {"offers": str(self._offers), "last_price": "" if last is None else plain(last)}


class ReCycleStrategy(CycleStrategy):
    """The same from an hour after the open to an hour before the close, on whatever symbol, without filters."""

    name = "recycle"
