"""`openoutcry backup`, `restore`, `drill` and `audit verify`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from core.clock import SystemClock
from core.values.errors import Broken
from openoutcry.settings import Settings, load_settings

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it


def add_commands(commands: Commands) -> None:
    backup = commands.add_parser("backup", help="a sealed copy of the journal, also while the desk runs")
    backup.add_argument("--settings", type=Path, metavar="FILE", required=True)
    backup.add_argument("--to", type=Path, metavar="PATH", help="a folder or a new file; default backup.directory")
    backup.set_defaults(command=_backup)

    back = commands.add_parser("restore", help="bring a desk back from a backup, while none runs")
    back.add_argument("file", type=Path, metavar="FILE")
    back.add_argument("--settings", type=Path, metavar="FILE", required=True)
    back.add_argument("--key", type=Path, metavar="FILE", help="the backups' key; default data_dir/backup.key")
    back.add_argument("--force", action="store_true", help="put the journal that stands there aside")
    back.set_defaults(command=_restore)

    rehearse = commands.add_parser("drill", help="restore the newest backup into a scratch folder, and report")
    rehearse.add_argument("file", type=Path, metavar="FILE", nargs="?", help="another backup than the newest")
    rehearse.add_argument("--settings", type=Path, metavar="FILE", required=True)
    rehearse.add_argument("--key", type=Path, metavar="FILE")
    rehearse.set_defaults(command=_drill)

    audit = commands.add_parser("audit", help="the audit trail").add_subparsers(required=True, metavar="WHAT")
    verify = audit.add_parser("verify", help="recompute the hash chain, also while the desk runs")
    verify.add_argument("--settings", type=Path, metavar="FILE", required=True)
    verify.set_defaults(command=_audit_verify)


def _backup(options: argparse.Namespace) -> int:
    from openoutcry.backup import make  # noqa: PLC0415 - kill and arm need none of it
    from openoutcry.backups import directory_of, keep_newest  # noqa: PLC0415 - as above
    from openoutcry.journal import its_file  # noqa: PLC0415 - as above
    from storage.vault import BACKUP, key_file  # noqa: PLC0415 - as above

    settings = load_settings(options.settings)
    its_file(settings)
    data_dir, target = settings.desk.data_dir, options.to or directory_of(settings)
    first = not key_file(data_dir, BACKUP).path.exists()
    if options.to is None:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = make(data_dir, target, SystemClock().now())
    if options.to is None:
        keep_newest(target, made.facts.desk, settings.backup.keep, made.at)
    print(made.path)
    facts = made.facts
    print(f"opened and whole: schema {facts.schema}, {facts.orders} orders, {facts.audit_rows} rows of the audit trail")
    if first:
        print(f"Only {data_dir / 'backup.key'} opens it: keep a copy of that elsewhere.", file=sys.stderr)
    if facts.audit_broken_at is not None:
        raise Broken(f"the backup was made, but the audit trail is broken at row {facts.audit_broken_at}")
    return 0


def _restore(options: argparse.Namespace) -> int:
    from openoutcry.backup import keys_at  # noqa: PLC0415 - as above
    from openoutcry.journal import its_file  # noqa: PLC0415 - as above
    from openoutcry.restore import restore  # noqa: PLC0415 - as above

    settings = load_settings(options.settings)
    its_file(settings)
    data_dir = settings.desk.data_dir
    keys = keys_at(data_dir, options.key)
    done = asyncio.run(restore(options.file, data_dir, keys, force=options.force))
    for path in done.aside:
        print(f"put aside: {path}")
    print(f"restored: desk {done.facts.desk} as it was at {done.made_at}, {done.facts.orders} orders")
    print("HALTED: see that the old desk is off, look at the brokers, then `openoutcry arm` or /arm")
    return 0


def _drill(options: argparse.Namespace) -> int:
    from openoutcry.backup import keys_at  # noqa: PLC0415 - as above
    from openoutcry.restore import drill  # noqa: PLC0415 - as above

    settings = load_settings(options.settings)
    backup = options.file or _newest(settings)
    clock = SystemClock()
    began = clock.now()
    try:
        done = asyncio.run(drill(backup, keys_at(settings.desk.data_dir, options.key)))
    except Broken as error:
        _note(settings, backup, str(error))
        raise
    took, facts = (clock.now() - began).total_seconds(), done.facts
    print(f"{backup}: made at {done.made_at}")
    print(f"desk {facts.desk}, schema {facts.schema}, {facts.alerts} alerts, {facts.orders} orders: opens as a desk")
    broken = "" if facts.audit_broken_at is None else f"its audit trail is broken at row {facts.audit_broken_at}"
    _note(settings, backup, broken or "whole")
    if broken:
        raise Broken(broken)
    print(f"its audit trail is whole ({facts.audit_rows} rows); the drill took {took:.1f} s")
    return 0


def _note(settings: Settings, backup: Path, result: str) -> None:
    """In the audit trail of the desk that is at home here; a drill on another machine finds none and notes nothing."""
    from openoutcry.errands import see_to  # noqa: PLC0415 - as above
    from openoutcry.journal import JOURNAL  # noqa: PLC0415 - as above

    if not (settings.desk.data_dir / JOURNAL).exists():
        return
    try:
        see_to(settings, {"do": "drill", "backup": backup.name, "result": result})
    except Broken as error:
        print(f"The drill is not in the audit trail: {error}", file=sys.stderr)


def _audit_verify(options: argparse.Namespace) -> int:
    broken_at = asyncio.run(_misfit(load_settings(options.settings)))
    if broken_at is not None:
        raise Broken(f"the audit trail is broken at row {broken_at}")
    print("the audit trail is whole")
    return 0


async def _misfit(settings: Settings) -> int | None:
    from openoutcry.journal import open_reader  # noqa: PLC0415 - as above

    reader = await open_reader(settings)
    try:
        return await reader.verify_audit()
    finally:
        await reader.close()


def _newest(settings: Settings) -> Path:
    from openoutcry.backups import directory_of, kept  # noqa: PLC0415 - as above

    found = kept(directory_of(settings), SystemClock().now())
    if not found:
        raise Broken(f"{directory_of(settings)}: there is no backup yet")
    return found[-1][1]
