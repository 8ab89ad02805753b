"""The hash chain of the audit trail, made when somebody looks at it: a simulation writes it and nobody does."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from core.values.changes import Audited, AuditRow


class Chain:
    """audited: grows, and loses only what was not looked at: rows of a save that was undone."""

    def __init__(self, audited: Sequence[Audited]) -> None:
        self._audited = audited
        self._rows: list[AuditRow] = []

    def rows(self) -> Sequence[AuditRow]:
        """Each row's hash is over the hash before it, its number and what it says."""
        previous = self._rows[-1].hash if self._rows else ""
        for row in self._audited[len(self._rows) :]:
            number = len(self._rows) + 1
            previous = hashlib.sha256(f"{previous}\n{number}\n{row!r}".encode()).hexdigest()
            self._rows.append(AuditRow(number, row, previous))
        return self._rows
