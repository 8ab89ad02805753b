"""systemd hears that the desk is ready, and then of commits alone."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from openoutcry.background import running
from openoutcry.watchdog import feed, patient, period_s
from storage.sqlite import open_store
from tests.contracts.samples import NOON
from tests.process import demo


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Where a service manager listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.bind(str(tmp_path / "notify"))
        link.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield link


def test_the_manager_hears_of_start_and_stop(tmp_path: Path, manager: socket.socket) -> None:
    """READY comes after recovery; STOPPING on SIGTERM."""
    with demo(tmp_path / "d", env={"NOTIFY_SOCKET": str(tmp_path / "notify")}) as desk:
        assert manager.recv(100) == b"READY=1"
        desk.stop()
        assert manager.recv(100) == b"STOPPING=1"


def test_the_manager_waits_for_a_new_owner(manager: socket.socket, tmp_path: Path) -> None:
    """It settles with the brokers first; then the dog is hungry as before. Nothing is said where there is no dog."""
    there = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "120000000"}
    patient(on=True, environment={"NOTIFY_SOCKET": there["NOTIFY_SOCKET"]})
    patient(on=True, environment=there)
    patient(on=False, environment=there)
    assert [manager.recv(100), manager.recv(100)] == [b"WATCHDOG_USEC=86400000000", b"WATCHDOG_USEC=120000000"]


class SetBack(ManualClock):
    """Its hands are turned back; who sleeps by it sleeps on."""

    back = timedelta(0)

    def now(self) -> datetime:
        return super().now() - self.back


async def fed(clock: ManualClock, manager: socket.socket, seconds: float) -> bool:
    """Whether the manager heard of the desk once the seconds were over."""
    manager.setblocking(False)
    await asyncio.sleep(0)
    await clock.advance(seconds)
    async with asyncio.timeout(10):
        while not clock._sleepers:  # noqa: ASYNC110 - it sleeps on this clock again when it is done
            await asyncio.sleep(0)
    try:
        return manager.recv(100) == b"WATCHDOG=1"
    except BlockingIOError:
        return False


async def test_a_quiet_desk_feeds_by_a_commit_of_its_own(tmp_path: Path, manager: socket.socket) -> None:
    """Each time something is on disk before the dog is fed; a desk that is unwell or cannot write does not feed it."""
    clock, well = ManualClock(NOON), [True]
    store = await open_store(tmp_path / "desk.sqlite3", clock)
    async with running(feed(store, clock, lambda: well[0], 120)):
        assert not await fed(clock, manager, 30)
        assert await fed(clock, manager, 30)
        assert await store.flag("watchdog") == clock.now().isoformat()
        well[0] = False
        assert not await fed(clock, manager, 60)
        well[0] = True
        await store.close()
        assert not await fed(clock, manager, 60)


async def test_a_clock_that_is_set_back_starves_no_dog(tmp_path: Path, manager: socket.socket) -> None:
    """An hour, by a person or a time server: the next feeding comes as it would have."""
    clock = SetBack(NOON)
    store = await open_store(tmp_path / "desk.sqlite3", clock)
    async with running(feed(store, clock, lambda: True, 120)):
        await fed(clock, manager, 30)
        assert await fed(clock, manager, 30)
        clock.back = timedelta(hours=1)
        await fed(clock, manager, 30)
        assert await fed(clock, manager, 30)
    await store.close()


@pytest.mark.parametrize(("said", "seconds"), [({}, 0), ({"WATCHDOG_USEC": "120000000"}, 120)])
def test_systemd_says_how_often(said: dict[str, str], seconds: float) -> None:
    """In microseconds; without a watchdog nothing is fed."""
    assert period_s(said) == seconds
