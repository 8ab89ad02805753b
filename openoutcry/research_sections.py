"""Settings of candles, models and strategies."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_type_hints

from pydantic import Field, create_model, field_validator

from openoutcry.sections import Section
from strategies.cycle import CycleRules


class Collect(Section):
    symbols: tuple[str, ...] = ()
    interval_s: int = Field(60, ge=1, le=60)
    days: int = Field(30, ge=1, le=3000)
    after_close_min: float = Field(15, ge=0, le=600)

    @field_validator("interval_s")
    @classmethod
    def _whole_minutes(cls, seconds: int) -> int:
        if 60 % seconds:
            raise ValueError("a minute must hold a whole number of bars")
        return seconds


class DayTrading(Section):
    account: str = ""
    strategies: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    every_s: float = Field(30, ge=1)
    runs_max: int = Field(1, ge=1)
    day_trade_protection: bool = True


_FIGURES = {name: (kind, getattr(CycleRules(), name)) for name, kind in get_type_hints(CycleRules).items()}
if TYPE_CHECKING:
    Cycle = Section
else:
    Cycle = create_model("Cycle", __base__=Section, **_FIGURES)
"""Every figure of CycleRules is a setting."""


class Strategies(Section):
    """cycle: of CycleStrategy and ReCycleStrategy both."""

    cycle: Cycle = Cycle()

    def cycle_rules(self) -> CycleRules:
        return CycleRules(**self.cycle.model_dump())
