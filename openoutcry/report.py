"""The start-up report card: what recovery found, which limits are off, what to be careful of."""

from __future__ import annotations

import sqlite3

from core.services.desk import Desk
from core.services.reconciler import Report
from core.values.ids import NoticeId, derive_id
from core.values.notices import Line, Notice, NoticeKind
from openoutcry.settings import Settings

SQLITE_SOUND = (3, 51, 3)
"""Older versions can damage a WAL database that several connections write at once; the desk has one writer."""


def started(desk: Desk, report: Report, waiting: int, settings: Settings) -> Notice:
    """One notice a start, for every surface."""
    now = desk.clock.now()
    lines = [
        Line("report.settled", {"orders": str(sum(report.orders.values())), "waiting": str(waiting)}),
        Line("report.positions", {"positions": str(report.positions), "mismatches": str(report.mismatches)}),
    ]
    if desk.safety.halt is not None:
        lines.append(Line("report.halted", {"by": desk.safety.halt.by, "reason": desk.safety.halt.reason}))
    off = settings.risk.off()
    if off:
        lines.append(Line("report.limits_off", {"limits": ", ".join(off)}))
    if sqlite3.sqlite_version_info < SQLITE_SOUND:
        lines.append(Line("report.old_sqlite", {"version": sqlite3.sqlite_version}))
    accounts = ", ".join(f"{a.mode.value.upper()} {a.name}" for a in desk.directory.accounts)
    return Notice(
        id=NoticeId(derive_id(desk.desk_id, "notice", "started", now.isoformat(), str(settings.server.port))),
        at=now,
        kind=NoticeKind.INFO,
        key="report.started",
        params={"accounts": accounts or "-", "state": desk.safety.state(*desk.venues).value},
        lines=tuple(lines),
    )
