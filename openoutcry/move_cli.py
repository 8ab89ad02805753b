"""`openoutcry move`: the desk's journal goes from SQLite into PostgreSQL."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from core.clock import SystemClock
from core.values.errors import Broken
from openoutcry.journal import JOURNAL, extra
from openoutcry.lock import only_desk
from openoutcry.postgres_url import is_postgres
from openoutcry.settings import SettingsError, load_settings
from storage.sqlite import open_store

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it


def add_commands(commands: Commands) -> None:
    move = commands.add_parser("move", help="carry the journal into PostgreSQL, while no desk runs")
    move.add_argument("--to", metavar="URL", required=True, help="postgresql://user:password@host/database, empty")
    move.add_argument("--settings", type=Path, metavar="FILE", required=True)
    move.set_defaults(command=_move)


def _move(options: argparse.Namespace) -> int:
    settings = load_settings(options.settings)
    data_dir = settings.desk.data_dir
    if not is_postgres(options.to):
        raise SettingsError("--to: must be postgresql://user:password@host/database")
    if settings.desk.database_url:
        raise SettingsError("desk.database_url: the journal is in PostgreSQL already")
    with only_desk(data_dir):
        if not (data_dir / JOURNAL).exists():
            raise Broken(f"{data_dir / JOURNAL}: there is no journal yet")
        counts = asyncio.run(_moved(data_dir / JOURNAL, options.to))
    print(f"carried over and verified: {sum(counts.values())} rows, {counts['orders']} of them orders")
    print(f"now set desk.database_url to that address; {data_dir / JOURNAL} stays as it is, and is used no more")
    return 0


async def _moved(journal: Path, address: str) -> Mapping[str, int]:
    """Opened once before: it is brought to the newest schema, and its log emptied."""
    await (await open_store(journal, SystemClock())).close()
    with extra():
        from storage.moving import move  # noqa: PLC0415 - the extra `postgres`
    return await move(journal, address)
