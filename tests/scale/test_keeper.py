"""A process does not outlive its lease."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from openoutcry.keeper import ALONE_S, Keeper
from openoutcry.latch import FileLatch, SharedLatch
from storage.postgres.lease import Lease, Vigil
from tests.process import environment
from tests.servers.postgres import Postgres

pytestmark = pytest.mark.real
HUNG = """
import sys, time
from tests.scale.test_keeper import keep
keep(*sys.argv[1:])
"""


def keep(address: str, directory: str) -> None:
    """A process that owns the desk and whose loop is busy for ever."""

    async def main() -> None:
        lease, begun = Lease(address), time.monotonic()
        assert lease.take(lease.look())
        with Keeper(lease, SharedLatch(FileLatch(Path(directory))), begun):
            print("OWNS", flush=True)
            while True:
                pass

    asyncio.run(main())


@pytest.fixture
def address(postgres: Postgres) -> str:
    return postgres.database()


@pytest.fixture
def busy(address: str, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = (sys.executable, "-c", HUNG, address, str(tmp_path))
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "OWNS\n"
            yield process
        finally:
            process.kill()


def test_a_busy_loop_keeps_its_lease(address: str, busy: subprocess.Popen[str]) -> None:
    """Signs are given by a thread of its own."""
    lease = Lease(address)
    before = lease.look().beat
    with pytest.raises(subprocess.TimeoutExpired):
        busy.wait(ALONE_S + 1)
    assert lease.look().beat > before
    lease.close()


def test_a_frozen_process_is_over_before_it_goes_on(busy: subprocess.Popen[str]) -> None:
    """The kernel ends it when it is thawed behind its time."""
    busy.send_signal(signal.SIGSTOP)
    with pytest.raises(subprocess.TimeoutExpired):
        busy.wait(ALONE_S + 1)
    busy.send_signal(signal.SIGCONT)
    assert busy.wait(5) == -signal.SIGALRM


def test_a_process_that_is_frozen_shortly_goes_on(address: str, busy: subprocess.Popen[str]) -> None:
    """Nobody has taken its lease meanwhile."""
    busy.send_signal(signal.SIGSTOP)
    with pytest.raises(subprocess.TimeoutExpired):
        busy.wait(ALONE_S / 4)
    busy.send_signal(signal.SIGCONT)
    with pytest.raises(subprocess.TimeoutExpired):
        busy.wait(ALONE_S + 1)


def test_without_the_database_it_ends_in_time(postgres: Postgres, busy: subprocess.Popen[str]) -> None:
    """By itself, with words in the log; by the kernel where it did not come to that."""
    with postgres.away():
        assert busy.wait(ALONE_S + 5) in {1, -signal.SIGALRM}


async def test_whose_lease_is_taken_is_told(address: str, tmp_path: Path) -> None:
    """With the next sign it would have given."""
    lease, other, told = Lease(address), Lease(address), asyncio.Event()
    loop, begun = asyncio.get_running_loop(), time.monotonic()
    assert lease.take(lease.look())
    keeper = Keeper(lease, SharedLatch(FileLatch(tmp_path)), begun, lambda _why: loop.call_soon_threadsafe(told.set))
    with keeper:
        seen = other.look()
        while not other.take(seen):
            seen = other.look()
        async with asyncio.timeout(ALONE_S):
            await told.wait()
    assert other.look().owner
    for each in (lease, other):
        each.close()


async def test_who_ends_in_order_lets_go(address: str, tmp_path: Path) -> None:
    """The next may begin at once, and no alarm goes off behind it."""
    lease, begun = Lease(address), time.monotonic()
    assert lease.take(lease.look())
    with Keeper(lease, SharedLatch(FileLatch(tmp_path)), begun):
        pass
    assert Vigil().over(lease.look())
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    lease.close()
