"""The risk gate: each limit of each purpose, just beyond it and just at it; and no way past the whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.risk import CHECKS, QUOTE_AGE_MAX, Limits, Situation, checklist, reduces, review
from core.values.accounts import Account, Margin, Mode, RiskState
from core.values.ids import AccountName, IntentId, OrderId
from core.values.instrument import Instrument, InstrumentKind
from core.values.market import Quote
from core.values.money import ZERO, Price, Quantity
from core.values.orders import (
    ApprovedOrder,
    ExitPlan,
    OrderRequest,
    OrderRole,
    OrderType,
    Purpose,
    Refused,
    Side,
)

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
D = Decimal
SHARE = Instrument("SBER", "MOEX", InstrumentKind.SHARE, "RUB", Quantity(D(10)), D("0.5"), Quantity(D(10)))
QUOTE = Quote("SBER", NOW, Price(D(99)), Price(D(100)), last=Price(D(100)))
OFF = Limits(stop_required=False)
CALM = Situation(
    now=NOW,
    account=Account(AccountName("Testing"), "paper", Mode.PAPER, "RUB", leverage_max=D(5)),
    instrument=SHARE,
    state=RiskState.ACTIVE,
    quote=QUOTE,
    margin=Margin(D(10000), D(10000), "RUB"),
)
HELD = replace(CALM, net=D(100), held=D(100))
RISKY = [Purpose.ENTRY, Purpose.WORKING]
ALL = list(Purpose)


def request(
    purpose: Purpose = Purpose.ENTRY, quantity: str = "10", side: Side = Side.BUY, **fields: Any
) -> OrderRequest:
    """A limit order at 99, the own-side best of a buyer; an exit sells at market."""
    if purpose in {Purpose.EXIT, Purpose.HEDGE}:
        fields = {"type": OrderType.MARKET, "price": None} | fields
        side = Side.SELL if side is Side.BUY else side
    known: dict[str, Any] = {"type": OrderType.LIMIT, "price": Price(D(99))}
    return OrderRequest(
        id=OrderId("o"),
        intent=IntentId("i"),
        account=AccountName("Testing"),
        ticker="SBER",
        side=side,
        quantity=Quantity(D(quantity)),
        role=OrderRole.ENTRY,
        purpose=purpose,
        because=(),
        **(known | fields),
    )


def code(asked: OrderRequest, limits: Limits = OFF, situation: Situation = CALM) -> str:
    """The refusal's code, or "" for an approval."""
    verdict = review(asked, limits, situation)
    return verdict.code if isinstance(verdict, Refused) else ""


@pytest.mark.parametrize("purpose", ALL)
def test_an_order_within_every_limit_passes(purpose: Purpose) -> None:
    """And what comes back is the very request."""
    asked = request(purpose)
    assert review(asked, OFF, HELD) == ApprovedOrder(asked, NOW)


# one limit each, for every purpose that it binds: (limits, situation, what passes at it, what is refused beyond it)

Case = tuple[Purpose, Limits, Situation, OrderRequest, OrderRequest, str]
CASES: list[Case] = []


def bind(
    purposes: list[Purpose],
    at: dict[str, Any],
    beyond: dict[str, Any],
    refusal: str,
    limits: Limits = OFF,
    situation: Situation = CALM,
) -> None:
    CASES.extend((p, limits, situation, request(p, **at), request(p, **beyond), refusal) for p in purposes)


