"""Trailing stops in one direction, on integer ticks: those that share their best price move as one.

Groups stand in falling order of their best price. The last one moves whenever the price makes a new best for it; the
others wait, each with a stop that stays where it is, until the price passes their best, and then become one with it.
So a new best costs the same however many follow it.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Hashable
from dataclasses import dataclass, field

FAR = 1 << 62
"""Beyond every price in ticks."""
PERCENT = 1_000_000
"""Percentages are integers in millionths of a percent."""
WHOLE = 100 * PERCENT


@dataclass(slots=True, eq=False)
class Member:
    """One watched position. level: its stop apart from trailing. trailing: None for one that only wants its best."""

    id: Hashable
    trailing: int | None
    level: int = -FAR
    group: Group | None = None
    alive: bool = True


@dataclass(slots=True, eq=False)
class Group:
    """Members of one best price, the tightest on top. level: where that one sells."""

    best: int
    level: int = -FAR
    members: list[tuple[int, int, Member]] = field(default_factory=list)
    alive: bool = True


class Trails:
    """low: the highest stop of all. high: the first price that is a new best for somebody."""

    def __init__(self, *, mirror: bool) -> None:
        """mirror: prices come negated, so a percentage adds to the best price instead of taking from it."""
        self._sign = 1 if mirror else -1
        self._count = itertools.count()
        self._groups: list[Group] = []
        self._waiting: list[tuple[int, int, Group]] = []
        self.low, self.high = -FAR, FAR

    def level(self, member: Member) -> int:
        """Its best price less its percentage, rounded towards the price: never a larger loss than was meant."""
        if member.group is None or member.trailing is None:
            return -FAR
        return -(-member.group.best * (WHOLE + self._sign * member.trailing) // WHOLE)

    def join(self, member: Member, best: int) -> None:
        """Into the group of this best price."""
        groups = self._groups
        place = next((n for n, group in enumerate(groups) if group.best <= best), len(groups))
        if place == len(groups) or groups[place].best != best:
            groups.insert(place, Group(best))
        group = member.group = groups[place]
        tightness = WHOLE if member.trailing is None else member.trailing
        heapq.heappush(group.members, (tightness, next(self._count), member))
        for aimed in groups[max(0, place - 1) : place + 1]:  # the one before may have been the last until now
            self._aim(aimed)

    def climb(self, price: int) -> bool:
        """A new best for all whose best was lower; they become one group. False when there are none."""
        groups, running = self._groups, None
        if groups and groups[-1].best < price and (len(groups) == 1 or price < groups[-2].best):
            alone = groups[-1]  # the usual case, without any reordering
            alone.best = price
            alone.level = self.level(alone.members[0][2])
            self.low, self.high = max(self.low, alone.level), price + 1
            return True
        while groups and groups[-1].best < price:
            running = _merged(running, groups.pop(), self._count)
        if running is None:
            return False
        if groups and groups[-1].best == price:
            running = _merged(running, groups.pop(), self._count)
        running.best = price
        groups.append(running)
        self.tidy()
        return True

    def lowest(self) -> Member | None:
        """Whose stop is at `low`, where that is the stop of a trail."""
        groups = self._groups
        if not groups or self.low == -FAR:
            return None
        of = groups[-1] if groups[-1].level == self.low else self._waiting[0][2]
        return of.members[0][2]

    def tidy(self) -> None:
        """Members came to their end: find `low` and `high` again."""
        groups = self._groups
        while groups:
            self._aim(groups[-1])
            if groups[-1].members:
                break
            groups.pop().alive = False
        while self._waiting and not self._stands(*self._waiting[0]):
            heapq.heappop(self._waiting)
        waiting = -self._waiting[0][0] if self._waiting else -FAR
        self.low = max(waiting, groups[-1].level) if groups else -FAR
        self.high = groups[-1].best + 1 if groups else FAR

    def sweep(self) -> None:
        """What is over, but not on top, must not pile up."""
        self._waiting = [e for e in self._waiting if e[2].alive and e[2].level == -e[0]]
        heapq.heapify(self._waiting)
        for group in self._groups:
            group.members = [e for e in group.members if e[2].alive]
            heapq.heapify(group.members)

    def _aim(self, group: Group) -> None:
        """Find where its tightest sells. A group that waits is put in line with the others."""
        while group.members and not group.members[0][2].alive:
            heapq.heappop(group.members)
        group.level = self.level(group.members[0][2]) if group.members else -FAR
        if group is not self._groups[-1] and group.members:
            heapq.heappush(self._waiting, (-group.level, next(self._count), group))

    def _stands(self, level: int, _number: int, group: Group) -> bool:
        """Whether an entry of the line still says what is so."""
        if not group.alive or group.level != -level or group is self._groups[-1]:
            return False
        if not (group.members and group.members[0][2].alive):
            self._aim(group)
        return bool(group.members) and group.level == -level


def _merged(one: Group | None, other: Group, count: itertools.count[int]) -> Group:
    """The smaller into the larger, so that a member moves seldom."""
    if one is None:
        return other
    small, large = sorted((one, other), key=lambda group: len(group.members))
    small.alive = False
    for tightness, _, member in small.members:
        if member.alive:
            member.group = large
            heapq.heappush(large.members, (tightness, next(count), member))
    return large
