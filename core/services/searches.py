"""What searches have found, kept among the reports."""

from __future__ import annotations

from collections.abc import Mapping

from core.ports import Clock, Store
from core.values.changes import Audited, ReportMade
from core.values.ids import OWNER, AccountName, ReportId, derive_id
from core.values.reports import OPTIMISATION, Report

FIGURES = (
    *("study", "strategy", "symbol", "market", "from", "to", "points", "currency"),
    *("best", "net_profit", "trades", "win_ratio", "drawdown"),
)
"""All of them are told, as they are to be shown."""


async def keep(store: Store, clock: Clock, figures: Mapping[str, str], surface: str) -> None:
    """Once: a search that finds the same again is the same report. Raises KeyError where a figure is missing."""
    found = {name: figures[name] for name in FIGURES}
    report_id = ReportId(derive_id(store.desk_id, "report", OPTIMISATION, *found.values()))
    if await store.report(report_id) is None:
        now = clock.now()
        report = Report(report_id, OPTIMISATION, now, AccountName(""), (), figures=found)
        await store.save(ReportMade(report), Audited(now, OWNER, surface, "search.kept", report_id, found))
