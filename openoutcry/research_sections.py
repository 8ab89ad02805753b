"""Settings of candles, models and strategies."""

from __future__ import annotations

from pydantic import Field, field_validator

from openoutcry.sections import Section


class Collect(Section):
    symbols: tuple[str, ...] = ()
    interval_s: int = Field(60, ge=1, le=60)
    days: int = Field(30, ge=1, le=3000)
    after_close_min: float = Field(15, ge=0, le=600)
    workers: int = Field(1, ge=1, le=64)

    @field_validator("interval_s")
    @classmethod
    def _whole_minutes(cls, seconds: int) -> int:
        if 60 % seconds:
            raise ValueError("a minute must hold a whole number of bars")
        return seconds
