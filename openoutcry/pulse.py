"""Whether the process lives: its loop turns."""

from __future__ import annotations

from core.ports import Clock

HEARTBEAT_S_MAX = 2.0


class Pulse:
    """What /livez and /readyz say: the loop turns, and recovery is done."""

    def __init__(self, wire: Clock) -> None:
        self._wire = wire
        self._beat = wire.now()
        self.ready = False
        self.lag_s = 0.0

    async def run(self) -> None:
        while True:
            self._beat = self._wire.now()
            await self._wire.sleep(HEARTBEAT_S_MAX / 4)
            self.lag_s = max(0.0, (self._wire.now() - self._beat).total_seconds() - HEARTBEAT_S_MAX / 4)

    def alive(self) -> bool:
        return (self._wire.now() - self._beat).total_seconds() < HEARTBEAT_S_MAX
