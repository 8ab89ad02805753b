"""Runs of the whole desk in virtual time, each from one number: OPENOUTCRY_SEED=n repeats one."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import pytest

from tests.simulation.story import Told, played

MINUTES = 6.0
PROOF_MINUTES = 20.0
RUNS_A_ROUND = 2
DAY = 24 * 60.0


def well(told: Told) -> None:
    assert told.problems == [], f"OPENOUTCRY_SEED={told.seed} ({told.dialect}): {told.problems}"


@pytest.mark.parametrize("seed", range(7))
def test_i01_to_i07_hold_through_kills_faults_and_bad_weather(seed: int) -> None:
    """Each dialect once: nothing lost, doubled, orphaned, unsettled, mismatched or naked when the dust has settled."""
    told = played(seed, MINUTES)
    assert told.alerts > 10
    assert told.requests > 10
    well(told)


def test_i23_the_same_seed_gives_the_same_trace() -> None:
    """In another process too, where strings hash otherwise: every request, fill, answer and notice."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        elsewhere = pool.submit(played, 3, 5.0)
        here = played(3, 5.0)
    assert elsewhere.result() == here
    assert here.kills > 0


def test_i23_another_seed_gives_another_trace() -> None:
    """The digest tells runs apart."""
    assert played(0, 2.0).digest != played(7, 2.0).digest


@pytest.mark.proof
def test_proof_of_simulated_runs(rounds: int) -> None:
    """Two runs a round, every tenth twice for its digest; OPENOUTCRY_SEED=n plays one of them alone."""
    only = os.environ.get("OPENOUTCRY_SEED")
    seeds = [int(only)] if only else list(range(RUNS_A_ROUND * rounds))
    repeated = seeds[::10]
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        told = list(pool.map(partial(played, minutes=PROOF_MINUTES), seeds, chunksize=4))
        again = list(pool.map(partial(played, minutes=PROOF_MINUTES), repeated))
    failures = [f"OPENOUTCRY_SEED={t.seed} ({t.dialect}): {t.problems}" for t in told if t.problems]
    assert not failures, "\n".join(failures)
    assert again == told[::10]
    alerts, kills = sum(t.alerts for t in told), sum(t.kills for t in told)
    requests = sum(t.requests for t in told)
    print(
        f"\n{len(told)} runs of {PROOF_MINUTES:.0f} min: {alerts} alerts, {requests} orders, {kills} kills; 0 lost,"
        f" doubled, orphaned, mismatched or naked: below {3 / len(told):.2%} of runs, {3 / max(kills, 1):.2%} of kills"
        f" at 95 %; {len(again)} of {len(again)} repeats equal"
    )


@pytest.mark.proof
def test_proof_of_days(rounds: int) -> None:
    """Up to three days of trading in one run, an hour a round, with all that befalls a desk in them."""
    minutes = min(3 * DAY, 60.0 * rounds)
    told = played(2, minutes)
    well(told)
    print(f"\n{minutes / 60:.0f} hours: {told.alerts} alerts, {told.requests} orders, {told.kills} kills")
