"""Trying again, each time a little later."""

from __future__ import annotations

import itertools
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


def delays(rng: random.Random, first_s: float = 0.5, longest_s: float = 30.0) -> Iterator[float]:
    """Seconds to wait before each further try: doubling up to `longest_s`, and of that a random half to whole."""
    for n in itertools.count():
        step = min(longest_s, first_s * 2 ** min(n, 60))
        yield step * (0.5 + rng.random() / 2)


async def retry(
    call: Callable[[], Awaitable[T]],
    *,
    on: type[Exception] | tuple[type[Exception], ...],
    tries: int,
    sleep: Callable[[float], Awaitable[None]],
    rng: random.Random,
    first_s: float = 0.5,
    longest_s: float = 30.0,
) -> T:
    """The first result of at most `tries` calls. Raises the last error, and at once any error that is not `on`.

    An error's own `retry_after_s` is kept to where it is longer than the delay.
    """
    if tries < 1:
        raise ValueError("tries must be positive")
    waits = delays(rng, first_s, longest_s)
    for _ in range(tries - 1):
        try:
            return await call()
        except on as error:
            await sleep(max(next(waits), getattr(error, "retry_after_s", 0.0)))
    return await call()
