"""The section that says what chats tell, and how loud."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from core.rules.noise import EVENTS, Level, Words, hours
from openoutcry.sections import Section


class Noise(Section):
    """What chats tell whoever has not chosen with /noise."""

    entries: Level = Level.ON
    exits: Level = Level.ON
    orders: Level = Level.ON
    tasks: Level = Level.ON
    proposals: Level = Level.ON
    alerts: Level = Level.ON
    refusals: Level = Level.ON
    reports: Level = Level.ON
    quiet: str = ""
    digest: bool = False
    first: Literal["telegram", "discord"] = "telegram"

    @field_validator("quiet")
    @classmethod
    def _hours(cls, value: str) -> str:
        if value and hours(value) is None:
            raise ValueError("quiet hours look like 23:00-07:00")
        return value

    def words(self) -> Words:
        """As people choose them."""
        levels = {name: str(getattr(self, name)) for name in EVENTS}
        return {**levels, "quiet": self.quiet or "off", "digest": "on" if self.digest else "off", "first": self.first}
