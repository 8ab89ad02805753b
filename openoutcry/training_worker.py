"""The process in which models are trained: a line of JSON in for each symbol, a line of JSON out (kit/workers.py)."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

from core.ports.candles import Lesson
from core.values.errors import DeskError
from kit.workers import serve
from storage.candles import open_candles
from strategies.shelf import Shelf
from strategies.training import Training


def main() -> None:
    """Arguments: the directory of candles, their length in seconds, the directory of what was learned."""
    candles, interval_s, models = sys.argv[1:]
    training = Training(open_candles(Path(candles), int(interval_s)), Shelf(Path(models)))

    def answer(line: str) -> str:
        asked = json.loads(line)
        days = [(date.fromisoformat(day), date.fromisoformat(before)) for day, before in asked["days"]]
        lessons = [Lesson(day, before, asked["final"]) for day, before in days]
        try:
            said = training.train(asked["symbol"], asked["calendar"], lessons, anew=asked["anew"])
        except (DeskError, ValueError, LookupError, ArithmeticError) as error:
            return json.dumps({"failed": f"{type(error).__name__}: {error}"})
        return json.dumps({"said": said})

    serve(answer)


if __name__ == "__main__":
    main()
