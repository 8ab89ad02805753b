"""What a quote costs the guardian: (symbol, bid, ask) in integer ticks to the decision, against a plain loop.

500 symbols, 10,000 positions with stop, target and trailing stop, 70 % of them long, on a random walk. Targets: at
least 3 times the rate of a dictionary of symbols with Decimal levels, and at least 0.8 of the guardian's own rate with
one position on each of 10 symbols.

    python -m benchmarks.guardian
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.rules.levels import Armed, Levels
from core.rules.trails import PERCENT

SYMBOLS, POSITIONS, QUOTES, ROUNDS = 500, 10_000, 200_000, 9
START, TICK = 20_000, Decimal("0.01")
Walk = Sequence[tuple[int, int, int]]


@dataclass(slots=True)
class Held:
    """A position as the plain loop keeps it."""

    long: bool
    stop: Decimal
    target: Decimal
    best: Decimal
    kept: Decimal


def measure() -> dict[str, float]:
    """Medians of ratios; the runs take turns, so that a busy moment of the machine meets all of a round."""
    walk = _walk(SYMBOLS, QUOTES)
    few, small = walk[: QUOTES // 5], _walk(10, QUOTES * 10 // SYMBOLS)  # as many quotes a symbol
    rates: dict[str, list[float]] = {"guardian": [], "small": [], "plain": []}
    for _ in range(ROUNDS):
        rates["guardian"].append(QUOTES / _seconds(_guardian(SYMBOLS, POSITIONS, walk)))
        rates["small"].append(QUOTES / sum(_seconds(_guardian(10, 10, small)) for _ in range(SYMBOLS // 10)))
        rates["plain"].append(len(few) / _seconds(_plain(SYMBOLS, POSITIONS, few)))
    found = {"quotes_per_s": statistics.median(rates["guardian"])}
    for name in ("plain", "small"):
        pairs = zip(rates["guardian"], rates[name], strict=True)
        found[f"to_{name}"] = statistics.median(ours / theirs for ours, theirs in pairs)
    print(
        f"guardian: {found['quotes_per_s']:,.0f} quotes/s with {POSITIONS:,} positions, {found['to_plain']:.1f} times "
        f"a plain loop (target 3), {found['to_small']:.2f} of its rate with 10 positions (target 0.8)"
    )
    return found


def _walk(symbols: int, quotes: int) -> Walk:
    """A step of a tick up or down of a random symbol at each quote."""
    rng = random.Random(7)
    bids = [START] * symbols
    walk = []
    for _ in range(quotes):
        symbol = rng.randrange(symbols)
        bids[symbol] += rng.choice((-1, 1))
        walk.append((symbol, bids[symbol], bids[symbol] + 1))
    return walk


def _seconds(feed: Callable[[], int]) -> float:
    gc.collect()
    gc.disable()
    begun = time.perf_counter()
    feed()
    took = time.perf_counter() - begun
    gc.enable()
    return took


def _held(number: int) -> tuple[bool, int]:
    """Direction, and distance of the stop in ticks."""
    return number % 10 < 7, 900 + number % 600


def _guardian(symbols: int, positions: int, walk: Walk) -> Callable[[], int]:
    books = [Levels(PERCENT) for _ in range(symbols)]
    for number in range(positions):
        long, away = _held(number)
        sign = 1 if long else -1
        armed = Armed(START - away * sign, START + 2 * away * sign, 5 * PERCENT + number % 1000, START)
        books[number % symbols].put(number, sign, armed)

    def feed() -> int:
        out = 0
        for symbol, bid, ask in walk:
            found = books[symbol].feed(bid, ask)
            if found is not None:
                out += len(found.crossed)
        return out

    return feed


def _plain(symbols: int, positions: int, walk: Walk) -> Callable[[], int]:
    """Each position of the quoted symbol, its levels as Decimals: the way of the field (performance.md section 2)."""
    books: dict[int, list[Held]] = {symbol: [] for symbol in range(symbols)}
    for number in range(positions):
        long, away = _held(number)
        sign, entry = (1 if long else -1), START * TICK
        kept = 1 - sign * (Decimal(5) + Decimal(number % 1000) / PERCENT) / 100
        levels = (entry - away * sign * TICK, entry + 2 * away * sign * TICK)
        books[number % symbols].append(Held(long, *levels, entry, kept))

    prices = [(symbol, bid * TICK, ask * TICK) for symbol, bid, ask in walk]
    return lambda: sum(_looked_at(books[symbol], bid, ask) for symbol, bid, ask in prices)


def _looked_at(book: list[Held], bid: Decimal, ask: Decimal) -> int:
    out = 0
    for held in book:
        if held.long:
            if bid > held.best:
                held.best = bid
                held.stop = max(held.stop, bid * held.kept)
            if bid <= held.stop or bid >= held.target:
                out += 1
        else:
            if ask < held.best:
                held.best = ask
                held.stop = min(held.stop, ask * held.kept)
            if ask >= held.stop or ask <= held.target:
                out += 1
    return out


if __name__ == "__main__":
    measure()
