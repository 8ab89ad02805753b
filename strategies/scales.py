"""Weights that were searched, kept: a JSON file for each symbol and strategy, written whole or not at all."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

from core.values.errors import Transient

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Weighed:
    """at: when it was searched. days: how many it was judged by. weights: None where they said too little."""

    at: datetime
    days: int
    weights: Mapping[str, Decimal] | None


class Scales:
    """directory: beside the models'."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, symbol: str, strategy: str) -> Weighed | None:
        """None where nothing was searched, or the file is damaged: it is searched again."""
        try:
            told = json.loads(self._path(symbol, strategy).read_bytes())
            weights = told["weights"]
            known = None if weights is None else {str(name): Decimal(value) for name, value in weights.items()}
            return Weighed(datetime.fromisoformat(told["at"]), int(told["days"]), known)
        except FileNotFoundError:
            return None
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
            log.warning("weights are unreadable", extra={"symbol": symbol, "reason": type(error).__name__})
            return None

    def write(self, symbol: str, strategy: str, weighed: Weighed) -> None:
        """Raises Transient."""
        path = self._path(symbol, strategy)
        weights = None if weighed.weights is None else {name: str(value) for name, value in weighed.weights.items()}
        row = {"at": weighed.at.isoformat(), "days": weighed.days, "weights": weights}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".part")
            fresh.write_text(json.dumps(row), encoding="utf-8")
            fresh.replace(path)
        except OSError as error:
            raise Transient(f"weights are not written: {error.strerror}") from error

    def _path(self, symbol: str, strategy: str) -> Path:
        return self._directory / f"{quote(symbol, safe='').replace('.', '%2E')}.{strategy}.json"
