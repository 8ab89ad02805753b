"""How long to wait before the next try."""

from __future__ import annotations

from zlib import crc32

LONGEST_S = 60.0


def backoff_s(attempt: int, key: str, longest_s: float = LONGEST_S) -> float:
    """1, 2, 4, 8 ... seconds after the first, second ... failure, and up to a quarter more, drawn from `key`: those
    that failed together do not come back together, and a replay waits as long as the first time."""
    scatter = crc32(f"{key}:{attempt}".encode()) / 2**32
    return float(min(longest_s, 2.0 ** min(attempt - 1, 30) * (1 + scatter / 4)))
