"""Settings of what keeps the desk itself safe."""

from __future__ import annotations

from datetime import time
from typing import Annotated

from pydantic import AfterValidator, Field

from openoutcry.sections import Section


def _time_of_day(text: str) -> str:
    try:
        time.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a time of day like 02:15") from None
    return text


class Backup(Section):
    """at: by desk.timezone. directory: empty for data_dir/backups."""

    on: bool = True
    at: Annotated[str, AfterValidator(_time_of_day)] = "02:15"
    keep: int = Field(7, ge=1)
    directory: str = ""
