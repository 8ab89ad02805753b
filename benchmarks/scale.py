"""What the fullest moment of a day costs 10 to 100,000 people, simulated; `make docs-samples` puts it into the docs.

TradingView sends all alerts of a timeframe within the same seconds after its bars close, and at 00:00 UTC all
timeframes close at once. So a desk waits for nobody all day, and then for everybody. Alerts pass a door (on disk, then
the 200), the one process that owns the desk and trades, the brokers, a chat. Measured on two cores: see `MEASURED`.
Assumed: see `ASSUMED`. Nobody's signals are taken to be alike; where they are, a burst is a multiple of it.

    python -m benchmarks.scale [--write docs/scale.png]
"""

from __future__ import annotations

import argparse
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.curve import drawn

PEOPLE = (10, 100, 1_000, 10_000, 100_000)
SEED = 20260101
SHARES = {1: 0.05, 5: 0.20, 15: 0.25, 60: 0.30, 240: 0.15, 1440: 0.05}
"""Minutes of a bar -> share of a day's alerts that come at its close. Assumed."""
PATIENCE_S = 3.0
"""How long TradingView waits for the 200."""
SLICES = 20
"""A trade is so many short pieces of the loop's time, with an alert at the door between any two."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Processor seconds: of a door for an alert in one process with SQLite, of one of several with PostgreSQL; of the
    desk for an alert that is traded. Seconds of a commit. kB of a person with an account and a link, and of a position.
    """

    door: float = 165e-6
    shared_door: float = 213e-6
    trade: float = 5e-3
    commit: float = 0.65e-3
    shared_commit: float = 3.4e-3
    person_kb: float = 20.0
    position_kb: float = 33.0


@dataclass(frozen=True, slots=True)
class Assumed:
    """alerts_a_day: of a person. spread_s: within which a bar's alerts come. requests: to a broker, for an alert.
    broker, chat: requests and messages a second that one address and one bot may send (T-Invest, Telegram)."""

    alerts_a_day: float = 10.0
    spread_s: float = 5.0
    requests: int = 2
    broker: float = 50.0
    chat: float = 30.0


MEASURED, ASSUMED = Measured(), Assumed()


@dataclass(frozen=True, slots=True)
class Burst:
    """Seconds until 99 of 100 alerts were on disk and answered, decided and ready to leave, at the broker, told."""

    people: int
    alerts: int
    answered: float
    decided: float
    ordered: float
    told: float


def midnight_share() -> float:
    """Of a day's alerts, those that come at 00:00 UTC."""
    return sum(share * minutes / 1440 for minutes, share in SHARES.items())


def arrivals(people: int) -> list[float]:
    """Seconds after the close, sorted."""
    rng = random.Random(SEED + people)
    mean = people * ASSUMED.alerts_a_day * midnight_share()
    number = max(1, round(rng.gauss(mean, mean**0.5)))
    return sorted(rng.uniform(0, ASSUMED.spread_s) for _ in range(number))


def served(ready: Sequence[float], service_s: float, servers: int = 1) -> list[float]:
    """When each is done that is served first come, first served, each server taking its turn."""
    free = [0.0] * servers
    done = []
    for place, at in enumerate(ready):
        free[place % servers] = max(at, free[place % servers]) + service_s
        done.append(free[place % servers])
    return sorted(done)


def one_process(ready: Sequence[float]) -> tuple[list[float], list[float]]:
    """When each is answered and decided where one loop does both: an alert at the door, a slice of a trade, in turn."""
    slice_s, now, coming = MEASURED.trade / SLICES, 0.0, 0
    answered: list[float] = []
    decided: list[float] = []
    waiting: deque[int] = deque()  # slices left of each trade
    while coming < len(ready) or waiting:
        if not waiting:
            now = max(now, ready[coming])
        if coming < len(ready) and ready[coming] <= now:
            now += MEASURED.door
            coming += 1
            answered.append(now + MEASURED.commit)
            waiting.append(SLICES)
        if waiting:
            now += slice_s
            waiting[0] -= 1
            if not waiting[0]:
                waiting.popleft()
                decided.append(now)
    return answered, decided


def burst(people: int, doors: int = 1) -> Burst:
    """doors: processes that take alerts in beside the one that trades; 1 = it does both, with SQLite."""
    came = arrivals(people)
    if doors == 1:
        answered, decided = one_process(came)
    else:
        answered = [at + MEASURED.shared_commit for at in served(came, MEASURED.shared_door, doors)]
        decided = served(answered, MEASURED.trade)
    ordered = served(decided, ASSUMED.requests / ASSUMED.broker)
    told = served(decided, 1 / ASSUMED.chat)
    waits = [[at - begun for at, begun in zip(done, came, strict=True)] for done in (answered, decided, ordered, told)]
    return Burst(people, len(came), *(_p99(wait) for wait in waits))


def _p99(waits: Sequence[float]) -> float:
    return sorted(waits)[int((len(waits) - 1) * 0.99)]


def table() -> str:
    """Markdown."""
    lines = [
        "| people | alerts a day | at 00:00 UTC | 200, one process | three doors | decided | at broker | told | MB |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for people in PEOPLE:
        one, three = burst(people), burst(people, doors=3)
        memory = 80 + people * (MEASURED.person_kb + MEASURED.position_kb) / 1024
        lines.append(
            f"| {people:,} | {people * ASSUMED.alerts_a_day:,.0f} | {one.alerts:,} | {_seconds(one.answered)} | "
            f"{_seconds(three.answered)} | {_seconds(one.decided)} | {_seconds(one.ordered)} | {_seconds(one.told)} | "
            f"{memory:,.0f} |"
        )
    return "\n".join(lines) + "\n"


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:,.1f} s" if value < 60 else f"{value / 60:,.0f} min"


def picture() -> bytes:
    """A PNG of the same."""
    bursts = [burst(people) for people in PEOPLE]
    curves = {
        "told in a chat (one bot)": [(each.people, each.told) for each in bursts],
        "at the broker (one address)": [(each.people, each.ordered) for each in bursts],
        "decided (one process)": [(each.people, each.decided) for each in bursts],
        "answered, three doors": [(people, burst(people, doors=3).answered) for people in PEOPLE],
    }
    bounds = {"TradingView waits so long for an answer": PATIENCE_S}
    return drawn("The fullest moment of a day: 99 of 100 alerts within", "people", curves, bounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, help="where to draw the picture")
    asked = parser.parse_args()
    print(table())
    if asked.write:
        asked.write.write_bytes(picture())
