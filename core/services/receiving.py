"""Taking alerts in for a desk that another process owns: on disk before the yes, judged by the owner (`adoption`)."""

from __future__ import annotations

from typing import Protocol

from core.ports import Clock, Inbox
from core.services.resends import Resends, digest_of
from core.values.alerts import Alert, AlertRecord, AlertStatus, Receipt
from core.values.ids import alert_id_of


class Taker(Protocol):
    """Who takes alerts in at the doors: the owner's `Intake`, or `Receiving`."""

    async def accept(self, alert: Alert, share: str = "") -> Receipt:
        """On disk when this returns. Raises Transient or Broken when it could not be written; nothing is then kept.

        share: the account, where one alert is taken for several and this is not the first of them: an alert of its own.
        """

    async def first(self, receipt: Receipt) -> AlertRecord | None:
        """What a duplicate is a duplicate of."""


class Receiving:
    """Implements `Taker`. Late, ignored and throttled ones are answered as accepted: one process judges for all."""

    def __init__(self, inbox: Inbox, clock: Clock, resend_window_s: float) -> None:
        self._inbox = inbox
        self._clock = clock
        self._resends = Resends(resend_window_s)

    async def start(self) -> None:
        await self._resends.load(self._inbox, self._clock.now())

    async def accept(self, alert: Alert, share: str = "") -> Receipt:
        now, digest = self._clock.now(), digest_of(alert, share)
        key = self._resends.key(alert, digest, now)
        alert_id = alert_id_of(self._inbox.desk_id, now, digest)
        receipt = await self._inbox.accept_alert(alert, alert_id, key, AlertStatus.RECEIVED)
        if receipt.status is AlertStatus.RECEIVED:
            return Receipt(receipt.alert_id, AlertStatus.ACCEPTED)
        return receipt

    async def first(self, receipt: Receipt) -> AlertRecord | None:
        return await self._inbox.alert(receipt.alert_id)
