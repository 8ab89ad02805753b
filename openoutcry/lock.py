"""One desk per data directory: a lock held for life, taken before anything else is touched."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EXIT_LOCKED = 75


class Locked(Exception):
    """Another desk runs on this directory."""


@contextmanager
def only_desk(data_dir: Path) -> Iterator[None]:
    """Hold the directory. Raises Locked at once when somebody else does. The kernel frees it however we end."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Locked(f"another desk runs on {data_dir}") from error
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(handle)
