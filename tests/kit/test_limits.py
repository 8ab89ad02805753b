"""Token buckets under a clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.clock import ManualClock
from kit.limits import RateLimiter


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 5, tzinfo=UTC))


async def test_calls_beyond_the_rate_wait_for_the_refill(clock: ManualClock) -> None:
    """Three at once, then one every 20 seconds."""
    limiter = RateLimiter(3, 60, clock.now)
    assert [limiter.allow("a") for _ in range(4)] == [True, True, True, False]
    assert limiter.wait_s("a") == 20
    await clock.advance(20)
    assert [limiter.allow("a"), limiter.allow("a")] == [True, False]


async def test_a_rest_fills_the_bucket_and_no_more(clock: ManualClock) -> None:
    """An hour off is worth no more than a full bucket."""
    limiter = RateLimiter(2, 60, clock.now)
    limiter.allow("a")
    await clock.advance(3600)
    assert [limiter.allow("a") for _ in range(3)] == [True, True, False]


def test_keys_do_not_share(clock: ManualClock) -> None:
    """One peer's flood is its own."""
    limiter = RateLimiter(1, 60, clock.now)
    assert [limiter.allow("a"), limiter.allow("b"), limiter.allow("a")] == [True, True, False]


def test_keys_are_bounded(clock: ManualClock) -> None:
    """The one unused for longest is forgotten."""
    limiter = RateLimiter(1, 60, clock.now, keys_max=2)
    for key in ("a", "b", "c"):
        limiter.allow(key)
    assert [limiter.wait_s(key) > 0 for key in ("a", "b", "c")] == [False, True, True]


@pytest.mark.parametrize("bad", [(0, 1.0), (1, 0.0), (-1, 1.0)])
def test_rates_that_are_none_are_refused(clock: ManualClock, bad: tuple[int, float]) -> None:
    """Zero is no limit, and not this class's business."""
    with pytest.raises(ValueError, match="positive"):
        RateLimiter(*bad, clock.now)
