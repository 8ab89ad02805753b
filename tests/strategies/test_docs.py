"""The strategy of docs/strategies.md does what is said of it."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from core.ports.strategies import Environment, Update
from core.values.money import Price, Quantity
from tests.process import HOUSE
from tests.strategies.test_cycle import CENTS, START


def test_the_example_buys_a_new_high_and_sells_three_percent_higher() -> None:
    """Not before 300 prices; its stop is two percent below."""
    text = (HOUSE / "docs" / "strategies.md").read_text(encoding="utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    exec(code, names)
    env = Environment(CENTS, START, cash=Decimal(30000))
    strategy = names["Breakout"](env)
    for number in range(300):
        assert env.bid is None
        env.now += timedelta(seconds=1)
        env.recent.append(Update(env.now, Price(Decimal(100) + number)))
        strategy.buy_logic()
    assert env.bid is not None
    assert (env.bid.price, env.bid.quantity, env.bid.rule.stop) == (Decimal(399), Decimal(7), Decimal(2))
    env.held, env.average = Quantity(Decimal(7)), Price(Decimal(399))
    strategy.buy_logic()
    assert strategy.bought
    strategy.sell_logic()
    assert env.offer == Decimal("410.97")
