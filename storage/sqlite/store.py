"""The journal of one desk in one SQLite file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from core.values.ids import DeskId
from storage.sql.audit import first_misfit
from storage.sql.store import SqlStore
from storage.sql.writer import Writer
from storage.sqlite.connection import Connection, connect_reader


class SqliteStore(SqlStore):
    """Made by `storage.sqlite.open_store`."""

    def __init__(self, path: Path, desk_id: DeskId, reader: Connection, writer: Writer) -> None:
        super().__init__(desk_id, reader, writer)
        self._path = path

    async def verify_audit(self) -> int | None:
        """On a connection of its own: it reads everything, and others need not wait for that."""
        db = Connection(partial(connect_reader, self._path))
        await db
        try:
            return await db.run(first_misfit)
        finally:
            await db.close()
