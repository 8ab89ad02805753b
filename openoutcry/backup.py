"""Backups: the journal and the vault's key in one sealed file, which is opened again before it counts as made.

Candles are not in it (they can be collected anew), nor settings and secrets (they are files of people's own, and a
restore begins with them). Why: docs/decisions/0028-care.md.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, cast

from core.values.errors import Broken
from kit.files import sync
from openoutcry import __version__
from openoutcry.backups import name_of
from openoutcry.journal import JOURNAL
from openoutcry.lock import held
from storage.sealed import Opener, Sealer
from storage.sqlite.copies import JournalFacts, copy_journal, examine
from storage.vault import BACKUP, KeyFile, key_file

VAULT_KEY, MANIFEST = "vault.key", "manifest.json"


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was opened and found whole."""

    path: Path
    at: datetime
    facts: JournalFacts


def make(data_dir: Path, target: Path, now: datetime) -> Made:
    """Back up the desk of `data_dir`, which may be running, into `target`: a folder, or the file's own name.

    Raises Broken or Transient for a journal that cannot be read, OSError for a disk that cannot be written, Locked
    while another backup is being made.
    """
    with held(data_dir / "backup.lock", f"another backup of {data_dir} is being made"), _scratch(data_dir) as scratch:
        copy = scratch / JOURNAL
        copy_journal(data_dir / JOURNAL, copy)
        facts = examine(copy)
        path = _name(target, facts.desk, now)
        keys = key_file(data_dir, BACKUP)
        with _whole_or_not_at_all(path) as part:
            _pack(part, copy, key_file(data_dir).path, keys.read()[0], {"at": now.isoformat(), **asdict(facts)})
            read_through(part, keys.read())
        return Made(path, now, facts)


@contextmanager
def _scratch(data_dir: Path) -> Iterator[Path]:
    """A folder for the copy, on the journal's own disk. Those of makers that were killed go first."""
    for stale in data_dir.glob(".backup-*"):
        shutil.rmtree(stale, ignore_errors=True)
    with TemporaryDirectory(prefix=".backup-", dir=data_dir) as scratch:
        yield Path(scratch)


def _name(target: Path, desk: str, now: datetime) -> Path:
    """Raises Broken where a file of this name stands already."""
    path = target / name_of(desk, now) if target.is_dir() else target
    if path.exists():
        raise Broken(f"{path} exists already")
    return path


@contextmanager
def _whole_or_not_at_all(path: Path) -> Iterator[Path]:
    """A file to write under another name; it gets its own, on disk, when all went well."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        yield part
        part.replace(path)
        sync(path.parent)
    finally:
        part.unlink(missing_ok=True)


def _pack(part: Path, copy: Path, vault_key: Path, key: bytes, said: Mapping[str, object]) -> None:
    files = {JOURNAL: copy, VAULT_KEY: vault_key} if vault_key.exists() else {JOURNAL: copy}
    manifest = {**said, "version": __version__, "files": {name: _digest(path) for name, path in files.items()}}
    with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        sealer = Sealer(file, key)
        with tarfile.open(mode="w|gz", fileobj=cast("IO[bytes]", sealer)) as tar:
            text = json.dumps(manifest).encode()
            entry = tarfile.TarInfo(MANIFEST)
            entry.size = len(text)
            tar.addfile(entry, BytesIO(text))
            for name, path in files.items():
                tar.add(path, name)
        sealer.close()
        file.flush()
        os.fsync(file.fileno())


def read_through(path: Path, keys: Sequence[bytes], into: Path | None = None) -> Mapping[str, object]:
    """Open a backup and compare all of it with its list of contents, which is returned; its files go to `into`.

    Raises Broken for a backup that is damaged, cut off, or not for these keys; OSError where it cannot be read.
    """
    manifest: dict[str, object] = {}
    found: dict[str, str] = {}
    try:
        with path.open("rb") as file, tarfile.open(mode="r|gz", fileobj=cast("IO[bytes]", Opener(file, keys))) as tar:
            for entry in tar:
                content = tar.extractfile(entry)
                if content is None or entry.name not in {MANIFEST, JOURNAL, VAULT_KEY}:
                    raise Broken(f"{path}: {entry.name} has no business in a backup")
                if entry.name == MANIFEST:
                    manifest = json.loads(content.read())
                else:
                    found[entry.name] = _take(content, into / entry.name if into else None)
    except (tarfile.TarError, zlib.error, EOFError, ValueError) as error:
        raise Broken(f"{path} cannot be read: {error}") from error
    if JOURNAL not in found or manifest.get("files") != found:
        raise Broken(f"{path} does not hold what it says")
    return manifest


def _take(content: IO[bytes], to: Path | None) -> str:
    """Its SHA-256, and the file where one is wanted."""
    handle = os.open(to or os.devnull, os.O_CREAT | os.O_WRONLY, 0o600)
    digest = hashlib.sha256()
    with os.fdopen(handle, "wb") as file:
        while piece := content.read(1 << 20):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keys_at(data_dir: Path, given: Path | None) -> KeyFile:
    """The key of backups: the file that was named, else this desk's own. Raises Broken where there is none."""
    keys = key_file(data_dir, BACKUP) if given is None else KeyFile(given)
    if not keys.path.exists():
        raise Broken(f"{keys.path}: the backups' key is not here; bring it from where it was kept, or name it by --key")
    return keys
