"""Every adapter against a venue that answers with rubbish: a value or one of the errors that the contract names, soon;
and once the venue is itself again, so is the adapter."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest

from brokers.angelone import ticks
from core.values.errors import OutcomeUnknown, Rejected, Transient
from core.values.orders import Side
from tests.attacks.spoilt import VENUES, asked, itself_again, outcome, spoilt
from tests.contracts.broker import Desk

SHAPES = (b"7", b"null", b'"x"', b"[]", b"[[]]", b"[[1, 2]]", b"[{}]", b"{}", b'{"data": 7}', b'{"data": [[]]}')
"""JSON that is nobody's answer to anything."""


async def rubbish_of(name: str, path: Path, questions: int) -> Counter[str]:
    """How often each kind of answer came of so many questions; anything that no contract names is raised."""
    outcomes: Counter[str] = Counter()
    rng = random.Random(name)
    async with spoilt(name, path) as (desk, rubbish):
        while outcomes.total() < questions:
            rubbish.rng = rng
            for question in await asked(desk, rng):
                outcomes[await outcome(question)] += 1
        rubbish.rng = None
        await itself_again(desk)
        assert rubbish.spoilt > questions / 4
    return outcomes


@pytest.mark.parametrize("name", VENUES)
async def test_rubbish_is_an_error_that_the_contract_names(tmp_path: Path, name: str) -> None:
    """Sixty questions."""
    await rubbish_of(name, tmp_path, 60)


@pytest.mark.parametrize("name", VENUES)
async def test_json_of_another_shape_is_an_error_that_the_contract_names(tmp_path: Path, name: str) -> None:
    """Each question, with each shape for an answer: never a crash."""
    async with spoilt(name, tmp_path) as (desk, rubbish):
        for page in SHAPES:
            for question in await asked(desk, random.Random(1)):
                rubbish.page = page
                await outcome(question)
                rubbish.page = None
        await itself_again(desk)


@pytest.mark.proof
@pytest.mark.parametrize("name", VENUES)
async def test_proof_of_rubbish(tmp_path: Path, name: str, rounds: int) -> None:
    """Thirty questions a round."""
    outcomes = await rubbish_of(name, tmp_path, 30 * rounds)
    total = outcomes.total()
    print(f"\n{name}: {total} questions over spoilt answers: {dict(outcomes)}; 0 others: below {3 / total:.3%} at 95 %")


async def doubts_of(name: str, path: Path, orders: int) -> Counter[str]:
    """What is said of so many orders whose answer is rubbish. One that stands is taken or in doubt, and no more."""
    said: Counter[str] = Counter()
    refused: list[tuple[str, int]] = []
    rng = random.Random(name)
    async with spoilt(name, path) as (desk, rubbish):
        rubbish.honest = True
        for _ in range(orders):
            before = standing(desk)
            rubbish.rng = rng
            try:
                await desk.send(desk.request(Side.BUY, 1, -20))
                said["taken"] += 1
            except OutcomeUnknown:
                said["in doubt"] += 1
            except (Rejected, Transient) as error:
                said[type(error).__name__] += 1
                refused.append((repr(error), standing(desk) - before))
            rubbish.rng = None
    assert [each for each in refused if each[1]] == []
    return said


def standing(desk: Desk) -> int:
    """Orders that the venue has ever taken."""
    return sum(line["kind"] == "order" for line in desk.on.server.lines())  # type: ignore[attr-defined]  # every venue's has one


@pytest.mark.parametrize("name", VENUES)
async def test_an_order_that_stands_is_never_told_as_refused(tmp_path: Path, name: str) -> None:
    """Its answer is rubbish: whoever is told that it was refused would send another."""
    assert (await doubts_of(name, tmp_path, 60))["in doubt"]


@pytest.mark.proof
@pytest.mark.parametrize("name", VENUES)
async def test_proof_of_doubt(tmp_path: Path, name: str, rounds: int) -> None:
    """Ten orders a round."""
    said = await doubts_of(name, tmp_path, 10 * rounds)
    print(
        f"\n{name}: {said.total()} orders over spoilt answers: {dict(said)}; 0 that stand told as refused: "
        f"below {3 / said.total():.3%} at 95 %"
    )


def test_noise_is_no_tick() -> None:
    """Angel One's binary prices: a tick, None or ValueError, of whatever bytes come."""
    rng = random.Random(1)
    for _ in range(20_000):
        data = bytes([rng.choice((0, 1, 2, 3, 4)), rng.randrange(6)]) + rng.randbytes(
            rng.choice((0, 48, 49, 120, 377, 400))
        )
        with suppress(ValueError):
            tick = ticks.read(data)
            assert tick is None or tick.last is None or tick.last > Decimal(0)
