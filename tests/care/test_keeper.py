"""The desk backs itself up at night, makes up for nights when it was off, and says when it could not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.values.changes import Audited, NoticeMade
from core.values.ids import OWNER
from openoutcry.backup_keeper import LATE, LOOK_S, BackupKeeper
from openoutcry.backups import kept
from openoutcry.settings import load_settings
from storage.sqlite import open_store
from storage.sqlite.store import SqliteStore
from tests.care.desks import break_audit
from tests.process import demo

EVENING = datetime(2026, 6, 1, 20, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Night:
    """A keeper on a clock of its own, by Moscow's 02:15, which is 23:15 UTC."""

    def __init__(self, data_dir: Path, store: SqliteStore, clock: ManualClock, folder: str = "backups") -> None:
        self.clock, self.store, self.folder = clock, store, data_dir / folder
        backup = {"keep": 3, "directory": str(self.folder)}
        self.settings = load_settings(None, desk={"data_dir": data_dir}, backup=backup)
        self.keeper = BackupKeeper(self.settings, store, clock)
        self.notices: list[str] = []
        store.listen(lambda changes: self.notices.extend(c.notice.key for c in changes if isinstance(c, NoticeMade)))

    async def at(self, later: timedelta) -> list[datetime]:
        """Look at this moment after the evening; when the backups that stand were made."""
        await self.clock.advance((EVENING + later - self.clock.now()).total_seconds())
        await self.keeper.look()
        await asyncio.sleep(0)
        return [at for at, _ in kept(self.folder, self.clock.now())]


@pytest.fixture
async def night(tmp_path: Path) -> AsyncIterator[Night]:
    clock = ManualClock(EVENING)
    store = await open_store(tmp_path / "desk.sqlite3", clock)
    yield Night(tmp_path, store, clock)
    await store.close()


async def test_one_a_night(night: Night) -> None:
    """The first at once; then none until 02:15 of the desk's zone, and one for that night alone."""
    assert await night.at(timedelta()) == [EVENING]
    assert await night.at(3 * HOUR) == [EVENING]
    assert await night.at(3.25 * HOUR) == [EVENING, EVENING + 3.25 * HOUR]
    assert len(await night.at(10 * HOUR)) == 2
    assert night.keeper.age_s() == 6.75 * 3600


async def test_a_night_when_the_desk_was_off_is_made_up_for(night: Night) -> None:
    """In the morning, not a night later; the oldest goes when there are too many."""
    await night.at(timedelta())
    assert await night.at(14 * HOUR) == [EVENING, EVENING + 14 * HOUR]
    await night.at(2 * DAY)
    assert (await night.at(3 * DAY))[0] == EVENING + 14 * HOUR


async def test_people_hear_of_a_backup_that_is_too_old(night: Night) -> None:
    """After 26 hours, with the reason, once a day; with the first that works it ends."""
    night.folder.write_text("a file where the folder should be", encoding="utf-8")
    await night.at(timedelta())
    await night.at(25 * HOUR)
    assert night.notices == []
    await night.at(27 * HOUR)
    await night.at(28 * HOUR)
    assert night.notices == ["backup.none"]
    assert night.keeper.age_s() is None
    night.folder.unlink()
    assert len(await night.at(29 * HOUR)) == 1
    night.folder.rename(night.folder.with_name("away"))
    night.folder.write_text("again", encoding="utf-8")
    await night.at(60 * HOUR)
    assert night.notices == ["backup.none", "backup.none"]


async def test_a_folder_that_cannot_be_looked_at_ends_nothing(tmp_path: Path) -> None:
    """No path can be this long: the keeper goes on, /metrics has no age, and people hear the reason when it lasts."""
    clock = ManualClock(EVENING)
    store = await open_store(tmp_path / "desk.sqlite3", clock)
    night = Night(tmp_path, store, clock, "x" * 300)
    running = asyncio.create_task(night.keeper.run())
    try:
        for _ in range(3):
            await asyncio.sleep(0)
            await clock.advance(LOOK_S)
        assert not running.done()
        assert night.keeper.age_s() is None
    finally:
        running.cancel()
    said: list[str] = []
    store.listen(lambda changes: said.extend(c.notice.params["why"] for c in changes if isinstance(c, NoticeMade)))
    await clock.advance(LATE.total_seconds())
    await night.keeper.look()
    await asyncio.sleep(0)
    assert ["name too long" in why for why in said] == [True]
    await store.close()


async def test_a_backup_from_the_future_stops_no_nights(night: Night) -> None:
    """It was made while the clock was wrong: the nights go on, and it is the first to go."""
    await night.at(timedelta())
    [(_, made)] = kept(night.folder, EVENING)
    future = made.rename(made.with_name(made.name.replace("-2026", "-2036")))
    assert night.keeper.age_s() is None
    for day in range(3):
        assert EVENING + day * DAY in await night.at(day * DAY)
    assert not future.exists()


async def test_a_forged_audit_trail_is_told_at_night(night: Night) -> None:
    """Once for each first row that does not fit, also by a keeper that has started anew; the backup is made."""
    for number in range(3):
        await night.store.save(Audited(EVENING, OWNER, "cli", "tested", str(number), {}))
    break_audit(night.folder.parent / "desk.sqlite3", 2)
    await night.at(timedelta())
    await night.at(DAY)
    night.keeper = BackupKeeper(night.settings, night.store, night.clock)
    assert len(await night.at(2 * DAY)) == 3
    assert night.notices == ["backup.audit_broken"]


async def test_the_age_of_the_last_backup_is_told(tmp_path: Path) -> None:
    """/metrics of a running desk knows of a backup that another process made."""

    def asked() -> str:
        with demo(tmp_path / "d") as desk:
            assert "last_backup_age" not in str(desk.ask("GET", "/metrics")[1])
            from openoutcry.backup import make  # noqa: PLC0415

            (tmp_path / "d" / "backups").mkdir()
            make(tmp_path / "d", tmp_path / "d" / "backups", datetime.now(UTC))
            return str(desk.ask("GET", "/metrics")[1])

    assert "openoutcry_last_backup_age_seconds " in await asyncio.to_thread(asked)