bind(ALL, {"quantity": "20"}, {"quantity": "25"}, "bad_quantity", situation=HELD)
bind(ALL, {"quantity": "10"}, {"quantity": "0"}, "bad_quantity", situation=HELD)
bind(ALL, {"quantity": "10"}, {"quantity": "-10"}, "bad_quantity", situation=HELD)
bind(RISKY, {"price": Price(D("98.5"))}, {"price": Price(D("98.7"))}, "bad_price")
bind(RISKY, {"price": Price(D("0.5"))}, {"price": Price(D(-1))}, "bad_price")
stop = {"type": OrderType.STOP, "price": None}
bind(
    [Purpose.TRAP, Purpose.EXIT],
    stop | {"stop_price": Price(D(90))},
    stop | {"stop_price": Price(D("90.1"))},
    "bad_price",
    situation=HELD,
)
bind(ALL, {}, {"type": OrderType.LIMIT, "price": None}, "bad_price", situation=HELD)
bind([Purpose.WORKING], {"price": Price(D(99))}, {"price": Price(D("99.5"))}, "worse_than_best")
sell: dict[str, Any] = {"side": Side.SELL, "price": Price(D(100))}
bind([Purpose.WORKING], sell, sell | {"price": Price(D("99.5"))}, "worse_than_best")
bind(
    [Purpose.ENTRY],
    {"price": Price(D(95))},
    {"price": Price(D("94.5"))},
    "collar",
    limits=replace(OFF, collar_percent=D(5)),
)
market: dict[str, Any] = {"type": OrderType.MARKET, "price": None}
bind(
    [Purpose.ENTRY],
    market | {"arrival": Price(D(105))},
    market | {"arrival": Price(D("105.5"))},
    "collar",
    limits=replace(OFF, collar_percent=D(5)),
)
bind([Purpose.ENTRY], {"plan": ExitPlan(Price(D(90)))}, {"plan": None}, "stop_required", limits=Limits())
bind(
    [Purpose.ENTRY],
    {"plan": ExitPlan(Price(D(90)))},
    {"plan": ExitPlan(target=Price(D(110)))},
    "stop_required",
    limits=Limits(),
)
bind(RISKY, {"quantity": "10"}, {"quantity": "20"}, "order_value", limits=replace(OFF, order_value_max=D(990)))
bind(
    RISKY,
    {"quantity": "10"},
    {"quantity": "20"},
    "order_value",
    limits=replace(OFF, order_value_max_percent=D("9.9")),
)
bind(RISKY, {"quantity": "20"}, {"quantity": "30"}, "position", limits=replace(OFF, position_max_percent=D("19.8")))
bind(
    RISKY,
    {"quantity": "10"},
    {"quantity": "20"},
    "position",
    limits=replace(OFF, position_max_percent=D("118.8")),
    situation=replace(CALM, net=D(90), working=D(20)),
)
bind(
    RISKY,
    {"quantity": "10"},
    {"quantity": "20"},
    "gross",
    limits=replace(OFF, gross_max_percent=D("109.9")),
    situation=replace(CALM, gross=D(10000)),
)
bind(
    RISKY,
    {"quantity": "500"},
    {"quantity": "510"},
    "buying_power",
    situation=replace(CALM, margin=Margin(D(1), D(9900), "RUB")),
)
bind(
    RISKY,
    sell | {"quantity": "100"},
    sell | {"quantity": "110"},
    "short",
    limits=replace(OFF, short=False),
    situation=HELD,
)
bind(
    RISKY,
    sell | {"quantity": "60"},
    sell | {"quantity": "70"},
    "short",
    limits=replace(OFF, short=False),
    situation=replace(HELD, working=D(-40)),
)
bind([Purpose.EXIT], {"quantity": "100"}, {"quantity": "110"}, "beyond_position", situation=HELD)
bind(
    [Purpose.EXIT],
    {"quantity": "60"},
    {"quantity": "70"},
    "beyond_position",
    situation=replace(CALM, held=D(20), entering=D(40)),
)


@pytest.mark.parametrize(("purpose", "limits", "situation", "at", "beyond", "refusal"), CASES)
def test_a_limit_lets_through_what_is_at_it_and_refuses_what_is_beyond(
    purpose: Purpose, limits: Limits, situation: Situation, at: OrderRequest, beyond: OrderRequest, refusal: str
) -> None:
    """One limit set, all others off."""
    assert (code(at, limits, situation), code(beyond, limits, situation)) == ("", refusal)


@pytest.mark.parametrize("purpose", RISKY)
@pytest.mark.parametrize("state", [RiskState.REDUCING, RiskState.HALTED])
def test_only_what_reduces_passes_where_trading_is_held(purpose: Purpose, state: RiskState) -> None:
    """Up to the whole position, with what works beside it, and no piece more."""
    held = replace(HELD, state=state)
    assert code(request(purpose), situation=held) == state.value.lower()
    assert code(request(purpose, "100", **sell), situation=held) == ""
    assert code(request(purpose, "110", **sell), situation=held) == state.value.lower()
    assert code(request(purpose, "60", **sell), situation=replace(held, working=D(-40))) == ""
    assert code(request(purpose, "70", **sell), situation=replace(held, working=D(-40))) == state.value.lower()


def test_traps_are_new_risk_too() -> None:
    """HALTED holds them back."""
    assert code(request(Purpose.TRAP), situation=replace(CALM, state=RiskState.HALTED)) == "halted"


@pytest.mark.parametrize("purpose", [Purpose.EXIT, Purpose.HEDGE])
def test_exits_pass_in_every_state(purpose: Purpose) -> None:
    """No entry limit and no halt may keep a position open."""
    tight = Limits(D(1), D(1), D(1), D(1), D(1), D(1), short=False)
    halted = replace(HELD, state=RiskState.HALTED, quote=None, margin=Margin(ZERO, ZERO, "RUB"))
    assert code(request(purpose, "100"), tight, halted) == ""


