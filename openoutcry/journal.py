"""Where the desk's journal is: SQLite in the data directory, or the PostgreSQL that `desk.database_url` names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Protocol

from core.ports import Clock, Store
from core.values.errors import Broken
from kit.timing import Seconds
from openoutcry.settings import Settings, SettingsError
from storage import sqlite
from storage.sql.reader import Reader

JOURNAL = "desk.sqlite3"


class JournalStore(Store, Protocol):
    """A store that also tells how long its commits took."""

    @property
    def commits(self) -> Seconds: ...


async def open_journal(settings: Settings, clock: Clock) -> JournalStore:
    """Raises SettingsError where the extra is missing, and what the database's `open_store` raises."""
    address = _address(settings)
    if not address:
        return await sqlite.open_store(settings.desk.data_dir / JOURNAL, clock)
    with extra():
        from storage import postgres  # noqa: PLC0415 - the extra `postgres`
    return await postgres.open_store(address, clock)


async def open_reader(settings: Settings) -> Reader:
    """For a look into the journal, which a desk may be using. Raises as `open_journal`, Broken where there is none."""
    address = _address(settings)
    if not address:
        return await sqlite.open_reader(settings.desk.data_dir / JOURNAL)
    with extra():
        from storage import postgres  # noqa: PLC0415 - the extra `postgres`
    return postgres.open_reader(address)


def tell_halt(settings: Settings, halt: str) -> None:
    """Let the desk know of a halt or its end, whichever process owns it. halt: see `latch.text_of`. Raises as
    `open_journal`. Nothing where the journal is a file: its desk looks at the latch."""
    address = _address(settings)
    if not address:
        return
    with extra():
        from storage.postgres.lease import Lease  # noqa: PLC0415 - the extra `postgres`
    with closing(Lease(address)) as lease:
        lease.look()
        lease.halt(halt)


def its_file(settings: Settings) -> None:
    """Raises Broken where the journal is no file of ours, but a server's."""
    if _address(settings):
        raise Broken("the journal is in PostgreSQL (desk.database_url): back it up with pg_dump, and see docs/scale.md")


def _address(settings: Settings) -> str:
    return settings.desk.database_url.get_secret_value()


@contextmanager
def extra() -> Iterator[None]:
    """Around an import of what the extra `postgres` brings. Raises SettingsError where it is missing."""
    try:
        yield
    except ImportError:
        message = "desk.database_url: install its library first: pip install 'openoutcry[postgres]'"
        raise SettingsError(message) from None
