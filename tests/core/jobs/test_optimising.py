"""Which weights are searched next, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NoReturn

from core.clock import ManualClock
from core.jobs.optimising import Optimising
from core.rules.sessions import ALWAYS
from core.values.errors import Transient

EVENING = datetime(2026, 6, 15, 23, 0, tzinfo=UTC)
NOON = datetime(2026, 6, 15, 16, 0, tzinfo=UTC)
"""Of a Monday, in New York's hours."""
Pair = tuple[str, str]


class Search:
    """Keeps when each pair was searched, as files would."""

    def __init__(self, **known: datetime) -> None:
        self.asked: list[Pair] = []
        self.known: dict[Pair, datetime] = {(symbol, "cycle"): at for symbol, at in known.items()}
        self.failing = ""

    def last(self, symbol: str, strategy: str) -> datetime | None:
        return self.known.get((symbol, strategy))

    async def search(self, symbol: str, calendar: str, strategy: str, now: datetime) -> None:
        self.asked.append((symbol, strategy))
        if symbol == self.failing:
            raise Transient("no candles")
        self.known[symbol, strategy] = now


async def _loaded() -> None:
    """They are."""


def job(search: Search, now: datetime, calendar: str = "NYSE") -> Optimising:
    return Optimising(search, dict.fromkeys(("A", "B", "C"), calendar), ("cycle",), ManualClock(now), _loaded)


async def looked(found: Optimising) -> int:
    """How many searches until nothing was due."""
    count = 0
    while await found.look():
        count += 1
    return count


async def test_tc_40_the_pair_that_was_searched_longest_ago_comes_first() -> None:
    """One that never was before all others; one of today not at all."""
    day = timedelta(days=1)
    search = Search(A=EVENING - 2 * day, B=EVENING - 5 * day)
    assert await looked(job(search, EVENING)) == 3
    assert [symbol for symbol, _ in search.asked] == ["C", "B", "A"]
    assert await looked(job(search, EVENING + day / 2)) == 0


async def test_nothing_is_searched_while_the_market_is_open() -> None:
    """A market that never closes has no better time."""
    search = Search()
    assert await looked(job(search, NOON)) == 0
    assert await looked(job(search, NOON, ALWAYS)) == 3


async def test_a_pair_that_fails_waits_for_its_next_turn() -> None:
    """The others are searched all the same, and it is asked again a day later."""
    search = Search()
    search.failing = "A"
    found = job(search, EVENING)
    assert await looked(found) == 3
    assert [symbol for symbol, _ in search.asked] == ["A", "B", "C"]


async def test_it_begins_when_candles_are_loaded() -> None:
    """TC-06: what waits for them is never asked before."""
    search = Search()

    async def never() -> NoReturn:
        raise TimeoutError

    found = Optimising(search, {"A": ALWAYS}, ("cycle",), ManualClock(NOON), never)
    try:
        await found.run()
    except TimeoutError:
        assert search.asked == []
