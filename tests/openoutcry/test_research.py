"""What the settings of the day trader need of the others."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from openoutcry.engine import build
from openoutcry.research import open_research
from openoutcry.settings import SettingsError, load_settings


async def test_what_models_judge_must_be_collected(tmp_path: Path) -> None:
    """A symbol without candles would be traded never, in silence: the start names the key."""
    settings = load_settings(
        None,
        desk={"data_dir": tmp_path},
        accounts=({"name": "Testing", "broker": "paper"},),
        collect={"symbols": ["GAZP"]},
        day_trading={"strategies": ["cycle"], "symbols": ["GAZP", "SBER"]},
    )
    async with AsyncExitStack() as stack:
        engine = await build(settings, stack)
        with pytest.raises(SettingsError, match=r"day_trading\.symbols: SBER is not in collect\.symbols"):
            open_research(settings, engine, stack)
