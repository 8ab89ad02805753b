"""What each venue can do to a desk that lives: answers lost, waits told, stops fired, streams mute."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import product

import pytest

from tests.crashes.dialects import BITCOIN
from tests.crashes.matrix import leave
from tests.crashes.rig import PRICES, Rig, eventually

RigOf = Callable[[str], Rig]
SHARES = ("tinvest", "alpaca")
VENUES = (*SHARES, *BITCOIN)
FAULTS = ("accept_then_drop", "accept_then_500", "accept_then_garbage")
SLOW = [
    pytest.param(venue, fault, marks=pytest.mark.proof)
    for venue, fault in zip((*BITCOIN, "angelone"), (*FAULTS, FAULTS[0]), strict=True)
]
"""Where ids are no keys, or calls are one a second, it is asked about for many seconds: a fault each."""


def ready(rig_of: RigOf, dialect: str) -> Rig:
    rig = rig_of(dialect)
    rig.calm()
    return rig


@pytest.mark.parametrize("dialect", BITCOIN)
def test_le_08_btcperp_end_to_end(rig_of: RigOf, dialect: str) -> None:
    """Mapped to the venue's symbol, entered, protected and left: one stop and one target of the position's size."""
    rig = ready(rig_of, dialect)
    rig.send(rig.entry(rig.ticker))
    rig.well()
    [held] = rig.broker.ask("positions")
    assert held["ticker"] == BITCOIN[dialect]
    both = [("limit", held["quantity"]), ("stop", held["quantity"])]
    eventually(lambda: sorted((row["type"], row["quantity"]) for row in rig.standing()), lambda rows: rows == both)
    leave(rig)


@pytest.mark.parametrize(("dialect", "fault"), [*product(SHARES, FAULTS), *SLOW])
def test_lost_answers_are_found_out(rig_of: RigOf, dialect: str, fault: str) -> None:
    """The answers to the first orders are lost: each is there once."""
    rig = ready(rig_of, dialect)
    rig.broker.fault(fault, count=2 if dialect in {"alpaca", "angelone"} else 3)  # the others have a target as well
    rig.send(rig.entry(rig.ticker))
    rig.well()
    leave(rig)


@pytest.mark.parametrize("dialect", SHARES)
def test_a_429_is_waited_for(rig_of: RigOf, dialect: str) -> None:
    """The venue's reset is kept to, and then the order goes out."""
    rig = ready(rig_of, dialect)
    rig.broker.fault("too_many_requests", seconds=2)
    rig.send(rig.entry("SBER"))
    rig.well()
    assert [p["ticker"] for p in rig.broker.ask("positions")] == ["SBER"]
    leave(rig)


@pytest.mark.parametrize("dialect", VENUES)
def test_a_stop_that_fires_ends_the_position(rig_of: RigOf, dialect: str) -> None:
    """Whatever order the venue made of it and however it tells so, it was the desk's stop; the target goes."""
    rig = ready(rig_of, dialect)
    rig.send(rig.entry(rig.ticker))
    rig.well()
    rig.broker.book(BITCOIN.get(dialect, "SBER"), PRICES[rig.ticker] * 9 / 10)
    eventually(lambda: rig.desk.items("positions"), lambda rows: not rows)
    rig.well()
    assert rig.standing() == []
    [stop] = [o for o in rig.desk.items("orders") if o["role"] == "stop"][:1]
    assert (stop["state"], stop["filled"]) == ("FILLED", stop["quantity"])


@pytest.mark.parametrize("dialect", BITCOIN)
def test_a_mute_stream_is_swept_up_after(rig_of: RigOf, dialect: str) -> None:
    """The stream tells nothing of the entry: it is found by asking, and protected."""
    rig = ready(rig_of, dialect)
    rig.broker.stream(mute=True)
    rig.send(rig.entry(rig.ticker))
    rig.well()
    leave(rig)


def test_an_entry_that_fills_in_part_is_protected(rig_of: RigOf) -> None:
    """The venue takes no stop beside the rest of the entry: the rest goes, and what is held has its stop."""
    rig = ready(rig_of, "alpaca")
    rig.broker.book("SBER", PRICES["SBER"], size=3)
    rig.send(rig.entry("SBER", type="limit", price=f"{PRICES['SBER'] + 1:.2f}"))
    eventually(lambda: rig.broker.ask("stop_orders"), lambda rows: rows)
    rig.well()
    [held] = rig.desk.items("positions")
    assert (Decimal(held["quantity"]), held["protected_by"]) == (Decimal(3), "broker")
    assert rig.broker.ask("orders") == []
    leave(rig)
