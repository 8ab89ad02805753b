"""The process in which health checks are done: a line of JSON in for each, a line of JSON out (kit/workers.py)."""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path

from core.services.health_checks import Check
from core.values.errors import POISON
from kit.workers import serve
from openoutcry.health_checks import CHECKS, Bench, verdict
from storage.candles import open_candles


def main() -> None:
    """Arguments: the directory of candles, and their length in seconds."""
    candles, interval_s = Path(sys.argv[1]), int(sys.argv[2])
    store = open_candles(candles, interval_s)

    def answer(line: str) -> str:
        asked = json.loads(line)
        day = None if asked["day"] is None else date.fromisoformat(asked["day"])
        with tempfile.TemporaryDirectory(prefix="check-", dir=candles) as scratch:  # of the disk that it is about
            now, after = datetime.fromisoformat(asked["now"]), timedelta(seconds=asked["after_s"])
            bench = Bench(store, asked["calendars"], now, Path(scratch), after)
            try:
                found = verdict(CHECKS[Check(asked["check"])](bench, asked["symbol"], day))
            except (*POISON, OSError) as error:
                return json.dumps({"passed": False, "said": [f"FAILED: {type(error).__name__}: {error}"]})
        return json.dumps({"passed": found.passed, "said": found.said})

    serve(answer)


if __name__ == "__main__":
    main()
