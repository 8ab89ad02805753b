"""Which option a rule means."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from core.rules.options import options_of, pick_option
from core.values.instrument import Instrument, InstrumentKind
from core.values.links import OptionRule
from core.values.money import Quantity

NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)
ONE = Quantity(Decimal(1))


def option(strike: int, day: int, *, call: bool = True) -> Instrument:
    ticker = f"NIFTY{day:02}{'C' if call else 'P'}{strike}"
    found = Instrument(ticker, "NSE", InstrumentKind.OPTION, "INR", ONE, Decimal("0.05"), ONE)
    expires = datetime(2026, 1, day, 10, tzinfo=UTC)
    return replace(found, basic_asset="NIFTY", expires_at=expires, strike=Decimal(strike), call=call)


LISTED = [option(strike, day, call=call) for strike in (100, 110, 120) for day in (1, 8, 29) for call in (True, False)]


@pytest.mark.parametrize(
    ("rule", "call", "last", "ticker"),
    [
        (OptionRule(), True, "114", "NIFTY08C110"),
        (OptionRule(), False, "116", "NIFTY08P120"),
        (OptionRule(), True, "115", "NIFTY08C110"),
        (OptionRule(date(2026, 1, 29)), True, "1", "NIFTY29C100"),
        (OptionRule(strike=Decimal(120)), False, None, "NIFTY08P120"),
        (OptionRule(date(2026, 1, 29), Decimal(110)), True, None, "NIFTY29C110"),
        (OptionRule(), True, None, None),
        (OptionRule(strike=Decimal(115)), True, "115", None),
        (OptionRule(date(2026, 1, 1)), True, "115", None),
        (OptionRule(date(2026, 2, 1)), True, "115", None),
    ],
)
def test_w_45_expiry_and_strike_come_from_the_rule(
    rule: OptionRule, call: object, last: str | None, ticker: str | None
) -> None:
    """The nearest expiry to come and the strike nearest to the price where it leaves them open; never a near match
    for what it says, and none that has expired."""
    found = pick_option(LISTED, rule, call=call is True, last=None if last is None else Decimal(last), now=NOW)
    assert (found and found.ticker) == ticker


def test_options_are_found_by_their_underlying() -> None:
    """With or without its exchange, in any case; other kinds are none."""
    share = replace(LISTED[0], kind=InstrumentKind.SHARE)
    other = replace(LISTED[0], basic_asset="BANKNIFTY")
    assert options_of([*LISTED, share, other], "nse:nifty") == LISTED
