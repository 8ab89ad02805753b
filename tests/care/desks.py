"""Journals with something in them, made by a real store; command lines, in this process or one of their own."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from core.clock import ManualClock
from core.values.changes import Audited, FlagSet
from core.values.ids import OWNER
from openoutcry.cli import run
from storage.sqlite import open_store
from tests.contracts.samples import NOON
from tests.process import PROGRAM, environment

ROWS = 3


async def make_journal(data_dir: Path, rows: int = ROWS) -> int:
    """A desk's journal with an audit trail of `rows`; its desk id."""
    store = await open_store(data_dir / "desk.sqlite3", ManualClock(NOON))
    for number in range(rows):
        await store.save(Audited(NOON, OWNER, "cli", "tested", str(number), {}), FlagSet("kept", str(number)))
    await store.close()
    return int(store.desk_id)


def ask(journal: Path, sql: str) -> object:
    """The first column of the first row."""
    with closing(sqlite3.connect(journal)) as db:
        return db.execute(sql).fetchone()[0]


def break_audit(journal: Path, row: int) -> None:
    """As somebody would who may write the file and wants a row otherwise."""
    with closing(sqlite3.connect(journal)) as db, db:
        db.execute("DROP TRIGGER audit_is_not_changed")
        db.execute("UPDATE audit SET action = 'forged' WHERE seq = ?", (row,))


class Said(NamedTuple):
    """How a command line ended, and what it said."""

    code: int
    out: str
    err: str


def command(capsys: pytest.CaptureFixture[str], *arguments: object) -> Said:
    """One command line, in this very process: the same as the program from its arguments on."""
    capsys.readouterr()
    code = run([str(argument) for argument in arguments])
    return Said(code, *capsys.readouterr())


def prepared(folder: Path, text: str) -> tuple[Path, Path]:
    """An answers file for the set-up, and where the settings are to be."""
    answers = folder / "answers.toml"
    answers.write_text(f'data_dir = "{folder / "data"}"\n{text}', encoding="utf-8")
    return answers, folder / "desk" / "settings.toml"


async def run_setup(*arguments: object) -> tuple[int, str]:
    """In a process of its own, while servers of this loop answer it: its exit code and all that it said."""
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, "setup", *map(str, arguments),
        env=environment(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()
