"""Models as the day trader's adviser: real knowledge on a real shelf."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from core.ports.strategies import Trip
from strategies.advising import ModelAnalyst
from strategies.analyses import Analyses
from strategies.analyst import history
from strategies.kinds import cycle, recycle
from strategies.scales import Scales, Weighed
from strategies.shelf import Shelf
from strategies.wants import Wants
from tests.strategies.test_analyses import FILTERS, GOOD, NOW, WEIGHTS, Asked, knowing
from tests.strategies.test_cycle import CENTS

X = replace(CENTS, ticker="X", calendar="NYSE")
SOME = replace(cycle(), wants=Wants(FILTERS, {"profitability": WEIGHTS["profitability"]}))


NO_SCALES = Scales(Path("/no/such/directory"))


def adviser(shelf: Shelf, asked: Asked, *, loaded: bool = True, scales: Scales = NO_SCALES) -> ModelAnalyst:
    kinds = {"cycle": SOME, "recycle": recycle()}
    return ModelAnalyst(Analyses(shelf, asked), kinds, lambda: loaded, random.Random(1), scales)


async def test_tc_25_the_first_round_goes_by_what_was_learned(tmp_path: Path) -> None:
    """Of what nothing is known, nothing is traded; no candle is asked for."""
    shelf, asked = Shelf(tmp_path), Asked()
    analyst = adviser(shelf, asked)
    assert not await analyst.first_round("cycle", X, NOW)
    knowing(shelf, GOOD)
    assert await analyst.first_round("cycle", X, NOW)
    assert asked.ranges == []


async def test_tc_26_the_second_round_asks_for_two_hours(tmp_path: Path) -> None:
    """Once, and up to now."""
    shelf, asked = Shelf(tmp_path), Asked()
    knowing(shelf, GOOD)
    assert await adviser(shelf, asked).second_round("cycle", X, NOW)
    [(symbol, start, end)] = asked.ranges
    assert (symbol, (end - start).total_seconds(), end) == ("X", 7200, NOW)


async def test_tc_37_recycle_asks_no_model(tmp_path: Path) -> None:
    """It trades whatever is there."""
    asked = Asked()
    analyst = adviser(Shelf(tmp_path), asked)
    assert await analyst.first_round("recycle", X, NOW)
    assert await analyst.second_round("recycle", X, NOW)
    assert asked.ranges == []


async def test_tc_06_it_is_ready_when_data_are_loaded(tmp_path: Path) -> None:
    """As the collector says."""
    assert await adviser(Shelf(tmp_path), Asked()).ready()
    assert not await adviser(Shelf(tmp_path), Asked(), loaded=False).ready()


def test_tc_41_the_history_of_a_pair_is_made_of_its_runs(tmp_path: Path) -> None:
    """Gains and losses both positive, a run that never bought counts as a run; and what earned is chosen more often."""
    found = history([Trip(Decimal("0.5")), Trip(None), Trip(Decimal("-0.2")), Trip(Decimal(0))])
    assert (found.runs, found.entered, found.gains, found.losses) == (4, 3, (0.5,), (0.2, 0.0))
    analyst = adviser(Shelf(tmp_path), Asked())
    pairs = {"good": [Trip(Decimal("0.5"))] * 20, "bad": [Trip(Decimal("-0.5"))] * 20}
    chosen = [analyst.choose(pairs) for _ in range(200)]
    assert chosen.count("good") > 5 * chosen.count("bad")
    assert analyst.choose({}) is None


async def test_tc_40_weights_that_were_searched_make_the_score(tmp_path: Path) -> None:
    """Of two symbols with equal histories, the one that they like better is chosen more often; before, both alike."""
    shelf, scales = Shelf(tmp_path / "models"), Scales(tmp_path / "weights")
    symbols = ("X", "Y")
    knowing(shelf, GOOD)
    shelf.write("Y", shelf.read("X"))
    scales.write("X", "cycle", Weighed(NOW, 9, {"profitability": WEIGHTS["profitability"] * 4}))
    analyst = adviser(shelf, Asked(), scales=scales)
    pairs: dict[str, list[Trip]] = {f"cycle {symbol}": [] for symbol in symbols}
    before = [analyst.choose(pairs) for _ in range(200)]
    for symbol in symbols:
        assert await analyst.second_round("cycle", replace(X, ticker=symbol), NOW)
    after = [analyst.choose(pairs) for _ in range(200)]
    assert 80 < before.count("cycle X") < 120
    assert 140 < after.count("cycle X") < 180
