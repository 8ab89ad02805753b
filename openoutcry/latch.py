"""The kill switch on disk: a small file beside the database, readable and writable without it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from core.values.accounts import Halt
from kit.files import sync


class FileLatch:
    """Set while `data_dir/HALTED` exists."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "HALTED"

    def read(self) -> Halt | None:
        """The halt in force; a file that cannot be read halts too."""
        try:
            said = json.loads(self._path.read_text(encoding="utf-8"))
            return Halt(datetime.fromisoformat(said["at"]), str(said["by"]), str(said["reason"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return Halt(datetime.fromtimestamp(0, UTC), "unknown", "the latch cannot be read")

    def set(self, halt: Halt) -> None:
        """Write it through to the disk; an earlier halt stays."""
        if not self._path.exists():
            self.put(text_of(halt))

    def put(self, text: str) -> None:
        """As `text_of` has it, whatever was there."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        sync(self._path.parent)

    def clear(self) -> None:
        """Take it away."""
        self._path.unlink(missing_ok=True)
        if self._path.parent.is_dir():
            sync(self._path.parent)


def text_of(halt: Halt | None) -> str:
    """Empty: none."""
    return "" if halt is None else json.dumps({"at": halt.at.isoformat(), "by": halt.by, "reason": halt.reason})


class SharedLatch:
    """Holds a latch's file and what the journal's database says of a halt together: what changed last, counts. At
    first nobody knows what that was; halted then is who says so."""

    def __init__(self, file: FileLatch) -> None:
        self._file = file
        self._agreed = ""

    def changed(self) -> bool:
        """Whether the file says another thing than was agreed on."""
        return text_of(self._file.read()) != self._agreed

    def agree(self, told: str, tell: Callable[[str], None]) -> None:
        """told: what the database says, as `text_of`. tell: changes that. Raises what `tell` does, and OSError."""
        here = text_of(self._file.read())
        if here == told:
            pass
        elif here != self._agreed:
            tell(here)
            told = here
        elif told:
            self._file.put(told)
        else:
            self._file.clear()
        self._agreed = told
