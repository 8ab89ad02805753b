"""The folder of backups: which ones stand there, by their names. What makes and opens them is in backup.py."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from core.clock import SystemClock
from openoutcry.settings import Settings

_STAMP = "%Y%m%dT%H%M%SZ"


def directory_of(settings: Settings) -> Path:
    return Path(settings.backup.directory) if settings.backup.directory else settings.desk.data_dir / "backups"


def name_of(desk: str, now: datetime) -> str:
    return f"openoutcry-{desk}-{now.astimezone(UTC):{_STAMP}}.backup"


def kept(directory: Path, now: datetime, desk: str = "*") -> list[tuple[datetime, Path]]:
    """The backups that stand in a folder, of one desk or of all, oldest first, with the moments in their names.

    One from the future was made while the clock was wrong, and counts as the oldest: it has no place among the others.
    Raises OSError for a folder that cannot be read.
    """
    found = []
    for path in directory.glob(f"openoutcry-{desk}-*.backup"):
        try:
            at = datetime.strptime(path.stem.rpartition("-")[2], _STAMP).replace(tzinfo=UTC)
        except ValueError:
            continue
        found.append((at, path))
    return sorted(found, key=lambda one: (one[0] <= now, one))


def keep_newest(directory: Path, desk: str, count: int, now: datetime) -> None:
    for _, path in kept(directory, now, desk)[:-count]:
        path.unlink(missing_ok=True)


def way_back(settings: Settings) -> str:
    """What to do about a journal that is damaged."""
    found = kept(directory_of(settings), SystemClock().now())
    if not found:
        return f"{directory_of(settings)} has no backup: bring one from elsewhere, and `openoutcry restore` takes it"
    file = type(settings).toml or "FILE"
    return f"`openoutcry restore {found[-1][1]} --settings {file} --force` takes the newest backup and keeps it aside"
