"""kill -9 between the legs of a spread: after the restart what the far leg traded is hedged, once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.crashes.rig import Rig, eventually, running
from tests.futures import FAR

RigOf = Callable[[str], Rig]
POINTS = (
    "leg1.filled_pre_leg2",
    "fill.in",
    "fill.pre_commit",
    "fill.post_commit",
    "intent.pre_commit",
    "intent.post_commit",
    "send.marked",
    "send.bytes_out",
    "send.resp_in",
    "ack.committed",
    "fill.pre_commit:2",
    "fill.post_commit:2",
)
"""Passed when one far piece fills: its fill, then the hedge, its order and its fill."""
WITHIN_S = 20
OURS, ABOVE, DEEP = Decimal(40000), Decimal(40100), 100_000
RATIO = 100
AMOUNT = 700
"""As many as the money of the account carries."""


def began(rig: Rig) -> None:
    """A spread that sells far pieces at 40000, one by one, against shares of about 300."""
    rig.broker.book("SBER", Decimal(300))
    far_book(rig, OURS - 100)
    rig.desk.say(f"/spreads add {FAR} SBER sell 1 {AMOUNT}")
    rig.desk.say("/spreads")
    rests(rig)


def far_book(rig: Rig, bid: Decimal, size: int = DEEP) -> None:
    """Asks at our price while the bid is below it, else above: then somebody has come to us."""
    ask = OURS if bid < OURS else ABOVE
    rig.broker.control("book", ticker=FAR, bid=str(bid), ask=str(ask), bid_size=str(size), ask_size=str(DEEP))


def rests(rig: Rig) -> None:
    rows = [f"{OURS}", f"{ABOVE}"]
    eventually(lambda: rig.broker.ask("orders"), lambda found: [o["price"] for o in found if o["price"] in rows])


def one_fills(rig: Rig) -> None:
    far_book(rig, OURS, 1)


def hedged(rig: Rig, pieces: int) -> None:
    """So many far pieces in all, and just their weight in shares; the desk's books say the same."""
    wanted = {FAR: Decimal(-pieces), "SBER": Decimal(pieces * RATIO)}

    def holds() -> dict[str, Decimal]:
        return {row["ticker"]: Decimal(row["quantity"]) for row in rig.broker.ask("positions")}

    eventually(holds, lambda found: found == wanted, WITHIN_S)
    rig.well()


def killed(rig: Rig, point: str, pieces: int) -> None:
    """One more far piece fills, and the desk dies at this point of what follows."""
    rig.arm(point)
    one_fills(rig)
    rig.died()
    far_book(rig, OURS - 100)
    rig.start()
    hedged(rig, pieces)
    rests(rig)


def test_tm_31_hedged_again_after_a_kill_between_the_legs(rig_of: RigOf) -> None:
    """Wherever it died, and also where ids are keys for ever: one hedge for each far piece."""
    rig = rig_of("always")
    began(rig)
    for pieces, point in enumerate(POINTS[::3], 1):
        killed(rig, point, pieces)


def test_w_07_an_answer_not_heard_where_ids_are_no_keys(rig_of: RigOf) -> None:
    """The hedge arrived, and nobody heard so: it is asked about, and not sent a second time."""
    rig = rig_of("never")
    began(rig)
    killed(rig, "send.resp_in", 1)


@pytest.mark.proof
def test_proof_of_hedges(tmp_path: Path, rounds: int) -> None:
    """Killed between the legs, round after round."""
    with running(tmp_path, "always") as rig:
        began(rig)
        for pieces in range(1, min(rounds, AMOUNT - 1) + 1):
            killed(rig, "leg1.filled_pre_leg2" if pieces % 2 else POINTS[pieces % len(POINTS)], pieces)
    print(f"\nhedged again after {rounds} kills between the legs: fewer than {3 / rounds:.2%} would not be, at 95 %")
