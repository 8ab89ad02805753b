"""How often somebody may do something."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime


class RateLimiter:
    """A token bucket a key: `calls` at once, refilled evenly over `per_s` seconds.

    Keys are bounded: beyond `keys_max` the one unused for longest is forgotten, whose bucket is the fullest.
    """

    def __init__(self, calls: int, per_s: float, now: Callable[[], datetime], keys_max: int = 10_000) -> None:
        if calls < 1 or per_s <= 0 or keys_max < 1:
            raise ValueError("calls, per_s and keys_max must be positive")
        self._calls = float(calls)
        self._per_call_s = per_s / calls
        self._now = now
        self._keys_max = keys_max
        self._buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def allow(self, key: str) -> bool:
        """Take one call of `key`'s; False, taking nothing, when there is none left."""
        tokens = self._tokens(key)
        allowed = tokens >= 1
        self._buckets[key] = (tokens - 1 if allowed else tokens, self._now())
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._keys_max:
            self._buckets.popitem(last=False)
        return allowed

    def wait_s(self, key: str) -> float:
        """Seconds until `allow` would say yes; 0 when it would now."""
        return max(0.0, (1 - self._tokens(key)) * self._per_call_s)

    def _tokens(self, key: str) -> float:
        tokens, at = self._buckets.get(key, (self._calls, None))
        if at is None:
            return tokens
        return min(self._calls, tokens + (self._now() - at).total_seconds() / self._per_call_s)
