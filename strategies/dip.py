"""Buy a dip by fixed figures, with a stop from the fill on. Simulators play it on columns (simulator/columns.py)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from core.ports.strategies import Bid, Environment
from core.rules.aims import away
from core.values.money import Price
from core.values.orders import ExitRule, Side
from core.values.rule import Rule
from strategies.api import AbstractStrategy

USUAL = Rule(dip=Decimal("0.3"), stop=Decimal("0.6"), target=Decimal("0.2"))


class DipStrategy(AbstractStrategy):
    """One bid, made at the first update; what was bought is offered at the target and sold by the rule's other ends."""

    name = "dip"

    def __init__(self, env: Environment, rule: Rule) -> None:
        super().__init__(env)
        self.rule = rule
        self._began = self._bought_at = env.now
        self._best = Decimal(0)

    def buy_logic(self) -> None:
        env, rule = self.env, self.rule
        if env.held:
            env.bid, self.bought, self._bought_at = None, True, env.now
        elif self._closing():
            self.stop_running()
        elif env.bid is None:
            self._bid(self.limit())
        elif env.now - self._began >= timedelta(seconds=rule.wait_s):
            self.stop_running()

    def quiet(self) -> tuple[Price, datetime] | None:
        """Only time ends the wait for its bid; it does not look at prices meanwhile."""
        env = self.env
        if self.bought or env.bid is None:
            return None
        until = self._began + timedelta(seconds=self.rule.wait_s)
        if env.closes_at is not None:
            until = min(until, env.closes_at - timedelta(seconds=self.rule.flat_s))
        return Price(env.last.price * 2), until

    def limit(self) -> Price | None:
        """last - max(a tick, last * dip), on the tick below; None for a price too low for it."""
        instrument, price = self.env.instrument, self.env.last.price
        found = instrument.price_down(price - max(instrument.tick, price * self.rule.dip / 100))
        return found if found > 0 else None

    def _bid(self, limit: Price | None) -> None:
        env, rule = self.env, self.rule
        if limit is not None and env.cash >= rule.money:
            pieces = env.instrument.quantity_down(rule.money / (limit * env.instrument.point_value))
            if pieces:
                env.bid = Bid(limit, pieces, ExitRule(stop=rule.stop))
        if env.bid is None:
            self.stop_running()

    def sell_logic(self) -> None:
        env, rule = self.env, self.rule
        if not env.held or env.average is None:
            self.stop_running()
            return
        if env.offer is None and rule.target is not None:
            env.offer = env.instrument.price_up(away(env.average, rule.target, Side.BUY))
        held_long = rule.hold_s is not None and env.now - self._bought_at >= timedelta(seconds=rule.hold_s)
        if held_long or self._fell(env.average) or self._closing():
            self.stop_running()

    def _fell(self, average: Price) -> bool:
        """Whether the price is `trailing` percent below the best since the fill; older prices do not count."""
        trailing, last = self.rule.trailing, self.env.last
        if trailing is None or last.at < self._bought_at:
            return False
        self._best = max(self._best, average, last.price)
        return last.price <= away(self._best, -trailing, Side.BUY)

    def _closing(self) -> bool:
        return self.env.left_s() <= self.rule.flat_s
