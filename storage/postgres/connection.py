"""Connections to the server: they end, and are made again."""

from __future__ import annotations

import asyncio
import copy
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar, cast

import psycopg
from psycopg.errors import ReadOnlySqlTransaction
from psycopg.rows import dict_row

from core.ports import Clock
from core.values.errors import Broken, DeskError, Transient
from storage.postgres.session import CommitLost, Plain, Session, first_line

log = logging.getLogger(__name__)
T = TypeVar("T")
R = TypeVar("R")

PROGRAM = "openoutcry"
ASK_EVERY_S = 0.5
ASK_FOR_S = 60.0
# A server that is gone without a word is noticed after about 10 s, on both sides: it must let go of our lock.
_MANNERS: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "options": "-c synchronous_commit=on -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 "
    "-c tcp_keepalives_count=3 -c statement_timeout=60s -c idle_in_transaction_session_timeout=30s",
}


class Connection:
    """Implements `storage.sql.session.Connection` over up to `size` connections, each on a thread of its own.

    address: postgresql://... ready: run on every new connection. wire: for waiting. name: what it is called at the
    server. last: done before it is closed in order.
    """

    def __init__(
        self,
        address: str,
        wire: Clock,
        size: int,
        ready: Callable[[Session], None],
        name: str = PROGRAM,
        last: Callable[[], None] = lambda: None,
    ) -> None:
        self._address = address
        self._wire = wire
        self._ready = ready
        self.name = name
        self._last = last
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="journal")
        self._mine = threading.local()
        self._open: set[Session] = set()
        self._refusal: DeskError | None = None

    async def run(self, work: Callable[[Session], R]) -> R:
        """Work is done once more where an old connection turns out to be dead: nothing of it was written then."""
        try:
            return await self._do(work)
        except CommitLost as lost:
            return cast("R", await self._settled(lost))

    async def tidy(self) -> None:
        """PostgreSQL does it by itself."""

    async def finish(self) -> None:
        with suppress(Transient):  # a server that is away finds out by itself
            await asyncio.to_thread(self._last)

    async def close(self) -> None:
        self._refusal = self._refusal or Transient("the journal is closed")
        await asyncio.to_thread(self._threads.shutdown)
        for session in self._open:
            session.plain.close()

    async def _do(self, work: Callable[[Session], R]) -> R:
        if self._refusal is not None:
            raise copy.copy(self._refusal)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._on_thread, work)

    def _on_thread(self, work: Callable[[Session], R]) -> R:
        known: Session | None = getattr(self._mine, "session", None)
        try:
            return work(self._connected()) if known is None else self._tried(known, work)
        except psycopg.Error as error:
            raise translated(error) from error

    def _tried(self, known: Session, work: Callable[[Session], R]) -> R:
        try:
            return work(known)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            if not known.plain.closed:
                raise
        self._open.discard(known)
        return work(self._connected())

    def _connected(self) -> Session:
        plain = connect(self._address, self.name)
        try:
            session = Session(plain)
            self._ready(session)
        except BaseException:
            plain.close()
            raise
        self._mine.session = session
        self._open.add(session)
        return session

    async def _settled(self, lost: CommitLost) -> object:
        """Ask until the database tells. Raises Transient where nothing was written; Broken, then and from now on, where
        it does not tell: only a new start knows what is so."""
        log.warning("the database went away in a commit", extra={"transaction": lost.number})
        for _ in range(int(ASK_FOR_S / ASK_EVERY_S)):
            match await self._fate(lost.number):
                case True:
                    return lost.done
                case False:
                    raise Transient("the journal's database went away") from lost
            await self._wire.sleep(ASK_EVERY_S)
        self._refusal = Broken("whether the journal has its last rows is not known: start the desk anew")
        raise self._refusal from lost

    async def _fate(self, number: str) -> bool | None:
        """Whether a transaction was committed; None while nobody can say."""
        try:
            return await self._do(partial(_committed, number=number))
        except Transient:
            return None


def _committed(db: Session, number: str) -> bool | None:
    try:
        row = db.execute("SELECT pg_xact_status(CAST(:number AS xid8)) AS fate", {"number": number}).fetchone()
    except psycopg.DataError:
        return False  # a number that is yet to come: this server has taken over from the one that had it
    return {"committed": True, "aborted": False}.get(row["fate"] if row else "")


def connect(address: str, name: str = PROGRAM, **manners: object) -> Plain:
    """In autocommit: transactions are only those we begin. manners: others than usual. Raises psycopg.Error."""
    ways = {**_MANNERS, "application_name": name, **manners}
    return psycopg.connect(address, autocommit=True, row_factory=dict_row, **ways)


def translated(error: psycopg.Error) -> DeskError:
    """What a caller should do about an error of PostgreSQL."""
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | ReadOnlySqlTransaction):
        return Transient(f"the journal's database cannot be used now: {first_line(error)}")
    return Broken(f"the journal is broken: {first_line(error)}")