@pytest.mark.parametrize("purpose", RISKY)
def test_nothing_new_while_the_market_is_closed(purpose: Purpose) -> None:
    """By the venue's word."""
    closed = replace(CALM, quote=replace(QUOTE, trading=False))
    assert code(request(purpose), situation=closed) == "market_closed"


@pytest.mark.parametrize("purpose", RISKY)
def test_new_risk_needs_a_fresh_quote(purpose: Purpose) -> None:
    """Five seconds old passes, more does not, none does not."""
    aged = [replace(CALM, now=NOW + age) for age in (QUOTE_AGE_MAX, QUOTE_AGE_MAX + timedelta(microseconds=1))]
    none = replace(CALM, quote=None)
    assert [code(request(purpose), situation=s) for s in (*aged, none)] == ["", "no_quote", "no_quote"]


def test_an_order_at_market_needs_a_price_to_be_valued_at() -> None:
    """An empty book values nothing."""
    empty = replace(CALM, quote=replace(QUOTE, bid=None, ask=None, last=None))
    assert code(request(**market), situation=empty) == "no_quote"


def test_a_market_order_is_valued_at_the_side_it_takes() -> None:
    """A buyer pays the ask."""
    limits = replace(OFF, order_value_max=D(1000))
    assert code(request(**market), limits) == ""
    assert code(request(**market), replace(limits, order_value_max=D(999))) == "order_value"


def test_the_own_side_must_be_there_to_be_compared() -> None:
    """An empty own side refuses."""
    assert code(request(Purpose.WORKING), situation=replace(CALM, quote=replace(QUOTE, bid=None))) == "no_quote"


def test_the_days_loss_stops_entries_when_it_reaches_the_limit() -> None:
    """Percent of what the day began with; orders by hand are not bound."""
    limits = replace(OFF, daily_loss_percent=D(2))
    margin = Margin(D(9800), D(9800), "RUB")
    at = replace(CALM, margin=margin, day_profit=D(-200))
    before = replace(CALM, margin=replace(margin, equity=D(9801)), day_profit=D(-199))
    assert [code(request(), limits, s) for s in (before, at)] == ["", "daily_loss"]
    assert code(request(Purpose.WORKING), limits, at) == ""


def test_an_instrument_that_cannot_be_sold_short_is_not() -> None:
    """Whatever the settings allow."""
    bound = replace(HELD, instrument=replace(SHARE, shortable=False))
    assert [code(request(quantity=q, **sell), situation=bound) for q in ("100", "110")] == ["", "short"]


def test_what_reduces_is_bound_by_no_size_limit() -> None:
    """A position above a limit can always be made smaller."""
    tight = Limits(D(1), D(1), D(1), D(1), stop_required=False)
    assert code(request(Purpose.WORKING, "100", **sell), tight, replace(HELD, margin=Margin(ZERO, ZERO, "RUB"))) == ""


def test_a_percentage_of_nothing_is_no_free_pass() -> None:
    """Equity 0 makes the limit 0, not off."""
    poor = replace(CALM, margin=Margin(ZERO, D(10000), "RUB"))
    assert code(request(), replace(OFF, order_value_max_percent=D(50)), poor) == "order_value"


NAN = D("NaN")


@pytest.mark.parametrize(
    ("asked", "situation"),
    [
        (request(quantity="NaN"), CALM),
        (request(price=Price(NAN)), CALM),
        (request(price=Price(D("Infinity"))), CALM),
        (request(**market), replace(CALM, quote=replace(QUOTE, ask=Price(NAN)))),
        (request(), replace(CALM, margin=Margin(D(1), NAN, "RUB"))),
        (request(), replace(CALM, margin=Margin(NAN, D(10000), "RUB"))),
        (request(), replace(CALM, net=NAN)),
        (request(), replace(CALM, gross=NAN)),
        (request(), replace(CALM, day_profit=NAN)),
        (request(Purpose.EXIT), replace(CALM, held=NAN)),
    ],
)
def test_what_is_not_a_number_is_refused(asked: OrderRequest, situation: Situation) -> None:
    """Never an approval, never an exception."""
    limits = Limits(D(10**6), D(99), D(99), D(99), D(5), D(5), stop_required=False)
    assert code(asked, limits, situation)


