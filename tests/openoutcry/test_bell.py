"""The bell knows its times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from openoutcry.bell import Bell


async def never() -> None:
    raise AssertionError("an hour has not passed")


async def test_it_rings_next_at_its_time_of_the_day() -> None:
    """In UTC, today or tomorrow, whichever comes first."""
    soon = (datetime.now(UTC) + timedelta(hours=1)).replace(second=0, microsecond=0)
    bell = Bell()
    bell.daily(soon.hour, soon.minute, never)
    async with bell.hung():
        assert bell.next_rings() == [soon]
