"""What people chose of the noise: kept, by the command; digests; who is told by which chat."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.rules.noise import USUAL, Level
from core.services.noise import DIGEST_LATE, Noise
from core.values.changes import NoticeMade
from core.values.ids import NoticeId, UserId
from core.values.notices import Notice, NoticeKind
from core.values.people import Role
from tests.desk import OWNER, TestDesk, opened, person

ANN = UserId("ann")
QUIET = {"quiet": "22:00-07:00", "digest": "on"}
EVENING = datetime(2026, 11, 18, 21, tzinfo=UTC)


async def test_noise_is_chosen_by_typing(data_dir: Path) -> None:
    """Each by itself, all at once, and the settings' again; a restart forgets nothing, and nobody else is meant."""
    async with opened(data_dir) as desk:
        assert (await desk.say("/noise entries silent")).key == "command.noise"
        await desk.say("/noise quiet 22:00-07:00")
        assert (await desk.say("/noise")).lines[0].params == {"name": "entries", "level": "silent"}
    async with opened(data_dir) as desk:
        noise = desk.engine.office.noise
        assert (noise.of(OWNER.id)["entries"], noise.of(OWNER.id)["quiet"]) == ("silent", "22:00-07:00")
        assert noise.of(ANN) == USUAL
        for typed in ("all off", "silent"):
            await desk.say(f"/noise {typed}")
            assert noise.of(OWNER.id)["reports"] == typed.split()[-1]
        await desk.say("/noise reset")
        assert noise.of(OWNER.id) == USUAL


@pytest.mark.parametrize("typed", ["entries loud", "nothing on", "quiet 7", "first icq", "entries"])
async def test_what_cannot_be_chosen_shows_how(desk: TestDesk, typed: str) -> None:
    """And changes nothing."""
    answer = await desk.say(f"/noise {typed}", person(Role.VIEWER))
    assert answer.params["code"] == "usage"
    assert "22:00-07:00" in answer.params["usage"]
    assert desk.engine.office.noise.of(person(Role.VIEWER).id) == USUAL


def noise_of(desk: TestDesk, wire: ManualClock, both: Collection[UserId] = (), *, alone: bool = False) -> Noise:
    return Noise(desk.engine.store, wire, UTC, USUAL, both, alone=alone)


async def tell(desk: TestDesk, wire: ManualClock, name: str, kind: NoticeKind = NoticeKind.INFO) -> Notice:
    notice = Notice(NoticeId(name), wire.now(), kind, "alert.told", {"ticker": "SBER", "message": name, "price": ""})
    await desk.engine.store.save(NoticeMade(notice))
    return notice


async def test_a_digest_follows_quiet_hours_once(desk: TestDesk) -> None:
    """It counts what was held back, trouble and what is off left out; also where the desk was started again since."""
    wire = ManualClock(EVENING)
    noise = noise_of(desk, wire)
    await noise.choose({**QUIET, "refusals": "off"}, OWNER)
    await tell(desk, wire, "early")
    await wire.advance(3 * 3600)
    for name, kind in (
        ("a", NoticeKind.INFO),
        ("b", NoticeKind.INFO),
        ("c", NoticeKind.ERROR),
        ("d", NoticeKind.REFUSED),
    ):
        await tell(desk, wire, name, kind)
    await noise.digest()
    assert await desk.notices("noise.digest") == []
    await wire.advance(7 * 3600)
    for _ in range(2):
        again = noise_of(desk, wire)
        await again.load()
        await again.digest()
    [digest] = await desk.notices("noise.digest")
    assert (digest.params["count"], [line.params["event"] for line in digest.lines]) == ("2", ["alerts"])
    assert (again.level(digest, OWNER.id), again.level(digest, ANN)) == (Level.ON, Level.OFF)


async def test_a_digest_that_nobody_waits_for_is_left_out(desk: TestDesk) -> None:
    """The desk was down as the night ended."""
    wire = ManualClock(EVENING + timedelta(hours=2))
    noise = noise_of(desk, wire)
    await noise.choose(QUIET, OWNER)
    await tell(desk, wire, "a")
    await wire.advance((timedelta(hours=8) + DIGEST_LATE).total_seconds())
    await noise.digest()
    assert await desk.notices("noise.digest") == []


async def test_one_chat_tells_a_person_whom_two_reach(desk: TestDesk) -> None:
    """Telegram unless they chose Discord, whose channels stay silent only where Telegram tells all of their readers."""
    wire = ManualClock(EVENING)
    told, naked = await tell(desk, wire, "a"), Notice(NoticeId("n"), EVENING, NoticeKind.ERROR, "x", critical=True)
    both = noise_of(desk, wire, [ANN], alone=True)
    assert (both.level(told, ANN), both.channel(told)) == (Level.ON, Level.SILENT)
    assert noise_of(desk, wire, [ANN]).channel(told) is Level.ON
    await both.choose({"first": "discord"}, person(Role.TRADER, "ann"))
    assert (both.level(told, ANN), both.channel(told)) == (Level.OFF, Level.ON)
    assert (both.level(naked, ANN), both.channel(naked)) == (Level.ON, Level.ON)


async def test_what_discord_does_not_show_comes_by_telegram(desk: TestDesk) -> None:
    """The channel is as its owner wants it: a person's own words are kept where it is off, and trouble always comes."""
    wire = ManualClock(EVENING)
    told, error = await tell(desk, wire, "a"), await tell(desk, wire, "b", NoticeKind.ERROR)
    noise = noise_of(desk, wire, [ANN])
    await noise.choose({"first": "discord"}, person(Role.TRADER, "ann"))
    assert (noise.level(told, ANN), noise.level(error, ANN)) == (Level.OFF, Level.ON)
    await noise.choose({"alerts": "off"}, OWNER)
    assert (noise.level(told, ANN), noise.channel(told)) == (Level.ON, Level.OFF)
