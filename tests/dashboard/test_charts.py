"""What charts are drawn from: candles, levels, fills; and the script that draws them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from dashboard import library
from tests.dashboard.conftest import SAMPLE, House

CHART = "/api/v1/charts/BTCPERP"


async def test_a_chart_has_candles_levels_and_fills(house: House) -> None:
    """Bars in order, entry, stop and target of what is held, and a mark where it was bought."""
    await house.trade()
    chart = (await house.get(CHART)).data
    assert chart["ticker"] == "BTCPERP"
    times = [bar["at"] for bar in chart["bars"]]
    assert times == sorted(times)
    assert len(times) > 50
    assert [(level["role"], level["price"]) for level in chart["levels"]] == [
        ("entry", "40000.5"),
        ("stop", "39800"),
        ("target", "41000"),
    ]
    [mark] = chart["marks"]
    assert (mark["side"], mark["price"]) == ("buy", "40000.5")


async def test_a_chart_of_a_proposal_shows_its_prices(house: House) -> None:
    """Entry, stop and target as proposed; no fills."""
    await house.post("/tradingview-to-discord-study", SAMPLE, token=None)
    await house.settled()
    [proposal] = (await house.get("/api/v1/proposals")).data["items"]
    chart = (await house.get(f"{CHART}?proposal={proposal['id']}")).data
    assert [level["role"] for level in chart["levels"]] == ["entry", "stop", "target"]
    assert chart["marks"] == []


async def test_bars_are_as_long_as_asked(house: House) -> None:
    """An hour apart for 3600."""
    chart = (await house.get(f"{CHART}?interval_s=3600")).data
    assert chart["interval_s"] == 3600
    first, second = (datetime.fromisoformat(bar["at"]) for bar in chart["bars"][:2])
    assert second - first == timedelta(hours=1)


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("?interval_s=7", 422, "interval_s"),
        ("?interval_s=", 422, "interval_s"),
        ("?interval_s=" + "9" * 400, 422, "interval_s"),
        ("?position=nobody", 404, "position"),
        ("?proposal=%00", 404, "proposal"),
        ("?account=nobody", 404, "ticker"),
    ],
)
async def test_a_chart_that_there_is_not_is_refused(house: House, query: str, status: int, field: str) -> None:
    """A clear no, never a trace."""
    answer = await house.get(CHART + query)
    assert (answer.status, answer.data["error"]["field"]) == (status, field)


async def test_a_chart_shows_nothing_of_other_people(house: House) -> None:
    """Ann sees the candles of her own account, and neither the owner's levels nor fills, nor a proposal of theirs."""
    await house.trade()
    await house.post("/tradingview-to-discord-study", SAMPLE, token=None)
    await house.settled()
    chart = (await house.get(CHART, "ann-token")).data
    assert chart["bars"]
    assert (chart["levels"], chart["marks"]) == ([], [])
    [proposal] = (await house.get("/api/v1/proposals")).data["items"]
    assert (await house.get(f"{CHART}?proposal={proposal['id']}", "ann-token")).status == 404
    assert (await house.get(f"{CHART}?account=Testing", "ann-token")).status == 404
    assert (await house.get("/api/v1/charts/NOSUCH")).status == 404


@pytest.mark.parametrize("path", [CHART, "/api/v1/earnings", "/api/v1/equity"])
async def test_a_stranger_is_asked_who_they_are(house: House, path: str) -> None:
    """401, with and without the slash."""
    for asked in (path, f"{path}/"):
        assert (await house.get(asked, None)).status == 401


async def test_the_script_is_served_by_us_and_kept(house: House) -> None:
    """TradingView's own bytes with their notice, to be kept for a week, and 304 for whoever has them."""
    answer = await house.get("/static/lightweight-charts.js", None)
    assert answer.status == 200
    assert "TradingView" in answer.data[:200]
    assert "max-age" in answer.headers["Cache-Control"]
    again = await house.get("/static/lightweight-charts.js", None, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304


def test_the_script_is_found_without_importing_its_package() -> None:
    """That package wants pandas."""
    found = library.script()
    assert found is not None
    assert len(found[0]) > 100_000
