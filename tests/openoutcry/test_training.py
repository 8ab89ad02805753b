"""Models are trained in a process beside the desk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from core.ports.candles import Lesson
from core.rules.candles import day_before, market_days
from core.values.errors import Transient
from openoutcry.collecting import ProcessTrainer, candle_store, models_dir
from openoutcry.settings import Settings, load_settings
from strategies.shelf import Shelf
from strategies.training import Training
from tests.strategies.days import symbol_day

DAYS = market_days("NYSE", date(2026, 6, 1), date(2026, 6, 12))
LESSONS = [Lesson(day, day_before("NYSE", day)) for day in DAYS]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Two weeks of X on file."""
    made = load_settings(None, desk={"data_dir": tmp_path})
    candle_store(made).save(*(symbol_day(day) for day in DAYS))
    return made


@pytest.fixture
async def trainer(settings: Settings) -> AsyncIterator[ProcessTrainer]:
    made = ProcessTrainer(settings)
    yield made
    await made.rest()


async def test_what_is_learned_there_is_what_is_learned_here(
    settings: Settings, trainer: ProcessTrainer, tmp_path: Path
) -> None:
    """Word for word and digit for digit, provisional days and new beginnings included."""
    here = Shelf(tmp_path / "here")
    training = Training(candle_store(settings), here)
    today = [Lesson(LESSONS[-1].day, LESSONS[-1].before, final=False)]
    for lessons, anew in ((LESSONS[:-1], False), (today, False), (LESSONS[-1:], False), (LESSONS, True)):
        said = await trainer.train("X", "NYSE", lessons, anew=anew)
        assert said == training.train("X", "NYSE", lessons, anew=anew)
        assert Shelf(models_dir(settings)).read("X") == here.read("X")


async def test_a_day_that_cannot_be_learned_of_is_told(settings: Settings, trainer: ProcessTrainer) -> None:
    """As a fault of that symbol; the process goes on with others."""
    candle_store(settings).save(symbol_day(DAYS[0], symbol="Y"))
    spoil(settings.desk.data_dir)
    with pytest.raises(Transient, match="unreadable candles"):
        await trainer.train("X", "NYSE", LESSONS)
    assert (await trainer.train("Y", "NYSE", LESSONS[:1]))["dip10"] == "begun"


async def test_a_calendar_that_nobody_knows_is_told(trainer: ProcessTrainer) -> None:
    """Not a process that is gone."""
    with pytest.raises(Transient, match="Atlantis"):
        await trainer.train("X", "Atlantis", LESSONS)


def spoil(directory: Path) -> None:
    """The file of X."""
    [path] = directory.rglob("X/*.parquet")
    path.write_bytes(b"nothing that anybody can read")
