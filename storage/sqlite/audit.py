"""The hash chain of the audit trail.

Each row's hash is SHA-256 over the hash before it, the row's number and the canonical JSON of its columns. `desk` keeps
number and hash of the newest row, so that a cut tail shows as well.
"""

from __future__ import annotations

import hashlib
import sqlite3

from storage.sqlite.columns import encode

COLUMNS = "at, actor, surface, action, about, data, owner"


def chain_hash(previous: str, number: int, *columns: str) -> str:
    """columns: those of COLUMNS. Called by SQLite inside the statement that appends."""
    return hashlib.sha256(f"{previous}\n{number}\n{encode(columns)}".encode()).hexdigest()


def first_misfit(db: sqlite3.Connection) -> int | None:
    """The number of the first row that is changed, missing or too much; None when the chain holds."""
    db.execute("BEGIN")  # head and rows of one moment
    try:
        (head, head_hash) = db.execute("SELECT audit_head, audit_hash FROM desk").fetchone()
        number, previous = 0, ""
        for seq, stored, *columns in db.execute(f"SELECT seq, hash, {COLUMNS} FROM audit ORDER BY seq"):  # noqa: S608 - our own column names
            number += 1
            if seq != number or number > head or stored != chain_hash(previous, number, *columns):
                return number
            previous = stored
    finally:
        db.execute("ROLLBACK")
    if number < head:
        return number + 1
    return None if previous == head_hash else number
