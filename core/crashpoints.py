"""Named places where a test may kill the process, to prove that nothing is lost or doubled there.

Names: in.pre_commit, in.post_commit_pre_200, intent.post_commit, send.marked, ... Armed by the roof from
OPENOUTCRY_CRASHPOINT=name[:nth], never with --live. Unarmed, a point costs one comparison.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

_armed: dict[str, tuple[int, Callable[[], None]]] = {}


def _kill() -> None:
    """No clean-up runs, as in a power cut."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(spec: str, die: Callable[[], None] = _kill) -> None:
    """`name` or `name:nth`: die when the point is passed for the nth time (default: the first)."""
    name, _, nth = spec.partition(":")
    _armed[name] = (int(nth) if nth else 1, die)


def disarm() -> None:
    """Nobody dies any more."""
    _armed.clear()


def crashpoint(name: str) -> None:
    """Die here if this point is armed and due."""
    if _armed and name in _armed:
        left, die = _armed[name]
        _armed[name] = (left - 1, die)
        if left == 1:
            die()
