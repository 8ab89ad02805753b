"""The switch of each user's bot: while it is off, new alerts are kept and ignored; everything else goes on."""

from __future__ import annotations

import logging

from core.ports import Clock, Store
from core.values.alerts import Alert, Source
from core.values.changes import Audited, FlagSet
from core.values.errors import DeskError
from core.values.ids import UserId
from core.values.orders import Refused
from core.values.people import Person, Role

log = logging.getLogger(__name__)

_FLAG = "bots.stopped"


class Bots:
    """Orders on their way finish and exits stay armed: only the inbox asks. A stopped bot stays so over restarts."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._stopped: frozenset[str] = frozenset()

    async def load(self) -> None:
        self._stopped = frozenset((await self._store.flag(_FLAG) or "").split())

    def running(self, owner: UserId) -> bool:
        return owner not in self._stopped

    def ignores(self, alert: Alert) -> str:
        """Why an alert is not taken up; empty where it is. The hub's never trade, so they are no matter of bots."""
        return "" if alert.source is Source.HUB or self.running(alert.owner) else "bot_stopped"

    def state(self, person: Person) -> bool:
        """Of the bot that is this person's to switch."""
        return self.running(person.master)

    async def switch(self, person: Person, *, running: bool) -> Refused | None:
        """Start or stop the person's bot. Nothing happens where it is so already."""
        if not person.may(Role.TRADER):
            return Refused("not_allowed", {"role": Role.TRADER.word})
        mine = person.master
        if self.running(mine) is running:
            return None
        before, word = self._stopped, "started" if running else "stopped"
        self._stopped = before - {mine} if running else before | {mine}  # first: two may switch at the same time
        audited = Audited(self._clock.now(), person.id, person.surface, f"bot.{word}", mine)
        try:
            await self._store.save(FlagSet(_FLAG, " ".join(sorted(self._stopped))), audited)
        except DeskError:
            self._stopped = self._stopped | {mine} if running else self._stopped - {mine}
            raise
        log.info("bot %s", word, extra={"owner": mine, "by": person.id})
        return None
