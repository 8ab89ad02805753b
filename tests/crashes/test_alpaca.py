"""Alpaca's dialect under the same rig: a desk killed at key points, and what this venue can do to one that lives."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.crashes.rig import PRICES, Rig, eventually
from tests.crashes.test_points import enter, leave

RigOf = Callable[[str], Rig]


@pytest.fixture
def rig(rig_of: RigOf) -> Rig:
    rig = rig_of("alpaca")
    rig.broker.stream()
    rig.broker.book("SBER", PRICES["SBER"])
    return rig


@pytest.mark.parametrize("point", ["send.bytes_out:1", "send.resp_in:1", "fill.post_commit", "prot.sent:1"])
def test_an_entry_killed_at(rig: Rig, point: str) -> None:
    """Nothing lost, doubled, orphaned or naked."""
    enter(rig, point)


@pytest.mark.parametrize("point", ["send.bytes_out:2"])
def test_a_protective_order_killed_on_its_way(rig: Rig, point: str) -> None:
    """The stop arrived and nobody heard so: after the restart it stands once, though its id is sent again."""
    enter(rig, point)


@pytest.mark.parametrize("point", ["fill.post_commit", "cancel.mid:1"])
def test_an_exit_killed_at(rig: Rig, point: str) -> None:
    """The exit is carried to its end."""
    leave(rig, point)


@pytest.mark.parametrize("fault", ["accept_then_drop", "accept_then_500", "accept_then_garbage"])
def test_lost_answers_are_found_out(rig: Rig, fault: str) -> None:
    """The answers to the entry and its stop are lost: each is there once."""
    rig.broker.fault(fault, count=2)
    rig.send(rig.entry("SBER"))
    rig.well()
    leave(rig, "")


def test_a_429_is_waited_for(rig: Rig) -> None:
    """The venue's reset is kept to, and then the order goes out."""
    rig.broker.fault("too_many_requests", seconds=2)
    rig.send(rig.entry("SBER"))
    rig.well()
    assert [p["ticker"] for p in rig.broker.ask("positions")] == ["SBER"]
    leave(rig, "")


def test_a_stop_that_fires_ends_the_position(rig: Rig) -> None:
    """The stream tells of it under the stop's own id."""
    rig.send(rig.entry("SBER"))
    rig.well()
    rig.broker.control("book", ticker="SBER", bid="280.00", ask="280.02")
    eventually(lambda: rig.desk.items("positions"), lambda rows: not rows)
    rig.well()
    assert [*rig.broker.ask("orders"), *rig.broker.ask("stop_orders")] == []
    [stop] = [o for o in rig.desk.items("orders") if o["role"] == "stop"][:1]
    assert (stop["state"], stop["filled"]) == ("FILLED", stop["quantity"])


def test_an_entry_that_fills_in_part_is_protected(rig: Rig) -> None:
    """The venue takes no stop beside the rest of the entry: the rest goes, and what is held has its stop."""
    rig.broker.book("SBER", PRICES["SBER"], size=3)
    rig.send(rig.entry("SBER", type="limit", price=f"{PRICES['SBER'] + 1:.2f}"))
    eventually(lambda: rig.broker.ask("stop_orders"), lambda rows: rows)
    rig.well()
    [held] = rig.desk.items("positions")
    assert (Decimal(held["quantity"]), held["protected_by"]) == (Decimal(3), "broker")
    assert rig.broker.ask("orders") == []
    rig.broker.book("SBER", PRICES["SBER"])
    leave(rig, "")
