"""CycleStrategy by itself: the prices of behaviour.md 4.6, asked for at the right moments."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from core.ports.strategies import Environment, Update
from core.values.instrument import Instrument, InstrumentKind
from core.values.money import Price, Quantity, plain
from strategies.cycle import CycleRules, CycleStrategy
from strategies.kinds import NEW_YORK, cycle, recycle

D = Decimal
START = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
CENTS = Instrument("TXN", "NYSE", InstrumentKind.SHARE, "USD", Quantity(D(1)), D("0.01"), Quantity(D(1)))
FINE = replace(CENTS, tick=D("0.0001"))


class Play:
    """A run whose prices, fills and clock the test moves."""

    def __init__(self, instrument: Instrument = CENTS, rules: CycleRules | None = None, cash: str = "30000") -> None:
        self.env = Environment(instrument, START, closes_at=START + timedelta(hours=5), cash=D(cash))
        self.strategy = CycleStrategy(self.env, rules or CycleRules())

    def price(self, price: str, after_s: float = 0) -> Environment:
        self.env.now += timedelta(seconds=after_s)
        self.env.recent.append(Update(self.env.now, Price(D(price))))
        if self.strategy.bought:
            self.strategy.sell_logic()
        else:
            self.strategy.buy_logic()
        return self.env

    def bought(self, pieces: str = "60", at: str = "100") -> Play:
        """Holding, at the end of the pause after the fill."""
        self.price("100.3")
        self.env.held, self.env.average = Quantity(D(pieces)), Price(D(at))
        self.price(at)
        self.price(at, 0.1)
        self.env.now += timedelta(seconds=3)
        return self

    def offers(self, price: str, seconds: int) -> list[tuple[str, int]]:
        """What is offered while the price stays, and for how many seconds each."""
        found: list[tuple[str, int]] = []
        for _ in range(seconds):
            offer = self.price(price).offer
            said = "-" if offer is None else plain(offer)
            if found and found[-1][0] == said:
                found[-1] = (said, found[-1][1] + 1)
            else:
                found.append((said, 1))
            self.env.now += timedelta(seconds=1)
        return found


def test_tc_32_a_bid_three_tenths_of_a_percent_below_the_last_price() -> None:
    """Last 100: 99.70, and a fifth of the money or 6,000, whichever is less."""
    bid = Play().price("100").bid
    assert bid is not None
    assert (bid.price, bid.quantity, bid.rule.stop) == (D("99.70"), D(60), D("0.6"))
    richer = Play(cash="1000000").price("100").bid
    poorer = Play(cash="3000").price("100").bid
    assert richer is not None
    assert poorer is not None
    assert (richer.quantity, poorer.quantity) == (D(60), D(6))


def test_tc_32_a_cheap_share_is_bid_a_tick_lower() -> None:
    """Three tenths of a percent of 2 dollars is less than a cent."""
    bid = Play().price("2").bid
    assert bid is not None
    assert bid.price == D("1.99")


@pytest.mark.parametrize(("cash", "price"), [("2999.99", "100"), ("3000", "700")])
def test_tc_32_too_little_money_buys_nothing(cash: str, price: str) -> None:
    """Below 3,000, or less than one piece."""
    env = Play(cash=cash).price(price)
    assert (env.bid, env.over) == (None, True)


def test_tc_33_it_gives_up_when_the_price_runs_away() -> None:
    """0.35 % above the bid of 99.70 is 100.04895."""
    play = Play()
    play.price("100")
    assert not play.price("100.04", 1).over
    assert play.price("100.05", 1).over


def test_tc_33_it_gives_up_after_a_quarter_of_an_hour() -> None:
    """Not a second before; the bid is not moved meanwhile."""
    play = Play()
    first = play.price("100").bid
    assert play.price("99.9", 899).bid is first
    assert not play.env.over
    assert play.price("99.9", 1).over


def test_tc_33_what_a_partial_fill_left_is_taken_back() -> None:
    """The first fill is the switch to selling."""
    play = Play()
    play.price("100")
    play.env.held, play.env.average = Quantity(D(10)), Price(D("99.7"))
    env = play.price("99.7", 1)
    assert (env.bid, play.strategy.bought, env.over) == (None, True, False)


def test_tc_34_after_the_fill_only_the_stop_stands_for_three_seconds() -> None:
    """It comes with the bid, six tenths of a percent below what was paid; then the offers begin."""
    play = Play()
    bid = play.price("100").bid
    assert bid is not None
    assert bid.rule.stop == D("0.6")
    play.env.held, play.env.average = bid.quantity, bid.price
    play.price("99.7")
    assert play.offers("100.1", 4) == [("-", 3), ("100.29", 1)]


def test_tc_35_five_offers_and_how_long_each_lives() -> None:
    """Bought at 100 and now 100.2: from 100.38036 down to 100.26012, and again."""
    play = Play(FINE, CycleRules(near=D("0.01"))).bought()
    assert play.offers("100.2", 60) == [
        ("100.3804", 12), ("100.3461", 12), ("100.3117", 10), ("100.2773", 8), ("100.2602", 6), ("100.3804", 12),
    ]  # fmt: skip


def test_tc_35_offers_next_to_each_other_are_one() -> None:
    """Six hundredths of a percent of the price, not of a dollar (W-36): the second step stays what the first was."""
    play = Play(FINE).bought()
    assert play.offers("100.2", 50) == [("100.3804", 24), ("100.3117", 24), ("100.3804", 2)]


def test_w_36_a_price_near_the_greedy_offer_raises_it_by_a_tenth_of_a_percent() -> None:
    """Not by a whole price."""
    play = Play(FINE, CycleRules(greedy=D("0.05"), safety=D("0.01"))).bought()
    assert play.price("101").offer == FINE.price_up(D("101") * D("1.0005") + D("0.101"))


def test_tc_36_a_dip_takes_the_offer_back_and_begins_the_cycle_again() -> None:
    """Below 99.70 only the stop stands; after it the first step comes first."""
    play = Play(FINE, CycleRules(near=D("0.01"))).bought()
    assert play.offers("100.2", 13)[-1] == ("100.3461", 1)
    assert play.price("99.69").offer is None
    assert play.price("100.2").offer == D("100.3804")


def test_tc_36_near_what_was_paid_it_asks_for_safety() -> None:
    """Below 100.12: 0.06 % above, asked anew every four seconds as the price moves."""
    play = Play(FINE).bought()
    assert play.offers("100", 2) == [("100.06", 2)]
    assert play.offers("100.11", 3) == [("100.06", 2), ("100.1701", 1)]


def test_tc_36_in_the_last_three_quarters_of_an_hour_it_asks_for_little() -> None:
    """Five hundredths of a percent above the price of now, every twenty seconds."""
    play = Play(FINE).bought()
    play.env.closes_at = play.env.now + timedelta(minutes=44)
    assert play.offers("98", 5) == [("98.049", 5)]
    assert play.offers("98.2", 16) == [("98.049", 15), ("98.2491", 1)]


def test_tc_36_sold_is_what_is_not_held() -> None:
    """Also where it was the stop that sold."""
    play = Play().bought()
    play.price("100.2")
    play.env.held, play.env.average = Quantity(D(0)), None
    assert play.price("100.4").over
    assert play.strategy.make_execution_result() == {"offers": "1", "last_price": "100.4"}


def test_tc_37_recycle_has_a_longer_window_and_no_filters() -> None:
    """From 10:30 to 15:00 in New York, summer time or not; CycleStrategy only for half an hour."""
    assert (cycle().window.start, cycle().window.end) == (time(10, 30), time(11))
    kind = recycle()
    assert (kind.window.start, kind.window.end, kind.wants.names) == (time(10, 30), time(15), frozenset())
    assert cycle().wants.names == {"dip10", "dip45", "volatility", "momentum", "profitability", "rally"}
    winter, summer = datetime(2026, 1, 5, 15, 30, tzinfo=UTC), datetime(2026, 7, 6, 14, 30, tzinfo=UTC)
    for moment in (winter, summer):
        assert kind.window.left(moment) == timedelta(hours=4, minutes=30)
        assert kind.window.left(moment - timedelta(seconds=1)) is None
    assert kind.window.zone is NEW_YORK
