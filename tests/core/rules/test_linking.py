"""A link's percentages as prices."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.rules.linking import start_levels
from core.values.alerts import NO_LEVELS, Levels
from core.values.money import Price
from core.values.orders import ExitRule, Side

D = Decimal
TWO_HUNDRED = Price(D(200))


@pytest.mark.parametrize(
    ("side", "rule", "own", "stop", "target"),
    [
        (Side.BUY, ExitRule(D(2), D(5)), NO_LEVELS, "196", "210"),
        (Side.SELL, ExitRule(D(2), D(5)), NO_LEVELS, "204", "190"),
        (Side.BUY, ExitRule(D(2), None, D("1.5")), NO_LEVELS, "197", None),
        (Side.SELL, ExitRule(D(1), None, D("1.5")), NO_LEVELS, "202", None),
        (Side.BUY, ExitRule(None, None, D(3)), NO_LEVELS, "194", None),
        (Side.BUY, ExitRule(D(2)), Levels(Price(D(198)), Price(D(220))), "198", "220"),
        (Side.BUY, ExitRule(D(2), D(5)), Levels(Price(D(190)), Price(D(220))), "196", "210"),
        (Side.BUY, ExitRule(), NO_LEVELS, None, None),
    ],
)
def test_w_44_percentages_of_the_entry_price(
    side: Side, rule: ExitRule, own: Levels, stop: str | None, target: str | None
) -> None:
    """Behaviour.md 5.4's example (200, 2 %, 5 %: 196 and 210), mirrored for shorts; of several stops the safest."""
    found = start_levels(rule, side, TWO_HUNDRED, own)
    assert (found.stop, found.target) == (stop and D(stop), target and D(target))
