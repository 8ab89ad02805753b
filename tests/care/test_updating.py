"""An admin's wish for an update: left on disk once, taken up by a unit of the machine, and what people hear of it."""

from __future__ import annotations

import configparser
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.values.orders import Refused
from core.values.people import owner_person
from openoutcry.updating import PATIENCE, Updating, wish_file
from tests.desk import TestDesk, opened
from tests.process import HOUSE

OWNER = owner_person("api")
PATH, SERVICE = (HOUSE / "packaging" / f"openoutcry-update.{kind}" for kind in ("path", "service"))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[TestDesk]:
    async with opened(tmp_path / "data") as found:
        yield found


def updating(desk: TestDesk, version: str = "1.0") -> Updating:
    return Updating(desk.engine.desk, wish_of(desk), version)


def wish_of(desk: TestDesk) -> Path:
    return desk.settings.desk.data_dir / "update.wish"


async def test_tc_43_a_second_wish_is_refused_while_one_is_at_work(desk: TestDesk) -> None:
    """The file is empty and stands until the unit takes it away; who asked is in the audit trail, once."""
    it = updating(desk)
    assert await it.ask(OWNER) is None
    assert wish_of(desk).read_bytes() == b""
    assert await it.ask(OWNER) == Refused("one_at_a_time")
    wish_of(desk).unlink()
    assert await it.ask(OWNER) is None
    rows = (await desk.engine.store.audit(10)).items
    assert [row.row.action for row in rows].count("update.asked") == 2


async def test_tc_43_a_desk_that_nobody_can_update_says_so(desk: TestDesk) -> None:
    """As here, in a checkout: whatever systemd says, install.sh was not there."""
    assert wish_file({"STATE_DIRECTORY": "/var/lib/openoutcry"}) is None
    assert await Updating(desk.engine.desk, None).ask(OWNER) == Refused("no_updater")


async def test_a_new_version_tells_that_it_runs(desk: TestDesk) -> None:
    """Once, though the unit has not taken the wish away yet."""
    await updating(desk, "1.0").ask(OWNER)
    for _ in range(2):
        await updating(desk, "1.1").look()
    [told] = await desk.notices("update.done")
    assert told.params == {"old": "1.0", "new": "1.1"}


async def test_an_update_that_came_to_nothing_is_told(desk: TestDesk) -> None:
    """The wish is gone and the same version runs: nothing newer, a check that failed, or a way back."""
    it = updating(desk)
    await it.ask(OWNER)
    await it.look()
    assert not await desk.notices("update.nothing")
    wish_of(desk).unlink()
    for _ in range(2):
        await it.look()
    assert len(await desk.notices("update.nothing")) == 1


async def test_a_wish_that_nobody_takes_up_is_taken_back(desk: TestDesk) -> None:
    """After longer than the unit may take; another may be left then."""
    it = updating(desk)
    await it.ask(OWNER)
    await desk.wait((PATIENCE + timedelta(seconds=1)).total_seconds())
    await it.look()
    assert len(await desk.notices("update.unheard")) == 1
    assert await it.ask(OWNER) is None


def unit(path: Path) -> configparser.RawConfigParser:
    reader = configparser.RawConfigParser(strict=False)
    reader.optionxform = str  # type: ignore[assignment, method-assign]
    reader.read_string(path.read_text(encoding="utf-8"))
    return reader


def test_tc_43_the_units_fit_what_the_desk_leaves() -> None:
    """The file that the desk writes into its state directory is the one that is watched, and taken away at any end;
    the unit starts with the desk and may not take longer than the desk waits."""
    desk, path, service = (unit(HOUSE / "packaging/openoutcry.service"), unit(PATH), unit(SERVICE))
    wish = f"/var/lib/{desk['Service']['StateDirectory']}/update.wish"
    assert path["Path"]["PathExists"] == wish
    assert service["Service"]["ExecStopPost"].split()[-1] == wish
    assert "openoutcry update --settings /etc/openoutcry/settings.toml" in service["Service"]["ExecStart"]
    assert PATH.name in desk["Unit"]["Wants"].split()
    assert timedelta(minutes=int(service["Service"]["TimeoutStartSec"].removesuffix("min"))) < PATIENCE