def test_the_checklist_names_every_check_with_its_answer() -> None:
    """What people see beside a proposal is what the gate will say."""
    limits = replace(OFF, order_value_max=D(1))
    found = dict(checklist(request(), limits, CALM))
    assert len(found) == len(CHECKS[Purpose.ENTRY])
    assert [name for name, no in found.items() if no] == ["value"]


# no order past the gate breaks a limit, whatever the mixture (invariant I21)

amounts = st.integers(-20, 40).map(lambda n: D(n * 10))
prices = st.integers(180, 220).map(lambda n: Price(D(n) / 2))
percents = st.sampled_from([ZERO, D(5), D(20), D(100), D(400)])


@given(
    asked=st.builds(
        request,
        purpose=st.sampled_from(RISKY),
        quantity=amounts.map(str),
        side=st.sampled_from(Side),
        price=prices,
        plan=st.sampled_from([None, ExitPlan(Price(D(90)))]),
    ),
    limits=st.builds(
        Limits,
        st.sampled_from([ZERO, D(5000)]),
        percents,
        percents,
        percents,
        percents,
        percents,
        st.booleans(),
        st.booleans(),
    ),
    situation=st.builds(
        replace,
        st.just(CALM),
        state=st.sampled_from(RiskState),
        net=amounts,
        working=st.sampled_from([ZERO, D(50)]),
        gross=st.sampled_from([ZERO, D(9000)]),
        day_profit=st.sampled_from([ZERO, D(-600)]),
        margin=st.builds(
            Margin, st.sampled_from([D(10000), ZERO]), st.sampled_from([D(10000), D(500)]), st.just("RUB")
        ),
    ),
)
def test_no_order_past_the_gate_breaks_a_limit(asked: OrderRequest, limits: Limits, situation: Situation) -> None:
    """Every limit that is on holds for what would be so after it, told anew in plain arithmetic."""
    sign = asked.side.sign
    situation = replace(situation, working=situation.working * sign)
    if isinstance(review(asked, limits, situation), Refused):
        return
    after = situation.net + situation.working + asked.quantity * sign
    equity, value = situation.margin.equity, asked.quantity * (asked.price or ZERO)
    assert asked.quantity > 0
    assert limits.short or sign > 0 or after >= 0
    if reduces(asked, situation):
        assert abs(after) <= abs(situation.net)
        return
    assert situation.state is RiskState.ACTIVE
    assert value <= situation.margin.free * 5
    assert not limits.order_value_max or value <= limits.order_value_max
    assert not limits.order_value_max_percent or value <= equity * limits.order_value_max_percent / 100
    worth = abs(after) * (asked.price or ZERO)
    assert not limits.position_max_percent or worth <= equity * limits.position_max_percent / 100
    assert not limits.gross_max_percent or situation.gross + value <= equity * limits.gross_max_percent / 100


# what mutants of the gate have shown to be held by no test


def test_an_exit_in_the_wrong_direction_is_refused() -> None:
    """Held long, an exit sells; held short, it buys; never the other way, and nothing where nothing is held."""
    sells = request(Purpose.EXIT, "10")
    buys = replace(sells, side=Side.BUY)
    short = replace(CALM, net=D(-100), held=D(-100))
    assert [code(sells, OFF, HELD), code(buys, OFF, HELD)] == ["", "beyond_position"]
    assert [code(sells, OFF, short), code(buys, OFF, short)] == ["beyond_position", ""]
    assert code(sells) == code(buys) == "beyond_position"


def test_pieces_smaller_than_one_are_held_to_the_same() -> None:
    """Coins: half a piece is a quantity, an exit of the wrong side, and new risk where it adds to half a piece."""
    coins = replace(SHARE, lot=Quantity(D("0.1")), step=Quantity(D("0.1")))
    half = replace(CALM, instrument=coins, net=D("0.5"), held=D("0.5"))
    assert code(request(Purpose.ENTRY, "0.5"), OFF, half) == ""
    assert code(replace(request(Purpose.EXIT, "0.5"), side=Side.BUY), OFF, half) == "beyond_position"
    assert code(request(Purpose.ENTRY, "0.5"), OFF, replace(half, state=RiskState.REDUCING)) == "reducing"


def test_a_short_position_is_reduced_by_buying() -> None:
    """As much as is held, with what works beside it; from flat nothing reduces, whatever works."""
    short = replace(CALM, net=D(-100), state=RiskState.REDUCING)
    assert code(request(Purpose.WORKING, "100"), OFF, short) == ""
    assert code(request(Purpose.WORKING, "110"), OFF, short) == "reducing"
    flat = replace(CALM, working=D(-10), state=RiskState.REDUCING)
    assert code(request(Purpose.WORKING, "10"), OFF, flat) == "reducing"


