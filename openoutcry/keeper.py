"""Keeps the lease as long as this process lives, and this process no longer than the lease.

A frozen process cannot look at a clock before it goes on. So the kernel does: each sign that the database took sets its
alarm (setitimer) anew, and the alarm, whose signal nobody handles, ends the process where no sign follows in time, one
that was stopped before it runs another instruction. What is left on its way is found again as after any kill.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from types import TracebackType

from core.values.errors import DeskError
from openoutcry.latch import SharedLatch
from storage.postgres.lease import MARGIN_S, RENEW_S, TERM_S, Lease

log = logging.getLogger(__name__)

ALONE_S = TERM_S - MARGIN_S
"""How long an owner lives behind its last sign."""
LATCH_S = 0.1
"""How soon a halt of this process is known to the others."""
LOOP_S_MAX = 30.0
"""A loop that has not turned for so long is given up: somebody else shall own the desk."""


def end(why: str) -> None:
    """As a crash, since nothing of this process may go on: the next one settles what it left."""
    log.critical("this process ends: %s", why)
    logging.shutdown()
    os._exit(1)


class Keeper:
    """A thread of its own: a busy loop must not lose the lease. begun: monotonic seconds, before the lease was taken.
    ended: called where it is lost."""

    def __init__(self, lease: Lease, latch: SharedLatch, begun: float, ended: Callable[[str], object] = end) -> None:
        self._lease = lease
        self._latch = latch
        self._ended = ended
        self._signed = self._turned = begun
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def __enter__(self) -> None:
        """In the main thread, with a running loop."""
        self._loop = asyncio.get_running_loop()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        self._set_alarm()
        self._thread.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        signal.setitimer(signal.ITIMER_REAL, 0)
        try:
            self._lease.release()
        except DeskError as problem:
            log.warning("the lease runs out by itself", extra={"reason": str(problem)})

    def _run(self) -> None:
        while (why := self._round()) is None:
            for _ in range(round(RENEW_S / LATCH_S)):
                if self._over.wait(LATCH_S):
                    return
                if self._latch.changed():
                    break
        self._ended(why)

    def _round(self) -> str | None:
        """Give a sign; why this process has to end, where it has."""
        self._loop.call_soon_threadsafe(self._turn)
        begun = time.monotonic()
        if begun - self._turned > LOOP_S_MAX:
            return "it has been busy with one thing for too long"
        try:
            halt = self._lease.renew()
            if halt is None:
                return "another one owns the desk now"
            self._signed = begun
            self._set_alarm()
            self._latch.agree(halt, self._lease.halt)
        except (DeskError, OSError) as error:
            log.warning("no sign could be given", extra={"reason": str(error)})
        late = time.monotonic() - self._signed > ALONE_S - RENEW_S
        return "the database took no sign for too long" if late else None

    def _turn(self) -> None:
        self._turned = time.monotonic()

    def _set_alarm(self) -> None:
        left = self._signed + ALONE_S - time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, max(left, 0.001))
