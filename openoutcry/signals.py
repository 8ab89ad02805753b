"""SIGTERM, SIGHUP and Ctrl+C during work that must not be left half done."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from core.values.errors import Broken

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Whoever ends this process meanwhile ends it by an exception, so that every `finally` has its turn: Broken."""
    with _answered(_end):
        yield


@contextmanager
def deaf() -> Iterator[None]:
    """For a short step that must be done. A handler and not SIG_IGN, which the programs begun here would keep."""
    with _answered(lambda _number, _frame: None):
        yield


@contextmanager
def _answered(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in ENDING}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _end(number: int, _frame: FrameType | None) -> None:
    raise Broken(f"ended by {signal.Signals(number).name}")
