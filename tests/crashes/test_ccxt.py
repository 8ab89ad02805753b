"""Bybit, Binance and OKX under the same rig: BTCPERP from an alert to flat, through ccxt, killed on the way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.crashes.rig import BITCOIN, PRICES, Rig, eventually

RigOf = Callable[[str], Rig]


@pytest.fixture(params=BITCOIN)
def rig(request: pytest.FixtureRequest, rig_of: RigOf) -> Rig:
    rig = rig_of(request.param)
    rig.broker.stream()
    rig.broker.book(BITCOIN[rig.broker.dialect], PRICES["BTCPERP"])
    return rig


def entry(rig: Rig) -> dict[str, object]:
    """As a chart tells it: its own name of the contract, and the exchange in a case of its own."""
    return rig.entry("BTCPERP", exchange=rig.broker.dialect.capitalize())


def leave(rig: Rig) -> None:
    """An exit alert ends flat, with nothing left at the venue."""
    rig.send({**rig.exit("BTCPERP"), "exchange": rig.broker.dialect})
    rig.well()
    assert rig.broker.ask("positions") == []
    assert [*rig.broker.ask("orders"), *rig.broker.ask("stop_orders")] == []


def standing(rig: Rig) -> list[tuple[str, str]]:
    rows = [*rig.broker.ask("orders"), *rig.broker.ask("stop_orders")]
    return sorted((row["type"], row["quantity"]) for row in rows)


def test_le_08_btcperp_end_to_end(rig: Rig) -> None:
    """Mapped to the venue's symbol, entered, protected and left: one stop and one target of the position's size."""
    rig.send(entry(rig))
    rig.well()
    [held] = rig.broker.ask("positions")
    assert held["ticker"] == BITCOIN[rig.broker.dialect]
    eventually(lambda: standing(rig), lambda rows: rows == [("limit", held["quantity"]), ("stop", held["quantity"])])
    leave(rig)


def test_an_entry_killed_on_its_way(rig_of: RigOf) -> None:
    """Nothing lost, doubled, orphaned or naked; what was in doubt is asked about and never sent again."""
    rig = rig_of("binance")
    rig.broker.book("BTCUSDT", PRICES["BTCPERP"])
    enter(rig, "send.bytes_out:1")


@pytest.mark.proof
@pytest.mark.parametrize("point", ["send.marked:1", "send.bytes_out:1", "send.bytes_out:2", "fill.post_commit"])
def test_an_entry_killed_at(rig: Rig, point: str) -> None:
    """The same at each other point at which the wire and the journal may differ."""
    enter(rig, point)


def enter(rig: Rig, point: str) -> None:
    asked = len(rig.broker.ledger("request"))
    rig.arm(point)
    body = entry(rig)
    first = rig.send(body)
    rig.died()
    if point.startswith("send.bytes_out"):  # they have left: the venue has it, and nobody heard its answer
        eventually(lambda: len(rig.broker.ledger("request")), lambda now: now == asked + int(point[-1]))
    rig.start()
    assert rig.send(body) == first
    rig.well()
    leave(rig)


@pytest.mark.proof
@pytest.mark.parametrize("fault", ["accept_then_drop", "accept_then_500", "accept_then_garbage"])
def test_lost_answers_are_found_out(rig: Rig, fault: str) -> None:
    """The answers to the first three orders are lost: each is there once."""
    rig.broker.fault(fault, count=3)
    rig.send(entry(rig))
    rig.well()
    leave(rig)


def test_a_mute_stream_is_swept_up_after(rig: Rig) -> None:
    """The stream tells nothing of the entry: it is found by asking, and protected."""
    rig.broker.stream(mute=True)
    rig.send(entry(rig))
    rig.well()
    rig.broker.stream()
    leave(rig)


def test_a_stop_that_fires_ends_the_position(rig: Rig) -> None:
    """Whatever order the venue made of it, it was the desk's stop that closed the position; the target goes."""
    rig.send(entry(rig))
    rig.well()
    rig.broker.book(BITCOIN[rig.broker.dialect], PRICES["BTCPERP"] * 9 / 10)
    eventually(lambda: rig.desk.items("positions"), lambda rows: not rows)
    rig.well()
    assert standing(rig) == []
    assert [o["state"] for o in rig.desk.items("orders") if o["role"] == "stop"][:1] == ["FILLED"]
