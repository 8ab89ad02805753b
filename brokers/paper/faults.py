"""Trouble on order: what the next calls of a paper broker run into."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

NAMES = ("delay", "refuse", "accept_then_drop", "drop", "too_many_requests", "disconnect", "server_error")
ALIASES = {"429": "too_many_requests"}
HIDDEN_ANSWERS: Mapping[str, str] = {
    "accept_then_drop": "the connection dropped before the answer",
    "server_error": "the broker answered 500",
}
"""Faults after which the order stands at the broker and the caller cannot know it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """params: `seconds` for delay, `retry_after` for too_many_requests, both in seconds."""

    name: str
    params: Mapping[str, float] = field(default_factory=dict)


class Faults:
    """First scripted, first met. All of them wait for a placing; a disconnect also meets reads and cancels."""

    def __init__(self) -> None:
        self._next: deque[Fault] = deque()

    def script(self, name: str, count: int = 1, **params: float) -> str:
        """Put `count` of a fault in line; its full name. Raises ValueError for an unknown one, naming all."""
        name = ALIASES.get(name, name)
        if name not in NAMES:
            raise ValueError(f"unknown fault {name!r}: {', '.join((*NAMES, *ALIASES))}")
        if count < 1:
            raise ValueError("count is at least 1")
        self._next.extend(Fault(name, params) for _ in range(count))
        return name

    def at_placing(self) -> Fault | None:
        return self._next.popleft() if self._next else None

    def at_reading(self) -> Fault | None:
        return self._next.popleft() if self._next and self._next[0].name == "disconnect" else None