def test_the_position_limit_counts_shorts_and_lets_them_shrink() -> None:
    """A short of more than the limit is refused; one that stands beyond it may be bought back in part."""
    limits = replace(OFF, position_max_percent=D(10))
    sells = request(Purpose.WORKING, "20", Side.SELL, price=Price(D(100)))
    assert code(sells, limits) == "position"
    assert code(request(Purpose.WORKING, "10"), limits, replace(CALM, net=D(-100))) == ""


def test_buying_back_needs_no_leave_to_sell_short() -> None:
    """A short that stands where shorts are off can be bought back piece by piece."""
    assert code(request(Purpose.WORKING, "10"), replace(OFF, short=False), replace(CALM, net=D(-100))) == ""


@pytest.mark.parametrize("price", ["0", "Infinity", "-Infinity"])
def test_no_price_is_no_price(price: str) -> None:
    """Nothing and no end are on every tick, and refused by name."""
    trap = request(Purpose.TRAP, type=OrderType.STOP, price=None, stop_price=Price(D(price)))
    assert code(trap) == "bad_price"


def test_a_quote_is_fresh_for_five_seconds() -> None:
    """DESIGN 6's figure, to the microsecond."""
    old = replace(CALM, quote=replace(QUOTE, at=NOW - timedelta(seconds=5)))
    older = replace(CALM, quote=replace(QUOTE, at=NOW - timedelta(seconds=5, microseconds=1)))
    coming = replace(CALM, quote=replace(QUOTE, at=NOW + timedelta(seconds=6)))
    assert [code(request(), OFF, each) for each in (old, older, coming)] == ["", "no_quote", "no_quote"]


def test_an_order_is_valued_at_its_own_prices_and_then_at_the_last() -> None:
    """A stop order at its stop, a market order at the side it takes, or at the last trade where that side is empty."""
    limits = replace(OFF, order_value_max=D(1050))
    stop = request(type=OrderType.STOP, price=None, stop_price=Price(D(110)))
    assert code(stop, limits) == "order_value"
    empty = replace(CALM, quote=replace(QUOTE, ask=None, last=Price(D(120))))
    assert code(request(type=OrderType.MARKET, price=None), limits, empty) == "order_value"
    assert code(request(type=OrderType.MARKET, price=None), OFF, empty) == ""


def test_the_collar_is_around_the_side_that_an_order_takes() -> None:
    """The ask for buyers, and not the last trade, unless there is no ask; without any of them there is no collar."""
    limits = replace(OFF, collar_percent=D(5))
    buys = request(price=Price(D(95)))
    far = replace(CALM, quote=replace(QUOTE, last=Price(D(200))))
    assert code(buys, limits, far) == ""
    assert code(buys, limits, replace(CALM, quote=replace(QUOTE, ask=None, last=Price(D(200))))) == "collar"
    assert code(buys, limits, replace(CALM, quote=replace(QUOTE, ask=None, last=Price(D(95))))) == ""
    assert code(request(type=OrderType.MARKET, price=None), limits) == ""


def test_a_working_order_at_market_has_no_own_side() -> None:
    """It has no price that could be worse than the best."""
    assert code(request(Purpose.WORKING, type=OrderType.MARKET, price=None)) == ""


@pytest.mark.parametrize("purpose", RISKY)
def test_the_checklist_is_whole_without_a_quote(purpose: Purpose) -> None:
    """People read it where the market is silent: each check has its answer."""
    rows = dict(checklist(request(purpose), replace(OFF, collar_percent=D(5)), replace(CALM, quote=None)))
    assert len(rows) == len(CHECKS[purpose])
    assert {name for name, refused in rows.items() if refused} == {"quote"}


def test_refusals_say_by_how_much() -> None:
    """The tighter of two limits, the distance from the market to two digits, the loss as a plain sum."""
    both = replace(OFF, order_value_max=D(990), order_value_max_percent=D(5))
    refused = review(request(quantity="20"), both, CALM)
    assert isinstance(refused, Refused)
    assert refused.params["max"] == "500"
    away = review(
        request(price=Price(D(93))),
        replace(OFF, collar_percent=D(5)),
        replace(CALM, quote=replace(QUOTE, ask=Price(D("99.5")))),
    )
    assert isinstance(away, Refused)
    assert away.params["percent"] == "6.53"
    lost = review(request(), replace(OFF, daily_loss_percent=D(1)), replace(CALM, day_profit=D(-200)))
    assert isinstance(lost, Refused)
    assert lost.params["loss"] == "200"
