"""I20: killed with a hundred orders at the broker, the desk is ready again in 12 s, and knows each of them."""

from __future__ import annotations

from pathlib import Path
from random import Random
from threading import Timer

import pytest

from tests.crashes.rig import PRICES, Rig, eventually, running

STANDING = 100
LEVELS = [10, 12, 14, 16, 18]
WITHIN_S = 12.0
DIALECTS = ("always", "never")


def full(rig: Rig) -> None:
    """A hundred traps at the broker, and a position with its stop."""
    assert rig.desk.ask("PUT", "/api/v1/tunables", {"nuke_levels": LEVELS})[0] == 200
    for ticker, price in PRICES.items():
        rig.broker.book(ticker, price)
        for _ in range(STANDING // len(PRICES) // len(LEVELS)):
            rig.desk.say(f"/nuke {ticker} 1000000")
    eventually(rig.standing, lambda rows: len(rows) == STANDING)
    rig.send(rig.entry("SBER"))
    rig.well()


def again(rig: Rig, moment_s: float) -> float:
    """Killed under alerts; seconds from the start of the process to READY."""
    killer = Timer(moment_s, rig.desk.process.kill)
    killer.start()
    while rig.send(rig.exit("GAZP")) is not None:
        pass
    killer.join()
    rig.kill()
    took = rig.start().ready_s
    rig.well()
    assert len(rig.standing()) >= STANDING
    return took


def recoveries(directory: Path, dialect: str, count: int) -> list[float]:
    rng = Random(count)
    with running(directory, dialect) as rig:
        full(rig)
        return sorted(again(rig, rng.uniform(0, 0.5)) for _ in range(count))


def test_i20_ready_again_with_a_hundred_orders(tmp_path: Path) -> None:
    """Once, at a moment of its own."""
    assert recoveries(tmp_path, "always", 1)[-1] < WITHIN_S


@pytest.mark.proof
@pytest.mark.parametrize("dialect", DIALECTS)
def test_proof_of_recovery(tmp_path: Path, dialect: str, rounds: int) -> None:
    """Once a round."""
    took = recoveries(tmp_path, dialect, rounds)
    p99 = took[int(len(took) * 0.99)]
    assert p99 < WITHIN_S
    print(
        f"\n{dialect}: ready again after {rounds} kills with {STANDING} orders standing:"
        f" median {took[rounds // 2]:.1f} s, p99 {p99:.1f} s, worst {took[-1]:.1f} s"
    )
