"""The journal of one desk in one SQLite file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from core.ports import Clock
from core.values.alerts import Alert, AlertStatus, Receipt
from core.values.changes import Change
from core.values.ids import AlertId, DeskId
from kit.timing import Seconds
from storage.sqlite.alert_rows import encode_alert
from storage.sqlite.audit import first_misfit
from storage.sqlite.changes import forget_keys, steps
from storage.sqlite.commit import WaitingAlert
from storage.sqlite.connection import Connection, connect_reader
from storage.sqlite.reader import Reader
from storage.sqlite.writer import Writer


class SqliteStore(Reader):
    """Implements `core.ports.Store`; made by `storage.sqlite.open_store`."""

    def __init__(self, path: Path, clock: Clock, desk_id: DeskId, reader: Connection, writer: Writer) -> None:
        super().__init__(reader)
        self.desk_id = desk_id
        self._path = path
        self._clock = clock
        self._writer = writer
        self._closed = False

    @property
    def commits(self) -> Seconds:
        """How long each transaction took, its fsync included."""
        return self._writer.commits

    async def close(self) -> None:
        """The readers go first: while one is open, the log cannot be emptied."""
        if self._closed:
            return
        self._closed = True
        await super().close()
        await self._writer.close()

    async def accept_alert(
        self, alert: Alert, alert_id: AlertId, key: str, status: AlertStatus = AlertStatus.ACCEPTED
    ) -> Receipt:
        row = encode_alert(alert, alert_id, key, status)
        first = await self._writer.accept(WaitingAlert(row, alert_id, key))
        return Receipt(alert_id, status) if first is None else Receipt(first, AlertStatus.DUPLICATE)

    def listen(self, listener: Callable[[Sequence[Change]], None]) -> None:
        self._writer.listen(listener)

    async def save(self, *changes: Change) -> None:
        if changes:
            await self._writer.save(steps(changes), changes)

    async def forget_keys(self, before: datetime) -> None:
        await self._writer.save([forget_keys(before)])

    async def verify_audit(self) -> int | None:
        """On a connection of its own: it reads everything, and others need not wait for that."""
        db = Connection(partial(connect_reader, self._path))
        await db
        try:
            return await db.run(first_misfit)
        finally:
            await db.close()
