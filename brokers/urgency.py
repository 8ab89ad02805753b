"""How urgent a call to a venue is: whose turn comes first where its rates leave few."""

from __future__ import annotations

from collections.abc import Mapping

from core.values.orders import Purpose

EXITS, POLLING, ENTRIES, TRAPS = range(4)
"""Exits, cancels and protection first."""
URGENCY: Mapping[Purpose, int] = {
    Purpose.EXIT: EXITS,
    Purpose.HEDGE: EXITS,
    Purpose.ENTRY: ENTRIES,
    Purpose.WORKING: ENTRIES,
    Purpose.TRAP: TRAPS,
}
