"""Who owns the desk: one row, its epoch counted up by every owner that follows another.

The owner counts the row's beat up each RENEW_S. Whoever looks LOOKS times, LOOK_S apart, and finds the same beat takes
the row by compare-and-set; nobody's wall clock is asked. A write of an owner holds the row's key (FOR KEY SHARE), which
a beat does not touch and a new epoch does: so an epoch changes between two transactions of the old owner, never within
one, and those that come later are refused (`Session.fenced`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar

import psycopg

from core.ports import Clock
from core.values.errors import Transient
from storage.postgres.connection import connect, translated
from storage.postgres.migrations import prepare
from storage.postgres.session import Plain, Session

T = TypeVar("T")
TERM_S = 6.0
"""How long an owner may be silent, by the clock of whoever watches it."""
MARGIN_S = 1.0
"""So much sooner, by its own clock, it must have ended."""
RENEW_S = 1.0
LOOK_S = 0.5
LOOKS = 1 + int(TERM_S / LOOK_S)
# Of those who wait for a row, none may hang: the next try comes soon.
_MANNERS = {"connect_timeout": 2, "tcp_user_timeout": 3000, "keepalives_idle": 1, "keepalives_interval": 1}
_SELECT = "SELECT epoch, beat, owner, schema, halt FROM journal"


class Seen(NamedTuple):
    """owner: its process and where that answers; empty = nobody. halt: the desk's, as JSON; empty = none."""

    epoch: int
    beat: int
    owner: str
    schema: int
    halt: str


class Vigil:
    """When the row may be taken. Looks are counted, no times compared: one who was frozen counts too few."""

    def __init__(self) -> None:
        self._seen: Seen | None = None
        self._looks = 0

    def over(self, seen: Seen) -> bool:
        """Whether nobody owns the desk, as far as can be told. Called once a look, LOOK_S apart."""
        same = self._seen is not None and (seen.epoch, seen.beat) == (self._seen.epoch, self._seen.beat)
        self._seen, self._looks = seen, self._looks + 1 if same else 1
        return not seen.owner or self._looks >= LOOKS

    def lost_sight(self) -> None:
        """The database was away, for the owner, too: it gets all of its time again."""
        self._seen = None


class Lease:
    """One process's hand on the row, over a connection of its own, for one thread at a time.

    label: what others are told of who owns. name: of this process at the database, so that its connections are found.
    Every method raises Transient where the database cannot be asked.
    """

    def __init__(self, address: str, label: str = "") -> None:
        self.name = f"openoutcry {secrets.token_hex(4)}"
        self.epoch = 0
        self._owner = f"{self.name} {label}".rstrip()
        self._address = address
        self._plain: Plain | None = None

    def look(self) -> Seen:
        """What the row says; it is made where the database is new. Raises Broken for one that is not a desk's."""
        try:
            found = self._ask(_SELECT)
        except psycopg.errors.UndefinedTable:
            prepare(Session(self._connected()))
            found = self._ask(_SELECT)
        return Seen(**found[0])

    def take(self, seen: Seen) -> bool:
        """Own the desk from now on; False where somebody gave a sign since it was `seen`.

        The old owner may be frozen in a transaction, which would hold the row for ever: its connections are ended.
        """
        if seen.owner:
            old = {"old": " ".join(seen.owner.split()[:2])}
            self._ask(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND usename = current_user AND application_name = %(old)s "
                "AND pid <> pg_backend_pid()",
                old,
            )
        taken = self._ask(
            "UPDATE journal SET epoch = epoch + 1, beat = beat + 1, owner = %(owner)s "
            "WHERE epoch = %(epoch)s AND beat = %(beat)s RETURNING epoch",
            {"owner": self._owner, "epoch": seen.epoch, "beat": seen.beat},
        )
        if taken:
            self.epoch = taken[0]["epoch"]
        return bool(taken)

    def renew(self) -> str | None:
        """Give a sign; what the row says of a halt. None where another owns the desk now.

        By libpq's own call: psycopg's takes the interpreter's lock some dozen times, which lasts seconds on a machine
        that is busy beyond measure, and the lease would be lost for it.
        """
        # A sign need not outlive a crash of the server: it does not wait for the disk.
        sql = (
            b"UPDATE journal SET beat = beat + 1 WHERE epoch = %d "
            b"RETURNING halt, set_config('synchronous_commit', 'off', true)" % self.epoch
        )
        return self._retried(partial(_signed, sql=sql))

    def halt(self, halt: str) -> None:
        """Let whoever owns the desk, now and later, know of a halt, or of its end."""
        self._ask("UPDATE journal SET halt = %(halt)s RETURNING epoch", {"halt": halt})

    def release(self) -> None:
        """Let go: the next may begin at once. Nothing where it is not ours any more."""
        self._ask("UPDATE journal SET owner = '' WHERE epoch = %(epoch)s RETURNING epoch", {"epoch": self.epoch})

    def close(self) -> None:
        if self._plain is not None:
            self._plain.close()

    def _connected(self) -> Plain:
        if self._plain is None or self._plain.closed:
            self._plain = connect(self._address, self.name, **_MANNERS)
            self._plain.execute("SET statement_timeout = '3s'")
        return self._plain

    def _ask(self, sql: str, values: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
        return self._retried(lambda plain: plain.execute(sql, values).fetchall())

    def _retried(self, ask: Callable[[Plain], T]) -> T:
        """Once more where an old connection turns out to be dead: all that is asked may be asked twice."""
        old = self._plain
        try:
            try:
                return ask(self._connected())
            except psycopg.OperationalError:
                if old is None or old is not self._plain or not old.closed:
                    raise
            return ask(self._connected())
        except psycopg.errors.UndefinedTable:
            raise
        except psycopg.Error as error:
            raise translated(error) from error


def _signed(plain: Plain, sql: bytes) -> str | None:
    result = plain.pgconn.exec_(sql)
    if result.status != psycopg.pq.ExecStatus.TUPLES_OK:
        raise psycopg.OperationalError(result.error_message.decode(errors="replace"))
    halt = result.get_value(0, 0) if result.ntuples else None
    return None if halt is None else halt.decode()


async def taken(lease: Lease, wire: Clock) -> None:
    """Own the desk as soon as nobody else does. Raises Transient where somebody is at it."""
    vigil, first = Vigil(), await asyncio.to_thread(lease.look)
    seen = first
    while not vigil.over(seen):
        await wire.sleep(LOOK_S)
        seen = await asyncio.to_thread(lease.look)
        if seen.beat != first.beat:
            break
    if seen.beat != first.beat or not await asyncio.to_thread(lease.take, seen):
        raise Transient("another desk uses the journal's database")
