"""`/links new`: step by step to a link, its URL and its message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.values.notices import Notice
from core.values.people import Role
from openoutcry.lint import lint
from openoutcry.settings import load_settings
from tests.desk import OWNER, TestDesk, opened, person

ANSWERS = ("Trend", "testing", "SuperTrend", "1 %", "2%", "5", "none", "ask")


async def say_all(desk: TestDesk, *answers: str) -> Notice:
    desk.engine.office.links.base_url = "https://desk.example"
    told = await desk.say("/links new")
    for each in answers:
        told = await desk.say(each)
    return told


async def test_eight_answers_make_a_link(desk: TestDesk) -> None:
    """Each question in its turn; at the end the URL and a message that the linter likes."""
    done = await say_all(desk, *ANSWERS)
    [link] = desk.engine.office.links.seen(OWNER)
    assert (done.key, link.name, link.account, link.ask, link.paper) == (
        "compose.done",
        "Trend",
        "Testing",
        True,
        False,
    )
    assert [str(n) for n in (link.risk_percent, link.stop_loss, link.target, link.trailing_stop)] == [
        "1",
        "2",
        "5",
        "None",
    ]
    url = done.params["url"]
    assert url.startswith("https://desk.example/hook/")
    assert desk.engine.office.links.by_token(url.rpartition("/")[2]) == link
    message = done.lines[0].params["message"]
    assert json.loads(message)["strategy"] == "SuperTrend"
    assert (
        lint(message.encode(), load_settings(None, accounts=({"name": "Testing", "broker": "paper"},))).problems == []
    )


async def test_a_press_answers_too(desk: TestDesk) -> None:
    """Accounts and usual sizes stand on buttons."""
    asked = await say_all(desk, "Trend")
    button = next(action for action in asked.actions if action.label == "Testing")
    assert (await desk.say(f"/press {button.id}")).key == "compose.strategy"


@pytest.mark.parametrize(
    ("before", "bad", "key", "code"),
    [
        ((), "x" * 200, "compose.name", "refused.bad_field"),
        (("Trend",), "Nobody", "compose.account", "refused.unknown_account"),
        (ANSWERS[:3], "much", "compose.size", "refused.bad_field"),
        (ANSWERS[:3], "NaN", "compose.size", "refused.bad_field"),
        (ANSWERS[:3], "0", "compose.size", "refused.bad_field"),
        (ANSWERS[:4], "100", "compose.stop", "refused.bad_field"),
        (ANSWERS[:4], "-1 %", "compose.stop", "refused.bad_field"),
        (ANSWERS[:7], "maybe", "compose.approval", "refused.bad_field"),
    ],
)
async def test_an_answer_that_will_not_do_is_asked_for_again(
    desk: TestDesk, before: tuple[str, ...], bad: str, key: str, code: str
) -> None:
    """With the reason; what was said before stays."""
    asked = await say_all(desk, *before, bad)
    assert (asked.key, [line.key for line in asked.lines]) == (key, [code])
    assert desk.engine.office.links.seen(OWNER) == []


async def test_a_name_that_is_taken_is_told_at_once(desk: TestDesk) -> None:
    """Not after seven more questions."""
    await say_all(desk, *ANSWERS)
    asked = await say_all(desk, "TREND")
    assert [line.key for line in asked.lines] == ["refused.name_taken"]


async def test_cancel_ends_it(desk: TestDesk) -> None:
    """No link; the next word is a command again."""
    assert (await say_all(desk, "Trend", "cancel")).key == "compose.cancelled"
    assert (await desk.say("status")).key == "command.status"
    assert (await desk.say("/answer 5")).params["code"] == "nothing_asked"


async def test_a_command_is_no_answer(desk: TestDesk) -> None:
    """Who types one in between gets it, and the question waits."""
    await say_all(desk, "Trend")
    assert (await desk.say("/status")).key == "command.status"
    assert (await desk.say("Testing")).key == "compose.strategy"


async def test_the_words_of_another_are_no_answer(desk: TestDesk) -> None:
    """A question belongs to who began."""
    await say_all(desk, "Trend")
    assert (await desk.say("status", person(Role.ADMIN, "ann"))).key == "command.status"
    assert (await desk.say("/links new", person(Role.VIEWER))).params["code"] == "not_allowed"


async def test_a_restart_does_not_swallow_it(data_dir: Path) -> None:
    """What was said is on disk; after half an hour it is forgotten."""
    async with opened(data_dir) as desk:
        await say_all(desk, *ANSWERS[:7])
    async with opened(data_dir) as desk:
        assert (await desk.say("paper")).key == "compose.done"
        await say_all(desk, "Other")
        await desk.clock.advance(1801)
        assert (await desk.say("status")).key == "command.status"
