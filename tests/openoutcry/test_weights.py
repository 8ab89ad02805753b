"""Weights of models searched on real candles."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.rules.candles import market_days
from core.values.candles import SymbolDay
from core.values.errors import Transient
from core.values.market import Candle
from core.values.money import Price
from openoutcry.collecting import candle_store, models_dir
from openoutcry.settings import load_settings
from openoutcry.weighing import ProcessWeights, weights_dir
from openoutcry.weights_worker import searched
from storage.candles import open_candles
from strategies.kinds import recycle
from strategies.scales import Scales
from strategies.wants import Wants
from tests.strategies.days import MONDAY, at, minutes, symbol_day

DAYS = market_days("NYSE", MONDAY - timedelta(days=55), MONDAY)
NOW = at("20:00", MONDAY + timedelta(days=1))
HALF = Decimal("0.5")


def dipping(day: date, deep: str, late: str) -> list[Candle]:
    """A flat day with one dip soon after 10:30 and another one within 45 minutes."""
    bars = minutes(day, swing=0)
    lows = {at("10:35", day): Decimal(deep), at("10:55", day): Decimal(late)}
    return [replace(bar, low=Price(bar.low * lows.get(bar.at, Decimal(1)))) for bar in bars]


def test_tc_40_days_judge_what_was_learned_before_them(tmp_path: Path) -> None:
    """Thirty days are warm-up, the newest is left out; the weights that come of the others are within their bounds."""
    store = open_candles(tmp_path, 60)
    store.save(*(SymbolDay("X", day, dipping(day, "0.997", "0.994")) for day in DAYS))
    kind = replace(recycle(), wants=Wants(frozenset(), {"dip10": HALF, "dip45": HALF}))
    found = searched(store, "X", "NYSE", kind, NOW)
    assert found.days == len(DAYS) - 30 - 1
    assert found.weights is not None
    assert (set(found.weights), sum(found.weights.values())) == ({"dip10", "dip45"}, 1)


async def test_it_works_in_a_world_of_its_own(tmp_path: Path) -> None:
    """Too few days say nothing, which is kept as that; what the desk has learned is not touched."""
    settings = load_settings(None, desk={"data_dir": tmp_path})
    candle_store(settings).save(*(symbol_day(day) for day in DAYS[-10:]))
    weights = ProcessWeights(settings)
    assert weights.last("X", "cycle") is None
    await weights.search("X", "NYSE", "cycle", NOW)
    assert weights.last("X", "cycle") == NOW
    found = Scales(weights_dir(settings)).read("X", "cycle")
    assert found is not None
    assert (found.days, found.weights) == (0, None)
    assert [path.name for path in models_dir(settings).iterdir()] == ["weights"]


async def test_candles_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    """As a fault that may pass."""
    settings = load_settings(None, desk={"data_dir": tmp_path})
    candle_store(settings).save(symbol_day(DAYS[-1]))
    for path in (tmp_path / "candles").rglob("*.parquet"):
        path.write_bytes(b"spoilt")
    with pytest.raises(Transient, match="unreadable candles"):
        await ProcessWeights(settings).search("X", "NYSE", "cycle", NOW)
