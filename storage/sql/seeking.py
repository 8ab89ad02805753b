"""What people look for in the history, as conditions of a query."""

from __future__ import annotations

from core.values.pages import Sought
from storage.sql.columns import Row, time_text

_PAPER = {"orders": "paper", "fills": "coalesce((SELECT paper FROM orders WHERE orders.id = fills.order_id), 1)"}
"""Whether a row is of a paper account. A fill that no order of ours made counts as one."""


def terms(table: str, sought: Sought) -> tuple[str, Row]:
    """` AND ...` and what it binds. table: orders or fills, our own words; values are always bound."""
    found: list[tuple[str, str, str | int]] = []
    if sought.start is not None:
        found.append(("at >= :start", "start", time_text(sought.start)))
    if sought.end is not None:
        found.append(("at < :end", "end", time_text(sought.end)))
    for name in ("account", "ticker", "side"):
        value = getattr(sought, name)
        if value:
            found.append((f"{name} = :{name} COLLATE NOCASE", name, str(value)))
    if sought.paper is not None:
        found.append((f"{_PAPER[table]} = :paper", "paper", int(sought.paper)))
    return "".join(f" AND {term}" for term, _, _ in found), {name: value for _, name, value in found}
