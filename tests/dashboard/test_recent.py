"""What pages read is read once, until something is written."""

from __future__ import annotations

import asyncio

import pytest

from core.values.changes import FlagSet, PricesKept
from core.values.people import owner_person
from dashboard.recent import ANSWERS_MAX, MONEY_AGE, reading
from tests.dashboard.conftest import House


async def test_an_answer_stays_until_something_is_written(house: House) -> None:
    """The very same answer; after a commit another one."""
    store = reading(house.board).store
    first = await store.alerts(10)
    assert await store.alerts(10) is first
    assert await store.alerts(11) is not first
    await house.board.store.save(FlagSet("a", "b"))
    assert await store.alerts(10) is not first


async def test_prices_that_are_kept_change_no_page(house: House) -> None:
    """They are written all the time, and shown nowhere."""
    store = reading(house.board).store
    first = await store.alerts(10)
    await house.board.store.save(PricesKept(()))
    assert await store.alerts(10) is first


async def test_who_asks_at_the_same_time_shares_the_answer(house: House) -> None:
    """One reading for twenty pages; one that leaves takes it from nobody."""
    store = reading(house.board).store
    asking = [asyncio.ensure_future(store.orders(10)) for _ in range(20)]
    await asyncio.sleep(0)
    asking[0].cancel()
    answers = await asyncio.gather(*asking[1:])
    assert all(answer is answers[0] for answer in answers)


async def test_a_failure_is_not_kept(house: House) -> None:
    """Whoever asks next asks anew."""
    store = reading(house.board).store
    for _ in range(2):
        with pytest.raises(ValueError, match="after"):
            await store.alerts(10, "nonsense")


async def test_what_is_written_goes_through(house: House) -> None:
    """Every time, also when it is the same."""
    store = reading(house.board).store
    await store.save(FlagSet("a", "1"))
    await house.board.store.save(FlagSet("a", "2"))
    await store.save(FlagSet("a", "1"))
    assert await house.board.store.flag("a") == "1"


async def test_answers_are_bounded(house: House) -> None:
    """However many questions there are."""
    store = reading(house.board).store
    for number in range(ANSWERS_MAX * 2):
        await store.flag(str(number))
    assert len(store._answers) <= ANSWERS_MAX  # type: ignore[attr-defined]


async def test_money_is_not_asked_of_the_broker_at_every_look(house: House) -> None:
    """Within a few seconds it is what was said."""
    portfolio = reading(house.board).portfolio
    first = await portfolio.accounts(owner_person("dashboard"))
    assert await portfolio.accounts(owner_person("dashboard")) is first
    assert MONEY_AGE.total_seconds() >= 1
