"""/scan and /dscan on the built-in market."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.desk import TestDesk, opened
from tests.futures import FAR, LATER

D = Decimal


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[TestDesk]:
    async with opened(tmp_path, account={"cash": "100000", "fee_percent": "0.1"}) as desk:
        yield desk


async def test_tm_55_a_line_a_pair_the_best_first(desk: TestDesk) -> None:
    """Both tickers and the yearly figure to two digits."""
    answer = await desk.say("/scan 0")
    rows = [line.params for line in answer.lines]
    assert {row["near"] + row["far"] for row in rows} == {f"SBER{FAR}", f"SBER{LATER}", f"{FAR}{LATER}"}
    figures = [D(row["yearly"]) for row in rows]
    assert figures == sorted(figures, reverse=True)
    assert all(row["yearly"][-3] == "." for row in rows)


async def test_tm_56_the_rate_is_a_filter_and_has_a_default(desk: TestDesk) -> None:
    """7.5 unless people set another; a decimal is fine."""
    assert (await desk.say("/scan")).params["rate"] == "7.5"
    assert (await desk.say("/scan 99999")).key == "command.scan_none"
    assert (await desk.say("/scan 7.5")).params["rate"] == "7.5"


@pytest.mark.parametrize("typed", ["/scan abc", "/scan -1", "/scan 1 2", "/scan nan", "/dscan 0", "/dscan x"])
async def test_tm_57_what_is_no_rate_is_refused(desk: TestDesk, typed: str) -> None:
    """In words, and never with a crash."""
    assert (await desk.say(typed)).params["code"] == "usage"


async def test_tm_57_an_empty_market_is_said(desk: TestDesk) -> None:
    """Everything has expired but the shares."""
    await desk.clock.advance(timedelta(days=400).total_seconds())
    assert (await desk.say("/scan 0")).key == "command.scan_none"


async def test_the_executable_figure_follows_in_the_same_card(desk: TestDesk) -> None:
    """What the books really show: sizes, fees that this account pays, and how much its money carries."""
    await desk.say("/buy 10 SBER")
    await desk.book_of("SBER", "298", "299")
    await desk.wait(2)
    future = desk.engine.market.quote(FAR)
    assert future is not None
    assert future.bid is not None
    await desk.book_of("SBER", "298", "299", ask_size="700")
    answer = await desk.say("/scan 0")
    await desk.wait(1)
    [told] = await desk.notices("command.scan_now")
    assert told.card == answer.card
    [row] = [line.params for line in told.lines if line.params["far"] == FAR]
    assert row["pieces"] == "7"
    assert D(row["fees"]) == ((future.bid + 29900) / 1000).quantize(D("0.01"))
    assert int(row["profit"]) == int(future.bid - 29900 - (future.bid + 29900) / 1000)
    assert row["affordable"] == "2"


async def test_tm_58_dividends_that_futures_expect(desk: TestDesk) -> None:
    """A future below its share with interest expects one; no more lines than asked for, 50 unless told."""
    assert (await desk.say("/dscan")).key == "command.dscan_none"
    await desk.book_of(FAR, "28000", "28010")
    answer = await desk.say("/dscan")
    [row] = [line.params for line in answer.lines if (line.params["near"], line.params["far"]) == ("SBER", FAR)]
    assert D(row["percent"]) >= 1
    assert len((await desk.say("/dscan 1")).lines) == 1
