"""What systemd is told: that the desk is ready, and that it still is (sd_notify(3); `Type=notify`, `WatchdogSec=`).

The dog is fed after a commit alone, never by a bare timer: a desk that cannot write must not look alive.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Mapping

from core.ports import Clock, Store
from core.values.changes import FlagSet
from core.values.errors import DeskError

log = logging.getLogger(__name__)

FLAG = "watchdog"
PATIENCE_USEC = 86_400_000_000


def notify(word: str, environment: Mapping[str, str] = os.environ) -> None:
    """One datagram to whoever started us; nothing where nobody asked for it."""
    address = environment.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link:
            link.sendto(word.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)


def patient(*, on: bool, environment: Mapping[str, str] = os.environ) -> None:
    """Let systemd wait while a process that stood by settles with the brokers, which may take as long as one of them is
    away; or no longer."""
    if period_s(environment):
        notify(f"WATCHDOG_USEC={PATIENCE_USEC if on else environment['WATCHDOG_USEC']}", environment)


def period_s(environment: Mapping[str, str] = os.environ) -> float:
    """How long systemd waits between two feedings; 0 where it does not wait at all."""
    return int(environment.get("WATCHDOG_USEC", "0")) / 1_000_000


async def feed(store: Store, wire: Clock, well: Callable[[], bool], every_s: float) -> None:
    """Look four times in each `every_s`, and feed where something was committed since the last look and all is `well`,
    until cancelled. A desk that was quiet for two looks writes a flag, so that there is something to commit.

    Looks are counted, no times compared: a clock that is set back must not kill a healthy desk.
    """
    committed, quiet = False, 0

    def note(_changes: object) -> None:
        nonlocal committed, quiet
        committed, quiet = True, 0

    store.listen(note)
    while True:
        await wire.sleep(every_s / 4)
        quiet += 1
        if quiet > 1:
            try:
                await store.save(FlagSet(FLAG, wire.now().isoformat()))
                note(None)
            except DeskError as error:
                log.warning("the watchdog is not fed", extra={"reason": str(error)})
        if committed and well():
            notify("WATCHDOG=1")
        committed = False
