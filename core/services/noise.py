"""Who is told what, how loud, and by which chat: everybody's choice, on top of the settings'."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta, tzinfo

from core.ports import Clock, Store
from core.rules.noise import USUAL, Level, Words, always, event_of, fits, level_of, quiet_span
from core.values.changes import Audited, FlagSet, NoticeMade
from core.values.errors import DeskError
from core.values.ids import OWNER, NoticeId, UserId, derive_id
from core.values.notices import Line, Notice, NoticeKind
from core.values.orders import Refused
from core.values.people import Person

log = logging.getLogger(__name__)

KEPT = "noise"
"""The flag that keeps what people chose: JSON, by person."""
LOOK_S = 30.0
DIGEST_LATE = timedelta(hours=6)
"""After that nobody waits for what was told in the night: the desk was down, and the dashboard has it."""
PAGE, PAGES_MAX = 500, 10


class Noise:
    """zone: of quiet hours. usual: the settings'. both: the people whom Telegram and Discord reach; alone: whether
    Discord's channels reach none but them, so that it may be silent where Telegram tells."""

    def __init__(
        self,
        store: Store,
        wire: Clock,
        zone: tzinfo,
        usual: Words = USUAL,
        both: Collection[UserId] = (),
        *,
        alone: bool = False,
    ) -> None:
        self._store, self._wire, self._zone = store, wire, zone
        self._usual, self._both, self._alone = usual, frozenset(both), alone
        self._chosen: dict[str, dict[str, str]] = {}
        self._writing = asyncio.Lock()

    async def load(self) -> None:
        self._chosen = json.loads(await self._store.flag(KEPT) or "{}")

    def of(self, person: UserId) -> Words:
        """All of a person's words."""
        return {**self._usual, **self._chosen.get(person, {})}

    async def choose(self, said: Mapping[str, object], by: Person) -> Refused | None:
        """Change some of one's own; None forgets all of them, so that the settings' are in force again.

        Refused: bad_field.
        """
        for name, value in said.items():
            if not isinstance(value, str) or not fits(name, value):
                return Refused("bad_field", {"name": name[:100], "value": str(value)[:100]})
        await self._keep(by, {**self._chosen.get(by.id, {}), **{name: str(value) for name, value in said.items()}})
        return None

    async def reset(self, by: Person) -> None:
        """The settings' words again."""
        await self._keep(by, {})

    async def _keep(self, by: Person, words: dict[str, str]) -> None:
        async with self._writing:
            self._chosen[by.id] = words
            now = self._wire.now()
            await self._store.save(
                FlagSet(KEPT, json.dumps(self._chosen)),
                Audited(now, by.id, by.surface, "noise.chosen", by.id, words),
            )

    # how loud

    def level(self, notice: Notice, person: UserId) -> Level:
        """In a person's own chat, which is Telegram's: off where they read it in Discord. Trouble comes by both."""
        if addressee(notice) is not None:
            return Level.ON if addressee(notice) == person else Level.OFF
        elsewhere = person in self._both and self.of(person)["first"] == "discord"
        if elsewhere and not always(notice) and self.channel(notice) is not Level.OFF:
            return Level.OFF
        return level_of(self.of(person), notice, self._local())

    def shared(self, notice: Notice) -> Level:
        """In a chat of several: as the desk's owner wants it."""
        return self.level(notice, OWNER) if addressee(notice) else level_of(self.of(OWNER), notice, self._local())

    def channel(self, notice: Notice) -> Level:
        """In Discord's channels: shown without a sound where Telegram tells all of their readers."""
        level = self.shared(notice)
        told = self._alone and all(self.of(person)["first"] == "telegram" for person in self._both)
        return Level.SILENT if level is Level.ON and told and not notice.critical else level

    def _local(self) -> datetime:
        return self._wire.now().astimezone(self._zone)

    # digests

    async def run(self) -> None:
        """Tell, as quiet hours end, what was held back in them; until cancelled."""
        while True:
            try:
                await self.digest()
            except DeskError as error:
                log.warning("no digest was told", extra={"reason": str(error)})
            await self._wire.sleep(LOOK_S)

    async def digest(self) -> None:
        for person in {OWNER, *map(UserId, self._chosen)}:
            words, now = self.of(person), self._local()
            span = quiet_span(words, now)
            if words["digest"] == "on" and span is not None and span[1] <= now < span[1] + DIGEST_LATE:
                await self._tell(person, *span)

    async def _tell(self, person: UserId, begins: datetime, ends: datetime) -> None:
        """Once: its id is that of these hours."""
        notice_id = NoticeId(derive_id(self._store.desk_id, "digest", person, ends.isoformat()))
        if await self._store.notice(notice_id) is not None:
            return
        counts = await self._held_back(person, begins, ends)
        if counts:
            notice = Notice(
                id=notice_id,
                at=self._wire.now(),
                kind=NoticeKind.INFO,
                key="noise.digest",
                params={"from": f"{begins:%H:%M}", "to": f"{ends:%H:%M}", "count": str(counts.total())},
                lines=tuple(Line("noise.counted", {"event": name, "count": str(n)}) for name, n in counts.items()),
                about=(f"for:{person}",),
                owner=person,
            )
            await self._store.save(NoticeMade(notice))

    async def _held_back(self, person: UserId, begins: datetime, ends: datetime) -> Counter[str]:
        counts: Counter[str] = Counter()
        words, after = self.of(person), None
        for _ in range(PAGES_MAX):
            page = await self._store.notices(PAGE, after)
            for notice in page.items:
                mine = notice.owner in {OWNER, person} and addressee(notice) is None
                if begins <= notice.at < ends and mine and words[event_of(notice)] == Level.ON:
                    held = level_of(words, notice, notice.at.astimezone(self._zone)) is Level.OFF
                    counts[event_of(notice)] += held
            after = page.next
            if after is None or page.items[-1].at < begins:
                break
        return +counts


def addressee(notice: Notice) -> UserId | None:
    """For whom alone a notice is."""
    return next((UserId(about[4:]) for about in notice.about if about.startswith("for:")), None)
