"""What was learned of each symbol: a JSON file each, written whole or not at all. One directory is one world: what is
learned in another one is never seen here."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.values.errors import Transient
from strategies.models import memory, rally
from strategies.models.memory import Memory
from strategies.models.rally import Network

log = logging.getLogger(__name__)

_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Of one symbol. daily: by model. outcomes: of the profitability model, by day. rally_tried: when the network was
    last asked to be trained, also where there were too few days."""

    daily: Mapping[str, Memory] = field(default_factory=dict)
    outcomes: Mapping[date, str] = field(default_factory=dict)
    rally: Network | None = None
    rally_tried: date | None = None

    @property
    def forgotten(self) -> Knowledge:
        """Without what is learned in order of the days; the rest stands by itself."""
        return replace(self, daily={})


class Shelf:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, symbol: str) -> Knowledge:
        """Nothing where nothing was learned, or where the file is damaged: that is logged, and learned again."""
        try:
            return _from_row(json.loads(self._path(symbol).read_bytes()))
        except FileNotFoundError:
            return Knowledge()
        except _UNREADABLE as error:
            log.warning("what was learned is unreadable", extra={"symbol": symbol, "reason": type(error).__name__})
            return Knowledge()

    def write(self, symbol: str, knowledge: Knowledge) -> None:
        """On disk when it returns. Raises Transient."""
        path = self._path(symbol)
        fresh = path.with_suffix(".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as file:
                file.write(json.dumps(_to_row(knowledge), separators=(",", ":")).encode())
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except OSError as error:
            raise Transient(f"what was learned is not written: {error.strerror}") from error

    def _path(self, symbol: str) -> Path:
        return self._directory / f"{quote(symbol, safe='').replace('.', '%2E')}.json"


def _to_row(knowledge: Knowledge) -> Mapping[str, Any]:
    return {
        "version": 1,
        "daily": {name: memory.to_row(known) for name, known in knowledge.daily.items()},
        "outcomes": {day.isoformat(): letters for day, letters in sorted(knowledge.outcomes.items())},
        "rally": None if knowledge.rally is None else rally.to_row(knowledge.rally),
        "rally_tried": None if knowledge.rally_tried is None else knowledge.rally_tried.isoformat(),
    }


def _from_row(row: Mapping[str, Any]) -> Knowledge:
    if row["version"] != 1:
        raise ValueError("made by a newer desk")
    return Knowledge(
        {name: memory.from_row(told) for name, told in row["daily"].items()},
        {date.fromisoformat(day): letters for day, letters in row["outcomes"].items()},
        None if row["rally"] is None else rally.from_row(row["rally"]),
        None if row["rally_tried"] is None else date.fromisoformat(row["rally_tried"]),
    )
