"""Migrations: files NNNN_name.sql, each run once and in order."""

from __future__ import annotations

from importlib.resources.abc import Traversable
from typing import NamedTuple


class Migration(NamedTuple):
    number: int
    sql: str


def scripts(folder: Traversable) -> list[Migration]:
    """Those of a folder, in order."""
    found = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    return sorted(Migration(int(script.name[:4]), script.read_text(encoding="utf-8")) for script in found)
