"""Exit levels of many positions in one instrument, on integer ticks, so ordered that a quote costs the same for ten
positions as for ten thousand: inside the band that touches no level it is two comparisons a side.

A level counts when two quotes in a row stand at or beyond it, so that one bad quote sells nothing; and a best price
moves by at most `jump` percent beyond the quote before. Whoever feeds asks for one more quote at once where
`Crossing.doubt` says that only the first of two has come.

Longs are judged by the bid, shorts by the ask. A short is a long whose prices are negated: every comparison is then
the same.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.rules.trails import FAR, WHOLE, Member, Trails


class Kind(StrEnum):
    STOP = "stop"
    TRAILING = "trailing"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class Armed:
    """One position's levels in ticks; None = none. trailing: how far behind `best`, in millionths of a percent.

    ladder: (price, stop): once the best price is there, the stop is no worse than that.
    """

    stop: int | None = None
    target: int | None = None
    trailing: int | None = None
    best: int | None = None
    ladder: tuple[tuple[int, int], ...] = ()

    def mirrored(self) -> Armed:
        stop, target, best = (None if n is None else -n for n in (self.stop, self.target, self.best))
        return Armed(stop, target, self.trailing, best, tuple((-price, -level) for price, level in self.ladder))


@dataclass(frozen=True, slots=True)
class Crossed:
    """A position whose level (in ticks) was reached. It is no longer watched."""

    id: Hashable
    kind: Kind
    level: int


@dataclass(frozen=True, slots=True)
class Crossing:
    """What a quote that left the band brought. doubt: one more quote would decide about another level."""

    crossed: Sequence[Crossed]
    doubt: bool


class _Side:
    """Positions that gain when the price rises. low, high: the band in which nothing happens."""

    __slots__ = ("_count", "_ended", "_jump", "_members", "_rising", "_stops", "_trails", "high", "low", "moved")

    def __init__(self, *, mirror: bool, jump: int) -> None:
        self._jump = jump
        self._count = itertools.count()
        self._members: dict[Hashable, Member] = {}
        self._stops: list[tuple[int, int, Member]] = []
        self._rising: list[tuple[int, int, Member, int | None]] = []
        self._trails = Trails(mirror=mirror)
        self._ended = 0
        self.low, self.high = -FAR, FAR
        self.moved = False

    def put(self, key: Hashable, armed: Armed) -> None:
        member = self._members[key] = Member(key, armed.trailing)
        best = -FAR if armed.best is None else armed.best
        if armed.stop is not None:
            self._raise(member, armed.stop)
        if armed.target is not None:
            heapq.heappush(self._rising, (armed.target, next(self._count), member, None))
        for price, stop in armed.ladder:
            if price <= best:
                self._raise(member, stop)
            else:
                heapq.heappush(self._rising, (price, next(self._count), member, stop))
        if armed.best is not None and (armed.trailing is not None or armed.ladder):
            self._trails.join(member, best)
        self._tidy()

    def drop(self, key: Hashable) -> None:
        self._end(self._members[key])
        self._tidy()

    def stop(self, key: Hashable) -> int | None:
        level = max(self._members[key].level, self._trails.level(self._members[key]))
        return None if level == -FAR else level

    def best(self, key: Hashable) -> int | None:
        group = self._members[key].group
        return None if group is None else group.best

    def feed(self, before: int, price: int) -> list[Crossed]:
        """Take a quote and the one before it; every position that they take out, stops before targets."""
        crossed = self._fall(max(before, price)) if price <= self.low else []
        over = bool(crossed)
        if price >= self.high:
            best = min(price, before + abs(before) * self._jump // WHOLE)
            self.moved |= self._trails.climb(best)
            if self._rising and self._rising[0][0] <= price:
                self._rungs(best)
                crossed += self._reach(min(before, price))
                over = True
        if over:
            self._tidy()
        else:
            self._band()
        return crossed

    def _fall(self, price: int) -> list[Crossed]:
        crossed = []
        while self.low >= price:
            level = self.low
            trailing = self._trails.lowest() if self._trails.low == level else None
            member = trailing or self._stops[0][2]
            self._end(member)
            crossed.append(Crossed(member.id, Kind.TRAILING if trailing else Kind.STOP, level))
            self._tidy()
        return crossed

    def _rungs(self, price: int) -> None:
        """Rungs of ladders up to a best price count; targets wait for their second quote."""
        targets = []
        while self._rising and self._rising[0][0] <= price:
            entry = heapq.heappop(self._rising)
            _, _, member, stop = entry
            if member.alive and stop is not None:
                self._raise(member, stop)
                self.moved = True
            elif member.alive:
                targets.append(entry)
        for entry in targets:
            heapq.heappush(self._rising, entry)

    def _reach(self, price: int) -> list[Crossed]:
        crossed = []
        while self._rising and self._rising[0][0] <= price:
            level, _, member, _ = heapq.heappop(self._rising)
            if member.alive:
                self._end(member)
                crossed.append(Crossed(member.id, Kind.TARGET, level))
        return crossed

    def _raise(self, member: Member, level: int) -> None:
        if level > member.level:
            member.level = level
            heapq.heappush(self._stops, (-level, next(self._count), member))

    def _end(self, member: Member) -> None:
        del self._members[member.id]
        member.alive = False
        self._ended += 1

    def _tidy(self) -> None:
        """Throw out what is over, and find the band again."""
        stops, rising = self._stops, self._rising
        while stops and not (stops[0][2].alive and stops[0][2].level == -stops[0][0]):
            heapq.heappop(stops)
        while rising and not rising[0][2].alive:
            heapq.heappop(rising)
        self._trails.tidy()
        self._band()
        if self._ended > 64 + len(self._members):
            self._sweep()

    def _band(self) -> None:
        low, high = self._trails.low, self._trails.high
        self.low = max(low, -self._stops[0][0]) if self._stops else low
        self.high = min(high, self._rising[0][0]) if self._rising else high

    def _sweep(self) -> None:
        """What is over, but not on top, must not pile up."""
        self._ended = 0
        self._stops = [entry for entry in self._stops if entry[2].alive]
        self._rising = [entry for entry in self._rising if entry[2].alive]
        heapq.heapify(self._stops)
        heapq.heapify(self._rising)
        self._trails.sweep()


class Levels:
    """All positions in one instrument. Keys: whatever names a position. jump: in millionths of a percent."""

    __slots__ = ("_ask_high", "_ask_low", "_bid_high", "_bid_low", "_long", "_short", "_sides", "ask", "bid")

    def __init__(self, jump: int = FAR) -> None:
        self._long, self._short = _Side(mirror=False, jump=jump), _Side(mirror=True, jump=jump)
        self._sides: dict[Hashable, _Side] = {}
        self.bid: int | None = None
        self.ask: int | None = None
        self._band()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._sides

    def put(self, key: Hashable, sign: int, armed: Armed) -> None:
        """Watch a position, in place of what was watched under this key. sign: 1 for a long, -1 for a short."""
        self.drop(key)
        side = self._sides[key] = self._long if sign > 0 else self._short
        side.put(key, armed if sign > 0 else armed.mirrored())
        self._band()

    def drop(self, key: Hashable) -> None:
        side = self._sides.pop(key, None)
        if side is not None:
            side.drop(key)
            self._band()

    def stop(self, key: Hashable) -> int | None:
        """The stop in force, in ticks; None for a position that has none or is not watched."""
        return self._told(key, _Side.stop)

    def best(self, key: Hashable) -> int | None:
        """The best price so far, where a trailing stop or a ladder needs it."""
        return self._told(key, _Side.best)

    def feed(self, bid: int | None, ask: int | None) -> Crossing | None:
        """Take a quote; None for a side that is empty. None when it touches nothing, which is nearly always."""
        if (
            bid is not None
            and ask is not None
            and self._bid_low < bid < self._bid_high
            and self._ask_low < ask < self._ask_high
        ):
            self.bid, self.ask = bid, ask
            return None
        crossed: list[Crossed] = []
        if bid is not None:
            crossed += [] if self.bid is None else self._long.feed(self.bid, bid)
            self.bid = bid
        if ask is not None:
            told = [] if self.ask is None else self._short.feed(-self.ask, -ask)
            crossed += [Crossed(one.id, one.kind, -one.level) for one in told]
            self.ask = ask
        for one in crossed:
            del self._sides[one.id]
        self._band()
        return Crossing(crossed, self.doubt)

    @property
    def doubt(self) -> bool:
        """Whether the newest quote stands beyond something about which one more would decide."""
        return (self.bid is not None and not self._bid_low < self.bid < self._bid_high) or (
            self.ask is not None and not self._ask_low < self.ask < self._ask_high
        )

    def moved(self) -> bool:
        """Whether a stop or best price has moved since this was last asked."""
        moved = self._long.moved or self._short.moved
        self._long.moved = self._short.moved = False
        return moved

    def _told(self, key: Hashable, of: Callable[[_Side, Hashable], int | None]) -> int | None:
        side = self._sides.get(key)
        value = None if side is None else of(side, key)
        return value if value is None or side is self._long else -value

    def _band(self) -> None:
        self._bid_low, self._bid_high = self._long.low, self._long.high
        self._ask_low, self._ask_high = -self._short.high, -self._short.low
