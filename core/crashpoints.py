"""Named places where a test may kill the process, to prove that nothing is lost or doubled there.

Names: in.pre_commit, in.post_commit_pre_200, intent.post_commit, send.marked, ... Armed by the roof from
OPENOUTCRY_CRASHPOINT=name[:nth], never with --live. Unarmed, a point costs one comparison.
"""

from __future__ import annotations

import os
import signal

_armed: dict[str, int] = {}


def arm(spec: str) -> None:
    """`name` or `name:nth`: die when the point is passed for the nth time (default: the first)."""
    name, _, nth = spec.partition(":")
    _armed[name] = int(nth) if nth else 1


def crashpoint(name: str) -> None:
    """Die here by SIGKILL if this point is armed and due: no clean-up runs, as in a power cut."""
    if _armed and name in _armed:
        _armed[name] -= 1
        if _armed[name] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
