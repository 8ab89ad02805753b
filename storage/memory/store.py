"""The journal of one desk in this process's memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime

from core.values.alerts import Alert, AlertRecord, AlertStatus, Receipt, Source
from core.values.changes import Change
from core.values.errors import Transient
from core.values.ids import AlertId
from kit.timing import Seconds
from storage.memory.changes import apply
from storage.memory.reader import Reader
from storage.memory.tables import Tables


class MemoryStore(Reader):
    """Implements `core.ports.Store`, and never lets the event loop turn: a save is done when it is called.

    What a listener raises is its saver's. Text is kept as it is, also what no file could hold; of alerts it is refused.
    """

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables)
        self.desk_id = tables.desk_id
        self.commits = Seconds()
        self._listeners: list[Callable[[Sequence[Change]], None]] = []
        self._closed = False

    async def close(self) -> None:
        self._closed = True

    def listen(self, listener: Callable[[Sequence[Change]], None]) -> None:
        self._listeners.append(listener)

    async def accept_alert(
        self, alert: Alert, alert_id: AlertId, key: str, status: AlertStatus = AlertStatus.ACCEPTED
    ) -> Receipt:
        self._check_open()
        texts = [value for f in fields(alert) if isinstance(value := getattr(alert, f.name), str)]
        "".join([alert_id, key, *texts]).encode()  # a lone surrogate is a ValueError
        tables = self._tables
        known = tables.keys.get(key, alert_id)
        if known in tables.alerts:
            return Receipt(known, AlertStatus.DUPLICATE)
        done = status not in {AlertStatus.ACCEPTED, AlertStatus.RECEIVED} or alert.source is Source.HUB
        tables.alerts[alert_id] = AlertRecord(alert_id, alert, status, done)
        tables.keys[key] = alert_id
        self._tell(())
        return Receipt(alert_id, status)

    async def save(self, *changes: Change) -> None:
        if changes:
            self._check_open()
            apply(self._tables, changes)
            self._tell(changes)

    async def forget_keys(self, before: datetime) -> None:
        alerts, keys = self._tables.alerts, self._tables.keys
        for key in [key for key, alert_id in keys.items() if alerts[alert_id].alert.received_at < before]:
            del keys[key]

    def _tell(self, changes: Sequence[Change]) -> None:
        for listener in self._listeners:
            listener(changes)

    def _check_open(self) -> None:
        if self._closed:
            raise Transient("the journal is closed")
