"""What fills on a bar, held against the rule of behaviour.md 4.5, which looks at a bar's open, high and low alone."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.rules.matching import Working, match
from core.values.market import Quote
from core.values.money import Price, Quantity
from core.values.orders import OrderType, Side
from simulator.market import Bar, Conditions, beats
from tests.simulator.pasts import ONE, OPENS, D

LEVELS = st.integers(900, 1100)


@st.composite
def some_bars(draw: st.DrawFn) -> Bar:
    first, last, low, high = sorted(draw(st.lists(st.integers(950, 1050), min_size=4, max_size=4)))
    ends = draw(st.permutations([last, low]))
    return Bar(int(OPENS.timestamp()), ends[0], high, first, ends[1], draw(st.integers(80, 10_000)))


def rule_fills(order: Working, bar: Bar) -> bool:
    """Behaviour.md 4.5: stop when low < price; buy when price > 0.85 open + 0.15 high; sell when price < 0.85 open +
    0.15 low; both need a quantity below twice the volume."""
    if order.type is OrderType.STOP:
        assert order.stop_price is not None
        return bar.low < order.stop_price
    assert order.price is not None
    end = bar.high if order.side is Side.BUY else bar.low
    level = D("0.85") * bar.open + D("0.15") * end
    beyond = order.price > level if order.side is Side.BUY else order.price < level
    return beyond and order.left < 2 * bar.volume


def filled(order: Working, bar: Bar, held: int) -> Decimal:
    """Pieces of the order that trade while the bar is played."""
    left, position = [order], Quantity(D(held))
    done = Decimal(0)
    for beat in beats(bar, 60, D(held), Conditions()):
        bid, ask, size = Price(D(beat.bid)), Price(D(beat.ask)), Quantity(D(beat.size))
        met = match(left, Quote("TXN", OPENS, bid, ask, size, size), position, ONE)
        left, position = list(met.working), met.position
        done += sum((each.quantity for each in met.fills), Decimal(0))
    return done


@given(bar=some_bars(), level=LEVELS)
def test_tc_38_a_stop_that_the_rule_fires_is_fired(bar: Bar, level: int) -> None:
    """And none whose level stays below the low; a low at the level itself counts as reached."""
    stop = Working("s", 1, Side.SELL, OrderType.STOP, Quantity(D(5)), stop_price=Price(D(level)), reduce_only=True)
    assert (filled(stop, bar, 5) > 0) == (rule_fills(stop, bar) or bar.low == level)


@given(bar=some_bars(), level=LEVELS)
def test_tc_38_a_bid_that_the_rule_fills_is_filled(bar: Bar, level: int) -> None:
    """So is one that the price came down to later: a bid fills where the market was, and nowhere else."""
    bid = Working("b", 1, Side.BUY, OrderType.LIMIT, Quantity(D(5)), Price(D(level)))
    assert filled(bid, bar, 0) == (5 if bar.low <= level else 0)
    assert not rule_fills(bid, bar) or filled(bid, bar, 0) == 5


@given(bar=some_bars(), level=LEVELS)
def test_tc_38_an_offer_that_the_rule_fills_is_filled(bar: Bar, level: int) -> None:
    """So is one that the price came up to later."""
    offer = Working("o", 1, Side.SELL, OrderType.LIMIT, Quantity(D(5)), Price(D(level)), reduce_only=True)
    assert filled(offer, bar, 5) == (5 if bar.high >= level else 0)
    assert not rule_fills(offer, bar) or filled(offer, bar, 5) == 5


@given(bar=some_bars(), pieces=st.integers(1, 10_000))
def test_tc_38_no_order_takes_more_than_half_of_the_volume(bar: Bar, pieces: int) -> None:
    """Where the rule takes twice of it: one that is too large is filled in part (W-41)."""
    bid = Working("b", 1, Side.BUY, OrderType.LIMIT, Quantity(D(pieces)), Price(D(1100)))
    done = filled(bid, bar, 0)
    assert done <= D(bar.volume) / 2
    assert done == min(pieces, bar.volume // 2 // 4 * 4)
