"""The process in which weights of models are searched: a line of JSON in for each symbol and strategy, one out."""

from __future__ import annotations

import base64
import json
import pickle
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from core.ports.candles import CandleStore
from core.rules.candles import today
from core.services.collecting import LEARNED
from core.values.errors import POISON
from core.values.instrument import Instrument, InstrumentKind
from core.values.money import Quantity
from kit.workers import serve
from openoutcry.pasts import FiledPast
from openoutcry.simulated_models import advised
from simulator.kernel import simulate
from simulator.script import Plan
from simulator.trades import evaluate
from storage.candles import open_candles
from strategies.grades import Grade
from strategies.kinds import Kind, kinds
from strategies.scales import Scales, Weighed
from strategies.weights import Judged, best

NEWEST_LEFT_OUT = 1
"""Market days before today: the newest may have been learned of a stream, whose volumes are of another kind."""
DAYS_MIN = 5
"""Days with a run, below which the usual weights stay."""


def judged(past: FiledPast, kind: Kind, days: tuple[date, ...]) -> list[Judged]:
    """Each day by itself, with models that know the days before it alone; those on which a run began."""
    found = []
    with advised(past, kind.wants) as adviser:
        for day in days:
            grades: dict[str, Grade] = {}

            def viable(moment: datetime, grades: dict[str, Grade] = grades) -> bool:
                view = adviser.view(moment)
                if good := view.satisfies(kind.wants):
                    grades.update(grades or view.grades)
                return good

            outcome = simulate(Plan(kind, past, (day,), viable=viable))
            if grades:
                found.append(Judged(grades, evaluate(outcome, past.instrument.point_value).net_profit))
    return found


def searched(store: CandleStore, symbol: str, calendar: str, kind: Kind, now: datetime) -> Weighed:
    """What thirty days were learned of first; each later day but the newest judges. Raises Broken."""
    columns = store.load(symbol)
    tick = Decimal(1).scaleb(-columns.scale)
    instrument = Instrument(
        symbol, "PAPER", InstrumentKind.SHARE, "", Quantity(Decimal(1)), tick, Quantity(Decimal(1)), calendar=calendar
    )
    days = tuple(day.date for day in store.days(symbol) if day.valid and day.date < today(calendar, now))
    past = FiledPast(store, instrument, store.interval_s, columns, days)
    found = judged(past, kind, days[LEARNED : len(days) - NEWEST_LEFT_OUT])
    chosen = best(found, sorted(kind.wants.weights)) if len(found) >= DAYS_MIN else None
    return Weighed(now, len(found), None if chosen is None else chosen[0])


def main() -> None:
    """Arguments: the directory of candles, their length in seconds, the directory of weights, figures of strategies."""
    candles, interval_s, weights, figures = sys.argv[1:]
    store, scales = open_candles(Path(candles), int(interval_s)), Scales(Path(weights))
    known = kinds(pickle.loads(base64.b64decode(figures)))  # noqa: S301 - our own parent's

    def answer(line: str) -> str:
        asked = json.loads(line)
        try:
            kind, now = known[asked["strategy"]], datetime.fromisoformat(asked["now"])
            weighed = searched(store, asked["symbol"], asked["calendar"], kind, now)
            scales.write(asked["symbol"], asked["strategy"], weighed)
        except POISON as error:
            return json.dumps({"failed": f"{type(error).__name__}: {error}"})
        return json.dumps({"days": weighed.days})

    serve(answer)


if __name__ == "__main__":
    main()
