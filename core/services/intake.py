"""The accepting half of an alert's way: which alerts are new, fresh and few enough; on disk before anybody hears yes.

The draining half, which trades, is `core/services/drain.py`.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.crashpoints import crashpoint
from core.ports import Clock, Store
from core.services.resends import Resends, digest_of
from core.services.telling import refused_notice
from core.values.alerts import Alert, AlertKind, AlertRecord, AlertStatus, Receipt
from core.values.changes import AlertDone, AlertNoted, Audited, NoticeMade
from core.values.errors import DeskError
from core.values.ids import AlertId, DeskId, alert_id_of
from core.values.orders import Refused

log = logging.getLogger(__name__)

KEPT = timedelta(days=30)
"""Equal timed bodies are one alert for this long."""
_FORGET_EVERY = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_TEN_MINUTES = timedelta(minutes=10)
_UNCOUNTED = frozenset({AlertStatus.RECEIVED, AlertStatus.STALE, AlertStatus.THROTTLED, AlertStatus.IGNORED})


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """0 = off. Entries are counted per link or route, same-side ones per account, ticker and side as well."""

    alert_age_s_max: float = 60
    exit_age_s_max: float = 3600
    resend_window_s: float = 30
    entries_per_minute: int = 120
    same_side_entries_per_10_min: int = 20


class Intake:
    """One for all doors. `on_accepted` is given each newly accepted alert; whoever drains sets it. `ignores` tells why
    an alert is kept and not taken up; empty where it is."""

    def __init__(self, *, store: Store, clock: Clock, wire: Clock, desk_id: DeskId, limits: IntakeLimits) -> None:
        self._store = store
        self._clock = clock
        self._wire = wire
        self._desk_id = desk_id
        self._now = clock.now if clock is wire else self._later
        self._limits = limits
        self._resends = Resends(limits.resend_window_s)
        self._entries: dict[str, _Rate] = {}
        self._forgot_at = datetime.min.replace(tzinfo=UTC)
        self.on_accepted: Callable[[AlertRecord], None] = lambda _record: None
        self.ignores: Callable[[Alert], str] = lambda _alert: ""

    async def start(self) -> None:
        """Know again what was accepted before the restart; forget what is older than 30 days."""
        now = self._now()
        await self._forget(now)
        await self._resends.load(self._store, now)
        await self._count_recent_entries(self._wire.now() - _TEN_MINUTES)

    async def accept(self, alert: Alert, share: str = "") -> Receipt:
        """See `core.services.receiving.Taker`."""
        now = self._now()
        if now - self._forgot_at >= _FORGET_EVERY:
            await self._forget(now)
        digest = digest_of(alert, share)
        key = self._resends.key(alert, digest, now)
        ignored = self.ignores(alert)
        status = AlertStatus.IGNORED if ignored else self._judge(alert, now)
        rates = self._rates(alert) if status is AlertStatus.ACCEPTED else ()
        at = self._wire.now()
        if rates and not all(rate.has_room(at) for rate in rates):
            status, rates = AlertStatus.THROTTLED, ()
        for rate in rates:  # before the write, so that a burst cannot slip through while it waits for the disk
            rate.add(at)
        receipt: Receipt | None = None
        crashpoint("in.pre_commit")
        try:
            alert_id = alert_id_of(self._desk_id, now, digest)
            receipt = await self._store.accept_alert(alert, alert_id, key, status)
        finally:
            if receipt is None or receipt.status is not AlertStatus.ACCEPTED:
                for rate in rates:
                    rate.undo(at)
        crashpoint("in.post_commit_pre_200")
        if receipt.status is AlertStatus.ACCEPTED:
            self.on_accepted(AlertRecord(receipt.alert_id, alert, receipt.status, done=False))
        elif receipt.status is AlertStatus.STALE:
            await self._report_stale(receipt.alert_id, alert)
        elif receipt.status is AlertStatus.IGNORED:
            await self._note_ignored(receipt.alert_id, alert, ignored)
        return receipt

    def judge(self, alert: Alert) -> tuple[AlertStatus, str]:
        """What one is worth that another process took in, and why where it is nothing. Late ones the drain finds."""
        if ignored := self.ignores(alert):
            return AlertStatus.IGNORED, ignored
        at, rates = self._wire.now(), self._rates(alert)
        if not all(rate.has_room(at) for rate in rates):
            return AlertStatus.THROTTLED, ""
        for rate in rates:
            rate.add(at)
        return AlertStatus.ACCEPTED, ""

    async def turn_away(self, record: AlertRecord, status: AlertStatus, reason: str) -> None:
        """Close what `judge` did not accept. Raises as `Store.save`."""
        await self._store.save(AlertDone(record.id, status, reason))
        if status is AlertStatus.IGNORED:
            await self._note_ignored(record.id, record.alert, reason)

    async def first(self, receipt: Receipt) -> AlertRecord | None:
        """What a duplicate is a duplicate of."""
        return await self._store.alert(receipt.alert_id)

    async def _forget(self, now: datetime) -> None:
        """Equal bodies older than 30 days are new alerts."""
        self._forgot_at = now
        await self._store.forget_keys(now - KEPT)

    async def _report_stale(self, alert_id: AlertId, alert: Alert) -> None:
        """People are told of what was not traded. The alert itself is on disk: a failure here must not deny that."""
        about = (f"alert:{alert_id}", f"intent:{alert_id}")
        refused = Refused("stale", {"ticker": alert.ticker})
        notice = refused_notice(self._desk_id, refused, self._clock.now(), *about, owner=alert.owner)
        with suppress(DeskError):
            await self._store.save(NoticeMade(notice))

    async def _note_ignored(self, alert_id: AlertId, alert: Alert, reason: str) -> None:
        """Why, in the alert's row, the audit trail and the log. As above, a failure must not deny the alert."""
        data = {"reason": reason, "link": alert.link or "", "strategy": alert.strategy[:100]}
        log.info("alert ignored", extra={"intent_id": alert_id, **data})
        audited = Audited(self._clock.now(), alert.owner, alert.source, "alert.ignored", alert_id, data)
        with suppress(DeskError):
            await self._store.save(AlertNoted(alert_id, reason), audited)

    def _later(self) -> datetime:
        """The later of both clocks: a market that stands still does not stop the senders' time."""
        return max(self._clock.now(), self._wire.now())

    def _judge(self, alert: Alert, now: datetime) -> AlertStatus:
        oldest = self._limits.alert_age_s_max if alert.kind is AlertKind.ENTRY else self._limits.exit_age_s_max
        if alert.sent_at is None or oldest == 0:
            return AlertStatus.ACCEPTED
        age = (now - alert.sent_at).total_seconds()
        return AlertStatus.STALE if age > oldest else AlertStatus.ACCEPTED

    def _rates(self, alert: Alert) -> Sequence[_Rate]:
        """The limits that bind this alert: none but entries are ever held back."""
        rates: list[_Rate] = []
        if alert.kind is not AlertKind.ENTRY:
            return rates
        door = f"{alert.link}@{alert.account}" if alert.link else alert.source
        if most := self._limits.entries_per_minute:
            rates.append(self._rate(door, most, _MINUTE))
        if most := self._limits.same_side_entries_per_10_min:
            same_side = "\x1f".join((door, alert.account or "", alert.ticker.upper(), alert.side or ""))
            rates.append(self._rate(same_side, most, _TEN_MINUTES))
        return rates

    def _rate(self, key: str, most: int, length: timedelta) -> _Rate:
        rate = self._entries.get(key)
        if rate is None:
            rate = self._entries[key] = _Rate(most, length)
        return rate

    async def _count_recent_entries(self, since: datetime) -> None:
        recent: list[Alert] = []
        after: str | None = None
        while True:
            page = await self._store.alerts(1000, after)
            fresh = [record for record in page.items if record.alert.received_at > since]
            recent += [record.alert for record in fresh if record.status not in _UNCOUNTED]
            after = page.next
            if after is None or len(fresh) < len(page.items):
                break
        for alert in reversed(recent):
            for rate in self._rates(alert):
                rate.add(alert.received_at)


class _Rate:
    """The times of the newest entries of one sender; no more than `most` within `length`."""

    __slots__ = ("_length", "_most", "_times")

    def __init__(self, most: int, length: timedelta) -> None:
        self._most = most
        self._length = length
        self._times: deque[datetime] = deque()

    def has_room(self, at: datetime) -> bool:
        while self._times and at - self._times[0] >= self._length:
            self._times.popleft()
        return len(self._times) < self._most

    def add(self, at: datetime) -> None:
        self._times.append(at)

    def undo(self, at: datetime) -> None:
        with suppress(ValueError):  # the write took longer than `length`
            self._times.remove(at)
