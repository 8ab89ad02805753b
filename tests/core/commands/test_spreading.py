"""/spreads and /sprices: the words, the rows and what they say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.rules.sessions import sessions
from core.rules.spread import common_sessions
from tests.desk import TestDesk, opened
from tests.futures import FAR, LATER

RICH = {"cash": "100000000"}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[TestDesk]:
    async with opened(tmp_path, account=RICH) as desk:
        await desk.book_of("SBER", "150", "151")
        await desk.book_of(FAR, "15610", "15620")
        yield desk


async def test_rows_are_added_listed_and_removed(desk: TestDesk) -> None:
    """By words; the end of an id is enough; the list of none is said."""
    assert (await desk.say("/spreads list")).key == "command.no_spreads"
    added = await desk.say(f"/spreads add {FAR} sber sell 619.5 10")
    assert added.lines[-1].params["ratio"] == "100"
    await desk.say(f"/spreads add {FAR} {LATER} buy -300 5 2")
    listed = (await desk.say("/spreads list")).lines
    assert [(line.params["side"], line.params["price"], line.params["ratio"]) for line in listed] == [
        ("sell", "619.5", "100"),
        ("buy", "-300", "2"),
    ]
    removed = await desk.say(f"/spreads remove {listed[0].params['id'][-6:]}")
    assert removed.key == "command.spread_removed"
    assert len((await desk.say("/spreads list")).lines) == 1


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (f"add {FAR} SBER sell cheap 10", "usage"),
        (f"add {FAR} SBER sell 600 1.5", "usage"),
        (f"add {FAR} SBER hold 600 10", "usage"),
        (f"add {FAR} SBER sell 600 10 -1", "usage"),
        (f"add {FAR} SBER sell 600", "usage"),
        ("nonsense", "usage"),
        ("remove nothing", "unknown_id"),
        ("add NOSUCH SBER sell 600 10", "unknown_ticker"),
        (f"add {FAR} GAZP sell 600 10", "no_ratio"),
        (f"add {FAR} SBER sell 600 0", "zero_size"),
    ],
)
async def test_tm_26_what_is_no_spread_is_refused(desk: TestDesk, typed: str, code: str) -> None:
    """In words, and no row is made."""
    assert (await desk.say(f"/spreads {typed}")).params["code"] == code
    assert (await desk.say("/spreads list")).key == "command.no_spreads"


async def test_a_row_at_work_is_not_removed(desk: TestDesk) -> None:
    """Its task is named; after a stop it goes."""
    row = (await desk.say(f"/spreads add {FAR} SBER sell 600 10")).lines[-1].params["id"]
    await desk.say("/spreads")
    assert (await desk.say(f"/spreads remove {row}")).params["code"] == "already_running"
    await desk.say("/stop")
    assert (await desk.say(f"/spreads remove {row}")).key == "command.spread_removed"


async def test_tm_39_both_prices_of_each_spread(desk: TestDesk) -> None:
    """Joining the book 620, taking it 510; a book without a side says so."""
    await desk.say(f"/spreads add {FAR} SBER sell 600 10")
    await desk.say(f"/spreads add {LATER} SBER buy 600 10")
    await desk.book_of(LATER, "30000", None)
    [first, second] = (await desk.say("/sprices")).lines
    assert (first.key, first.params["passive"], first.params["immediate"]) == ("command.spread_price", "620", "510")
    assert (second.params["passive"], second.params["immediate"]) == ("14900", "-")


async def test_tm_39_closed_pairs_say_when_they_open(tmp_path: Path) -> None:
    """In minutes, rounded up, the 30 s included."""
    async with opened(tmp_path, account=RICH, market={"still": True, "hours": "exchange"}) as desk:
        table = [sessions(f"MOEX-{kind}", desk.now, desk.now + timedelta(days=5)) for kind in ("shares", "futures")]
        ahead = common_sessions(table[0], table[1], timedelta(seconds=30))
        opens = next(session.opens_at for session in ahead if session.opens_at > desk.now)
        await desk.clock.advance((opens - desk.now).total_seconds() - 95)
        await desk.say(f"/spreads add {FAR} SBER sell 600 10")
        [line] = (await desk.say("/sprices")).lines
        assert (line.key, line.params["minutes"]) == ("command.spread_closed", "2")
        await desk.clock.advance(95)
        [line] = (await desk.say("/sprices")).lines
        assert line.key == "command.spread_price"
