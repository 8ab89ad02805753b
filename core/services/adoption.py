"""Alerts that processes that stand by took in: judged as if they had come through the owner's door, and taken up."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from core.ports import Clock, Store
from core.services.intake import Intake
from core.values.alerts import AlertRecord, AlertStatus
from core.values.changes import AlertTaken
from core.values.errors import DeskError

log = logging.getLogger(__name__)

LOOK_S = 0.1
AT_ONCE = 500


class Adoption:
    """take: given each that is accepted, in the order in which they were written."""

    def __init__(self, store: Store, wire: Clock, intake: Intake, take: Callable[[AlertRecord], None]) -> None:
        self._store = store
        self._wire = wire
        self._intake = intake
        self._take = take

    async def run(self) -> None:
        """Look every LOOK_S, until cancelled. A poll: a server that told of each would do its commits one by one."""
        while True:
            try:
                adopted = await self.adopt()
            except DeskError as error:
                log.warning("received alerts wait", extra={"reason": str(error)})
                adopted = []
            for record in adopted:
                self._take(record)
            if len(adopted) < AT_ONCE:
                await self._wire.sleep(LOOK_S)

    async def adopt(self) -> list[AlertRecord]:
        """Judge what waits for it; those that are accepted, and are so on disk."""
        received = await self._store.received_alerts(AT_ONCE)
        judged = [(record, self._intake.judge(record.alert)) for record in received]
        taken = [record for record, (status, _) in judged if status is AlertStatus.ACCEPTED]
        await self._store.save(*(AlertTaken(record.id) for record in taken))
        for record, (status, reason) in judged:
            if status is not AlertStatus.ACCEPTED:
                await self._intake.turn_away(record, status, reason)
        return [replace(record, status=AlertStatus.ACCEPTED) for record in taken]
