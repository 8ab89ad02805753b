"""The alert hub: every raw alert is kept once and told to every socket and target that wants it. It never trades."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from core.ports import Clock, Store, Target
from core.services.outlets import Outlet, Outlets
from core.values.alerts import Alert, AlertStatus, Receipt
from core.values.errors import Transient
from core.values.ids import OWNER, alert_id_of
from core.values.orders import Refused
from core.values.people import Person, Role
from core.values.raw import RawAlert

QUEUE_MAX = 64
"""Messages that may wait for one socket; a slower one is cut off."""


class Subscriber:
    """One socket's place. `cut_off` is called once, when its queue is full."""

    def __init__(self, cut_off: Callable[[], None], queue_max: int = QUEUE_MAX) -> None:
        self._cut_off = cut_off
        self._max = queue_max
        self._waiting: deque[str] = deque()
        self._woken = asyncio.Event()
        self._open = True

    def offer(self, text: str) -> None:
        """Queue a message; never waits."""
        if not self._open:
            return
        if len(self._waiting) >= self._max:
            self._waiting.clear()
            self.close()
            self._cut_off()
            return
        self._waiting.append(text)
        self._woken.set()

    def close(self) -> None:
        """Nothing more comes in; what waits may still be taken."""
        self._open = False
        self._woken.set()

    async def next(self) -> str | None:
        """The next message; None at the end."""
        while not self._waiting:
            if not self._open:
                return None
            self._woken.clear()
            await self._woken.wait()
        return self._waiting.popleft()


class Hub:
    """targets get what is published; meters what is told again and again, to keep a series alive. One may be both.

    cut: sockets that were too slow; taken: alerts that were kept or known, both since start. on_kept: told of every
    alert with its content, repeats too.
    """

    def __init__(
        self,
        store: Store,
        now: Callable[[], datetime],
        wire: Clock,
        targets: Sequence[Target] = (),
        meters: Sequence[Target] = (),
    ) -> None:
        self._store = store
        self._wire = wire
        self._now = now
        self._outlets = Outlets([*targets, *(meter for meter in meters if meter not in targets)], wire)
        self._targets = [outlet for outlet in self._outlets if outlet.target in targets]
        self._meters = [outlet for outlet in self._outlets if outlet.target in meters]
        self._subscribers: set[Subscriber] = set()
        self._turn = asyncio.Lock()
        self._closed = False
        self.on_kept: Callable[[Alert, str], Awaitable[None]] = _nothing
        self.cut = 0
        self.taken = 0

    @property
    def outlets(self) -> Sequence[Outlet]:
        return list(self._outlets)

    @property
    def listening(self) -> int:
        """Sockets at present."""
        return len(self._subscribers)

    def start(self) -> None:
        """Begin to hand over to the targets."""
        self._outlets.start()

    async def publish(self, alert: Alert, raw: RawAlert) -> Receipt:
        """Keep it and tell everybody, also when it came before. Raises Transient or Broken: not kept, nobody told."""
        text = raw.to_json()
        receipt = await self._keep(alert, raw, text)
        await self._tell(raw, text)
        return receipt

    async def meter(self, alert: Alert, raw: RawAlert) -> Receipt:
        """Keep it and let the meters write it, also when it came before. Raises as `publish`."""
        receipt = await self._keep(alert, raw, raw.to_json())
        for outlet in self._meters:
            outlet.offer(raw)
        return receipt

    async def relay(self, alert: Alert, raw: RawAlert) -> Receipt:
        """What another desk told, passed on only when it is new: two desks that follow each other come to rest."""
        text = raw.to_json()
        receipt = await self._keep(alert, raw, text)
        if receipt.status is not AlertStatus.DUPLICATE:
            await self._tell(raw, text)
        return receipt

    def subscribe(self, cut_off: Callable[[], None]) -> Subscriber:
        """A place for a socket, until `leave`."""

        def cut() -> None:
            self.cut += 1
            cut_off()

        subscriber = Subscriber(cut)
        self._subscribers.add(subscriber)
        if self._closed:
            subscriber.close()
        return subscriber

    def say(self, text: str) -> None:
        """Tell a text to every socket."""
        for subscriber in tuple(self._subscribers):
            subscriber.offer(text)

    def leave(self, subscriber: Subscriber) -> None:
        self._subscribers.discard(subscriber)

    async def close(self) -> None:
        """Refuse what comes now, send what waits, let go of everybody."""
        if self._closed:
            return
        self._closed = True
        for subscriber in self._subscribers:
            subscriber.close()
        await self._outlets.close()

    async def _tell(self, raw: RawAlert, text: str) -> None:
        for outlet in self._targets:
            outlet.offer(raw)
        if self._subscribers:
            async with self._turn:  # one a turn of the loop: a burst must not overflow sockets that are quick enough
                self.say(text)
                await self._wire.sleep(0)

    async def _keep(self, alert: Alert, raw: RawAlert, text: str) -> Receipt:
        """One row for equal content, under whichever names and through whichever route and desk it came."""
        if self._closed:
            raise Transient("the hub is closing")
        content = text.rpartition(",")[0]  # all but the last field, utcoffset, which is the desk's and not the sender's
        digest = hashlib.sha256(content.encode()).hexdigest()
        alert_id = alert_id_of(self._store.desk_id, self._now(), digest)
        receipt = await self._store.accept_alert(alert, alert_id, f"{raw.epoch:011d}.hub.{digest}")
        self.taken += 1
        await self.on_kept(alert, f"{content}}}")
        return receipt


def may_publish(person: Person) -> Refused | None:
    """The hub is the desk's owner's: whoever helps to run that desk may tell it something."""
    return (
        None if person.may(Role.TRADER) and person.sees(OWNER) else Refused("not_allowed", {"role": Role.TRADER.word})
    )


async def _nothing(_alert: Alert, _content: str) -> None:
    pass
