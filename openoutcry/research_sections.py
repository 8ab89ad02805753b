"""Settings of candles, models and strategies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

from pydantic import BeforeValidator, Field, ValidationInfo, create_model, field_validator

from core.values.rule import Rule
from openoutcry.sections import Section
from strategies.cycle import CycleRules
from strategies.dip import USUAL
from strategies.kinds import Figures


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


def _absent(given: object) -> object:
    return None if given == "" else given


def _section(name: str, usual: CycleRules | Rule) -> Any:
    """A section in which every figure is a setting; empty: there is none."""
    hints: Mapping[str, Any] = get_type_hints(type(usual))
    given: dict[str, Any] = {
        each: (Annotated[hint, BeforeValidator(_absent)], getattr(usual, each)) for each, hint in hints.items()
    }
    return create_model(name, __base__=Section, **given)


if TYPE_CHECKING:
    Cycle = Section
    Dip = Section
else:
    Cycle = _section("Cycle", CycleRules())
    Dip = _section("Dip", USUAL)


class Strategies(Section):
    """cycle: of CycleStrategy and ReCycleStrategy both."""

    cycle: Cycle = Cycle()
    dip: Dip = Dip()

    @field_validator("cycle", "dip")
    @classmethod
    def _can_be_traded(cls, given: Section, info: ValidationInfo) -> Section:
        """By what the strategies themselves say of their figures."""
        {"cycle": CycleRules, "dip": Rule}[str(info.field_name)](**given.model_dump())
        return given

    def figures(self) -> Figures:
        return Figures(CycleRules(**self.cycle.model_dump()), Rule(**self.dip.model_dump()))
