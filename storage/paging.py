"""What `Store` promises of a page, whatever it is kept in."""

from __future__ import annotations

LIMIT_MAX = 1000
SEQ_MAX = 2**63 - 1


def check_limit(limit: int) -> None:
    if not 1 <= limit <= LIMIT_MAX:
        raise ValueError(f"limit must be 1..{LIMIT_MAX}")


def before(after: str | None) -> int:
    """The number that a page's `next` names; without one, beyond every row. Raises ValueError for any other text."""
    if after is None:
        return SEQ_MAX
    if not (after.isascii() and after.isdecimal() and len(after) < len(str(SEQ_MAX))):
        raise ValueError("after is not the `next` of a page")
    return int(after)
