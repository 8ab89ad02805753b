"""What a daily model keeps of a symbol: its newest output, and the one to go back to when better data come.

A day is first learned of bars that were made of the stream; the day after, the broker's own take their place, and the
model goes back to what it knew before (behaviour.md 4.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from strategies.models.day import Day
from strategies.models.dips import DailyModel, State


@dataclass(frozen=True, slots=True)
class Output:
    """day: the last one that it has learned of. final: its bars will not change."""

    day: date
    state: State
    final: bool


@dataclass(frozen=True, slots=True)
class Memory:
    """settled: what final days have taught. newest: that, or one day more."""

    settled: Output | None = None
    newest: Output | None = None


class Learned(StrEnum):
    FED = "fed"
    BEGUN = "begun"
    RESTARTED = "restarted"
    """The day does not follow what was learned: what was before it is forgotten."""
    KNOWN = "known"
    """It was learned before; nothing changes."""
    GAP = "gap"
    """A day that is not final and does not follow what was learned: nothing changes."""


def learn(model: DailyModel, memory: Memory, day: Day, before: date, *, final: bool) -> tuple[Memory, Learned]:
    """before: the market day before `day`."""
    settled, newest = memory.settled, memory.newest
    if settled is not None and day.date <= settled.day:
        return memory, Learned.KNOWN
    if newest is not None and newest.day == day.date and newest.final >= final:
        return memory, Learned.KNOWN
    follows = settled is not None and settled.day == before
    if not final and not follows:
        return memory, Learned.GAP
    state = settled.state if settled is not None and follows else {}
    output = Output(day.date, model.feed(state, day), final)
    word = Learned.FED if follows else Learned.BEGUN if settled is None else Learned.RESTARTED
    return Memory(output if final else settled, output), word


def to_row(memory: Memory) -> Mapping[str, Any]:
    """As JSON."""
    named = {"settled": memory.settled, "newest": memory.newest}
    return {
        name: {"day": output.day.isoformat(), "state": output.state, "final": output.final}
        for name, output in named.items()
        if output is not None
    }


def from_row(row: Mapping[str, Any]) -> Memory:
    """Raises LookupError, ValueError or TypeError for a row that is none."""

    def output(name: str) -> Output | None:
        told = row.get(name)
        return None if told is None else Output(date.fromisoformat(told["day"]), told["state"], told["final"])

    return Memory(output("settled"), output("newest"))
