"""One desk per data directory: a lock held for life, taken before anything else is touched."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

EXIT_LOCKED = 75


class Locked(Exception):
    """Somebody else is at it."""


def only_desk(data_dir: Path) -> AbstractContextManager[None]:
    """Hold the directory, which is made where it is not there. Raises Locked at once while a desk runs on it."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return held(data_dir / "lock", f"another desk runs on {data_dir}")


@contextmanager
def held(path: Path, otherwise: str) -> Iterator[None]:
    """Hold a lock file, our process id in it. Raises Locked saying `otherwise`. The kernel frees it however we end."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Locked(otherwise) from error
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(handle)
