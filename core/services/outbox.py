"""Notices to every surface, at least once each; critical ones first, the others in order.

A dead chat delays nothing but itself, and does not drown people when it is back: of a long backlog they get what is
critical, what still waits for an answer, and one summary of the rest.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.crashpoints import crashpoint
from core.ports import Clock, Store, Surface
from core.values.changes import Change, Delivered, FlagSet, NoticeMade
from core.values.errors import Rejected, Transient
from core.values.ids import NoticeId, UserId, derive_id
from core.values.notices import Line, Notice, NoticeKind

log = logging.getLogger(__name__)

BATCH = 50
BACKLOG = 1000
RETRY_S_MAX = 60.0
PICTURES_MAX = 20
QUIET_MAX = 20
"""More notices than this that waited for a surface become one summary."""


def card_key(surface: str, card: str) -> str:
    """The flag under which a surface keeps where it shows a card; empty or absent: it does not."""
    return f"card:{surface}:{card}"


@dataclass(slots=True)
class _Post:
    """One surface's place. hurry: something critical was made. away: the last try to deliver failed. pictures: that
    wait to be shown, by card."""

    surface: Surface
    pictures: dict[str, bytes] = field(default_factory=dict)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    hurry: bool = False
    away: bool = True

    @property
    def missed_key(self) -> str:
        return f"missed:{self.surface.name}"


class Outbox:
    """The table of notices is the queue; each surface has its own place in it, kept in the store.

    private: owners whose notices are for no chat, since chats are the desk's owner's.
    """

    def __init__(self, store: Store, wire: Clock) -> None:
        self._store = store
        self._wire = wire
        self._posts: list[_Post] = []
        self.private: Callable[[UserId], bool] = lambda _owner: False
        store.listen(self._wake)

    def add(self, *surfaces: Surface) -> None:
        self._posts += map(_Post, surfaces)

    async def tell(self, notice: Notice) -> None:
        """Keep a notice; the surfaces have it as soon as they can."""
        await self._store.save(NoticeMade(notice))

    def illustrate(self, card: str, png: bytes) -> None:
        """A picture for a card whose notice is kept already. It follows the notice, is tried once, and is not kept."""
        for post in self._posts:
            if len(post.pictures) < PICTURES_MAX:
                post.pictures[card] = png
                post.woken.set()

    @property
    def empty(self) -> bool:
        """Nobody reads here."""
        return not self._posts

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as group:
            for post in self._posts:
                group.create_task(self._deliver(post), name=f"outbox {post.surface.name}")

    def _wake(self, changes: Sequence[Change]) -> None:
        made = [change.notice for change in changes if isinstance(change, NoticeMade)]
        for post in self._posts if made else ():
            post.hurry = post.hurry or any(notice.critical for notice in made)
            post.woken.set()

    async def _deliver(self, post: _Post) -> None:
        pause_s = 1.0
        while True:
            post.woken.clear()
            due = next(iter(post.pictures), None)  # its notice was kept before: this batch is the last to hold it
            try:
                if post.away:
                    await self._condense(post)
                more = await self._send_batch(post)
                post.away, pause_s = False, 1.0
            except Transient as error:
                post.away = True
                log.warning("surface is away", extra={"surface": post.surface.name, "reason": error.reason})
                await self._wire.sleep(max(pause_s, error.retry_after_s))
                pause_s = min(pause_s * 2, RETRY_S_MAX)
                continue
            if more:
                continue
            if due is None:
                await post.woken.wait()
            else:
                await self._show(post, due)

    async def _show(self, post: _Post, card: str) -> None:
        """Give a surface the picture of a card, once: people have the words."""
        try:
            await post.surface.illustrate(card, post.pictures.pop(card))
        except (Rejected, Transient) as error:
            log.warning("picture given up", extra={"surface": post.surface.name, "card": card, "reason": str(error)})
        except Exception:  # as with notices
            log.exception("picture failed", extra={"surface": post.surface.name, "card": card})

    async def _send_batch(self, post: _Post) -> bool:
        """Whether more may wait."""
        limit = BACKLOG if post.hurry else BATCH
        post.hurry = False
        waiting = await self._store.undelivered(post.surface.name, limit)
        newest = {notice.card: notice.id for notice in waiting if notice.card}
        for notice in sorted(waiting, key=lambda notice: not notice.critical):
            if post.hurry:
                return True
            if notice.kind is not NoticeKind.PROGRESS or newest.get(notice.card, notice.id) == notice.id:
                await self._send(post.surface, notice)
                crashpoint("out.sent_pre_mark")
            await self._store.save(Delivered(post.surface.name, notice.id))
        return len(waiting) == limit

    async def _send(self, surface: Surface, notice: Notice) -> None:
        if self.private(notice.owner):
            return
        try:
            await surface.send(notice)
        except Rejected as error:
            log.warning("notice refused", extra={"surface": surface.name, "notice": notice.id, "reason": str(error)})
        except Transient:
            raise
        except Exception:  # the chats' edge: a fault in one surface costs it one message, and nobody else anything
            log.exception("notice failed", extra={"surface": surface.name, "notice": notice.id})

    # after an outage

    async def _condense(self, post: _Post) -> None:
        """Turn a long backlog into a summary and send that; what is told in full stays in the queue.

        What was counted is kept in the store, so that an outage of any length, with restarts in it, ends in one.
        """
        counts = Counter(_read_counts(await self._store.flag(post.missed_key)))
        full = True
        while full:
            waiting = await self._store.undelivered(post.surface.name, BACKLOG)
            full = len(waiting) == BACKLOG
            quiet = await self._quiet(post.surface, waiting)
            if not quiet or (not counts and len(quiet) <= QUIET_MAX):
                break
            counts.update(notice.kind.value for notice in quiet)
            kept = " ".join(f"{kind}:{count}" for kind, count in counts.items())
            gone = [Delivered(post.surface.name, notice.id) for notice in quiet]
            await self._store.save(FlagSet(post.missed_key, kept), *gone)
        if counts:
            await self._send(post.surface, self._summary(post.surface, counts))
            await self._store.save(FlagSet(post.missed_key, ""))

    async def _quiet(self, surface: Surface, waiting: Sequence[Notice]) -> list[Notice]:
        """Those that nobody needs to see one by one: not critical, no newest word on a card that people see or need."""
        newest = {notice.card: notice.id for notice in waiting if notice.card}
        quiet: list[Notice] = []
        for notice in waiting:
            last_word = newest.get(notice.card) == notice.id
            shown = last_word and bool(await self._store.flag(card_key(surface.name, notice.card)))
            if not notice.critical and not shown and not (last_word and notice.actions):
                quiet.append(notice)
        return quiet

    def _summary(self, surface: Surface, counts: Counter[str]) -> Notice:
        now = self._wire.now()
        total = str(counts.total())
        return Notice(
            id=NoticeId(derive_id(self._store.desk_id, "missed", surface.name, total, now.isoformat())),
            at=now,
            kind=NoticeKind.INFO,
            key="outbox.missed",
            params={"count": total},
            lines=tuple(Line("outbox.missed_kind", {"kind": k, "count": str(n)}) for k, n in counts.items()),
        )


def _read_counts(kept: str | None) -> dict[str, int]:
    pairs = (pair.partition(":") for pair in (kept or "").split())
    return {kind: int(count) for kind, _, count in pairs}
