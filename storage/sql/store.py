"""The journal of one desk in a database that speaks SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from core.values.alerts import Alert, AlertStatus, Receipt
from core.values.changes import Change
from core.values.ids import AlertId, DeskId
from kit.timing import Seconds
from storage.sql.alert_rows import encode_alert
from storage.sql.changes import forget_keys, steps
from storage.sql.reader import Reader
from storage.sql.session import Connection, WaitingAlert
from storage.sql.writer import Writer


class SqlInbox(Reader):
    """Takes alerts in and reads. Implements `core.ports.Inbox`."""

    def __init__(self, desk_id: DeskId, reader: Connection, writer: Writer) -> None:
        super().__init__(reader)
        self.desk_id = desk_id
        self._writer = writer
        self._closed = False

    @property
    def commits(self) -> Seconds:
        """How long each transaction took, its fsync included."""
        return self._writer.commits

    async def close(self) -> None:
        """The readers go first: while one is open, SQLite's log cannot be emptied."""
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


class SqlStore(SqlInbox):
    """Implements `core.ports.Store`; made by `open_store` of a database's room."""

    def listen(self, listener: Callable[[Sequence[Change]], None]) -> None:
        self._writer.listen(listener)

    async def save(self, *changes: Change) -> None:
        if changes:
            await self._writer.save(steps(changes), changes)

    async def forget_keys(self, before: datetime) -> None:
        await self._writer.save([forget_keys(before)])
