"""A journal in memory, for simulations and tests: no disk, no thread, nothing to wait for. It ends with its process.

store    the port: accepts and saves; reader: every question
changes  what may be saved, as moves of rows
tables   the rows, and how a save that fails is undone
"""

from __future__ import annotations

from storage.memory.store import MemoryStore
from storage.memory.tables import Tables

__all__ = ["MemoryStore", "Tables"]
