"""/links, /pause and /resume, as every surface has them."""

from __future__ import annotations

from core.values.links import Link
from core.values.notices import Notice
from core.values.orders import Refused
from core.values.people import Role
from tests.desk import OWNER, TESTING, TestDesk, person

LINK = {"name": "Trend", "account": TESTING, "strategy": "S", "stop_loss": "2", "quantity": "0.1"}


async def made(desk: TestDesk) -> Link:
    link = await desk.engine.office.links.create(LINK, OWNER)
    assert not isinstance(link, Refused)
    return link[0]


def states(answer: Notice) -> list[tuple[str, str]]:
    return [(line.params["name"], line.params["state"]) for line in answer.lines]


async def test_links_are_listed_with_their_rules(desk: TestDesk) -> None:
    """One line each, and whether the bot runs."""
    await made(desk)
    answer = await desk.say("/links")
    assert (answer.key, answer.params["count"], answer.params["bot"]) == ("command.links", "1", "running")
    [line] = answer.lines
    assert [line.params[name] for name in ("size", "stop", "target", "trailing")] == ["0.1", "2 %", "off", "off"]


async def test_a_link_is_paused_by_its_name(desk: TestDesk) -> None:
    """In any case, and goes on again; others are unknown."""
    await made(desk)
    assert states(await desk.say("/pause link TREND")) == [("Trend", "paused")]
    assert states(await desk.say("/resume link trend")) == [("Trend", "running")]
    assert (await desk.say("/pause link nobody")).params["code"] == "unknown_id"
    assert (await desk.say("/pause link trend", person(Role.TRADER))).params["code"] == "unknown_id"


async def test_ao_29_the_bot_is_stopped_by_a_word(desk: TestDesk) -> None:
    """Each person's own."""
    assert (await desk.say("/pause bot")).key == "command.bot_pause"
    assert (await desk.say("/links")).params["bot"] == "stopped"
    assert (await desk.say("/links", person(Role.TRADER))).params["bot"] == "running"
    assert (await desk.say("/resume bot")).key == "command.bot_resume"
    assert (await desk.say("/links")).params["bot"] == "running"


async def test_pause_without_a_word_is_about_tasks(desk: TestDesk) -> None:
    """As it was before there were links."""
    assert (await desk.say("/pause")).key == (await desk.say("/pause task")).key == "command.no_tasks"
    assert (await desk.say("/pause task nobody")).params["code"] == "unknown_id"
