"""Back-off without waiting: the sleep function writes down what it was asked."""

from __future__ import annotations

import itertools
import random

import pytest

from kit.retry import delays, retry


class Busy(Exception):
    def __init__(self, retry_after_s: float = 0.0) -> None:
        super().__init__("busy")
        self.retry_after_s = retry_after_s


class Line:
    """Fails so many times, then answers; its own sleep keeps the seconds."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.slept: list[float] = []

    async def call(self) -> str:
        if self.failures:
            raise self.failures.pop(0)
        return "done"

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def retried(self, tries: int) -> str:
        return await retry(self.call, on=Busy, tries=tries, sleep=self.sleep, rng=random.Random(7))


def test_delays_double_up_to_the_longest_with_jitter() -> None:
    """Each between half and all of its step, for ever."""
    first = list(itertools.islice(delays(random.Random(7), 1, 8), 6))
    assert all(step / 2 <= delay <= step for delay, step in zip(first, [1, 2, 4, 8, 8, 8], strict=True))
    assert next(itertools.islice(delays(random.Random(7), 1, 8), 5000, None)) <= 8


async def test_the_first_result_ends_the_tries() -> None:
    """Two failures cost two sleeps."""
    line = Line(Busy(), Busy())
    assert await line.retried(5) == "done"
    assert len(line.slept) == 2


async def test_the_last_error_comes_out() -> None:
    """Tries are bounded."""
    line = Line(*[Busy() for _ in range(9)])
    with pytest.raises(Busy):
        await line.retried(3)
    assert (len(line.slept), len(line.failures)) == (2, 6)


async def test_other_errors_are_not_tried_again() -> None:
    """They say something else."""
    line = Line(KeyError("x"))
    with pytest.raises(KeyError):
        await line.retried(3)
    assert line.slept == []


async def test_what_the_other_side_asks_for_is_kept_to() -> None:
    """Retry-After where it is longer."""
    line = Line(Busy(17.0))
    await line.retried(2)
    assert line.slept == [17.0]
