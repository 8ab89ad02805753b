"""From a backup to a desk again, on this machine or another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from core.clock import SystemClock
from core.ports import Clock
from core.values.accounts import Halt
from core.values.changes import Audited
from core.values.errors import Broken
from core.values.ids import OWNER
from kit.files import sync
from openoutcry.backup import VAULT_KEY, read_through
from openoutcry.journal import JOURNAL
from openoutcry.latch import FileLatch
from openoutcry.lock import only_desk
from storage.sqlite import open_store
from storage.sqlite.copies import JournalFacts, examine
from storage.vault import BACKUP, KeyFile, key_file


@dataclass(frozen=True, slots=True)
class Restored:
    """made_at: of the backup. aside: where what stood here before is now."""

    facts: JournalFacts
    made_at: str
    aside: Sequence[Path]


async def restore(backup: Path, data_dir: Path, keys: KeyFile, *, force: bool) -> Restored:
    """Put the journal and the vault's key of `backup` into `data_dir`, HALTED until a person has looked.

    The desk keeps its id, and so knows its orders at the brokers again. Should the old one run as well, each sees
    orders of the other that its own journal has not, and halts. force: over a journal that stands there, which is put
    aside. Raises Locked while a desk runs there, Broken for a backup or a place that does not do, OSError.
    """
    now = SystemClock().now()
    with only_desk(data_dir):
        if (data_dir / JOURNAL).exists() and not force:
            raise Broken(f"{data_dir / JOURNAL} stands here already: --force puts it aside")
        with TemporaryDirectory(prefix=".restore-", dir=data_dir) as scratch:
            manifest, facts = unpack(backup, keys, Path(scratch))
            made_at = str(manifest["at"])
            FileLatch(data_dir).set(Halt(now, "owner", f"restored from the backup of {made_at}"))
            aside = _put_aside(data_dir, now) + _move_in(Path(scratch), data_dir, now)
        _keep_key(keys, data_dir)
        await _note(data_dir, made_at, SystemClock())
    return Restored(facts, made_at, aside)


def unpack(backup: Path, keys: KeyFile, into: Path) -> tuple[Mapping[str, object], JournalFacts]:
    """A backup's files in a folder of one's own, examined. Raises Broken, OSError."""
    manifest = read_through(backup, keys.read(), into)
    return manifest, examine(into / JOURNAL)


async def drill(backup: Path, keys: KeyFile) -> Restored:
    """Restore into a scratch folder and open it as a start would, migrations included; nothing of it stays."""
    with TemporaryDirectory(prefix="openoutcry-drill-") as scratch:
        manifest, facts = unpack(backup, keys, Path(scratch))
        store = await open_store(Path(scratch) / JOURNAL, SystemClock())
        await store.close()
    return Restored(facts, str(manifest["at"]), ())


def _put_aside(data_dir: Path, now: datetime) -> list[Path]:
    """The journal goes with its log: what was not copied from there into it belongs to it."""
    moved = []
    for name in (JOURNAL, f"{JOURNAL}-wal"):
        old = data_dir / name
        if old.exists():
            moved.append(old.rename(data_dir / name.replace(JOURNAL, _aside(JOURNAL, now))))
    (data_dir / f"{JOURNAL}-shm").unlink(missing_ok=True)
    return moved


def _move_in(scratch: Path, data_dir: Path, now: datetime) -> list[Path]:
    moved = []
    here, there = data_dir / VAULT_KEY, scratch / VAULT_KEY
    if there.exists():
        if here.exists() and here.read_bytes() != there.read_bytes():
            moved.append(here.rename(data_dir / _aside(VAULT_KEY, now)))
        sync(there)
        there.replace(here)
    sync(scratch / JOURNAL)
    sync(data_dir)  # what stood here has its other name before anything takes its place
    (scratch / JOURNAL).replace(data_dir / JOURNAL)
    sync(data_dir)
    return moved


def _aside(name: str, now: datetime) -> str:
    return f"{name}.aside-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _keep_key(keys: KeyFile, data_dir: Path) -> None:
    """A key that was brought along becomes this desk's: the next backups are for it, too."""
    ours = key_file(data_dir, BACKUP)
    if not ours.path.exists():
        ours.keep(keys.read())


async def _note(data_dir: Path, made_at: str, clock: Clock) -> None:
    store = await open_store(data_dir / JOURNAL, clock)
    try:
        said = Audited(clock.now(), OWNER, "cli", "backup.restored", "desk", {"made_at": made_at})
        await store.save(said)
    finally:
        await store.close()
