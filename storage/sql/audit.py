"""The hash chain of the audit trail.

Each row's hash is SHA-256 over the hash before it, the row's number and the canonical JSON of its columns. `desk` keeps
number and hash of the newest row, so that a cut tail shows as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from storage.paging import SEQ_MAX
from storage.sql.columns import Stored, encode
from storage.sql.session import Session

COLUMNS = ("at", "actor", "surface", "action", "about", "data", "owner")
_PAGE = 1000


def said(columns: Sequence[object]) -> str:
    """What a row says. columns: the values of COLUMNS."""
    return encode(columns)


def chain_hash(previous: str, number: int, row: str) -> str:
    """row: as `said` has it. Called by the database inside the statement that appends."""
    return hashlib.sha256(f"{previous}\n{number}\n{row}".encode()).hexdigest()


def first_misfit(db: Session) -> int | None:
    """The number of the first row that is changed, missing or too much; None when the chain holds."""
    with db.moment():  # head and rows of one moment
        desk = db.execute("SELECT audit_head, audit_hash FROM desk").fetchone()
        head: int = desk["audit_head"]
        number, previous = 0, ""
        for row in _rows(db):
            number += 1
            fits = chain_hash(previous, number, said([row[name] for name in COLUMNS]))
            if row["seq"] != number or number > head or row["hash"] != fits:
                return number
            previous = row["hash"]
    if number < head:
        return number + 1
    return None if previous == desk["audit_hash"] else number


def _rows(db: Session) -> Iterator[Stored]:
    """By the page: a trail of years fits no memory."""
    seen = -SEQ_MAX
    while rows := list(
        db.execute("SELECT * FROM audit WHERE seq > :seen ORDER BY seq LIMIT :limit", {"seen": seen, "limit": _PAGE})
    ):
        yield from rows
        seen = rows[-1]["seq"]
