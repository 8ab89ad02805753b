"""What a broker can do to a desk that lives: each fault once, the referee's ledger held against the desk's books."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest

from tests.crashes.rig import PRICES, Rig, eventually
from tests.crashes.verdict import Row

HIDDEN = ("accept_then_drop", "accept_then_500", "accept_then_garbage", "accept_then_silence")
"""Faults after which the order is there and nobody has heard so."""
RigOf = Callable[[str], Rig]
CENT = Decimal("0.01")


@pytest.fixture
def rig(rig_of: RigOf) -> Rig:
    rig = rig_of("always")
    rig.broker.stream()
    rig.broker.book("SBER", PRICES["SBER"])
    return rig


def entered(rig: Rig, **changes: str) -> Row:
    """The entry of a new alert once the desk is done with it and agrees with the broker on all."""
    alert = rig.send(rig.entry("SBER", **changes))
    rig.well()
    [entry] = [o for o in rig.entries() if o["because"][0]["id"] == alert]
    return entry


def exited(rig: Rig) -> None:
    rig.send(rig.exit("SBER"))
    rig.well()
    assert rig.broker.ask("positions") == []


def requests(rig: Rig, order_id: str) -> list[datetime]:
    """When the referee heard of an order of ours."""
    heard = [line for line in rig.broker.ledger("request") if line["client_id"] == order_id]
    return [datetime.fromisoformat(line["at"]) for line in heard]


@pytest.mark.parametrize("fault", HIDDEN)
def test_a_lost_answer_is_found_out(rig: Rig, fault: str) -> None:
    """The stop's answer is lost, then the entry's: the desk asks, and each order is there once."""
    rig.broker.fault(fault, count=2)
    assert entered(rig)["state"] == "FILLED"
    exited(rig)


@pytest.mark.proof
def test_a_lost_request_is_sent_again_where_ids_are_keys(rig: Rig) -> None:
    """Asked about for sixteen seconds, then sent once more under its id."""
    rig.broker.fault("drop")
    assert entered(rig)["state"] == "FILLED"
    exited(rig)


@pytest.mark.proof
@pytest.mark.parametrize("dialect", ["while_open", "never"])
def test_a_lost_request_is_not_sent_again_where_ids_are_no_keys(rig_of: RigOf, dialect: str) -> None:
    """The stop may or may not have arrived: people are told, and its entry never leaves."""
    rig = rig_of(dialect)
    rig.broker.fault("drop")
    assert entered(rig)["state"] == "CANCELLED"
    assert [n["key"] for n in rig.desk.items("notices") if n["key"] == "order.unknown"]


def test_a_refusal_ends_the_matter(rig: Rig) -> None:
    """The broker refuses the stop: the entry is not sent at all."""
    rig.broker.fault("refuse")
    entry = entered(rig)
    assert entry["state"] == "CANCELLED"
    assert requests(rig, entry["id"]) == []


def test_a_429_is_waited_for(rig: Rig) -> None:
    """The same order comes again, not before the venue's time."""
    rig.broker.fault("too_many_requests", seconds=1.5)
    entry = entered(rig)
    stop = next(o for o in rig.desk.items("orders") if o["role"] == "stop")
    first, second = requests(rig, stop["id"])
    assert entry["state"] == "FILLED"
    assert (second - first).total_seconds() >= 1.5
    exited(rig)


@pytest.mark.parametrize("dialect", ["always", "plain"])
def test_a_part_of_a_position_is_protected_as_it_comes(rig_of: RigOf, dialect: str) -> None:
    """A limit entry fills in three parts: after each the stop covers what is held."""
    rig = rig_of(dialect)
    ask = PRICES["SBER"]
    rig.broker.control("book", ticker="SBER", bid=str(ask - CENT), ask=str(ask), bid_size="100000", ask_size="1000")
    rig.send(rig.entry("SBER", type="limit"))
    for held in (1000, 2000, 3000):
        eventually(lambda: [p["quantity"] for p in rig.broker.ask("positions")], lambda now: now == [str(held)])  # noqa: B023 - called in this round
        rig.well()
        rig.broker.control("book", ticker="SBER", bid=str(ask - CENT), ask=str(ask), bid_size="100000", ask_size="1000")
    rig.broker.book("SBER", ask)
    exited(rig)


def test_a_mute_stream_is_noticed(rig: Rig) -> None:
    """The socket stays open and says nothing: the desk comes back to it, and hears what it has missed."""
    rig.send(rig.entry("SBER"))
    rig.well()
    rig.broker.stream(mute=True)
    rig.broker.control("book", ticker="SBER", bid="331.00", ask="331.02")  # beyond the target
    eventually(lambda: rig.desk.items("positions"), lambda rows: not rows)
    rig.broker.stream()
    rig.well()


def test_a_stream_that_repeats_and_reorders_counts_once(rig: Rig) -> None:
    """Each event twice, and an order's end before its fills."""
    rig.broker.stream(twice=True, backwards=True)
    entry = entered(rig)
    assert entry["filled"] == entry["quantity"]
    exited(rig)


def test_a_broken_connection_is_made_again(rig: Rig) -> None:
    """Reads that fail are asked again; nothing is taken for empty."""
    rig.broker.fault("disconnect", count=3)
    assert entered(rig)["state"] == "FILLED"
    exited(rig)


def test_a_stop_that_fires_ends_the_position(rig: Rig) -> None:
    """The market falls through the stop: flat on both sides, and the target is gone."""
    rig.send(rig.entry("SBER"))
    rig.well()
    rig.broker.control("book", ticker="SBER", bid="280.00", ask="280.02")
    eventually(lambda: rig.desk.items("positions"), lambda rows: not rows)
    rig.well()
    assert [*rig.broker.ask("orders"), *rig.broker.ask("stop_orders")] == []
