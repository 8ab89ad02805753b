"""How loud a chat is: on, silent, off, quiet hours, and who is told by the other chat."""

from __future__ import annotations

from datetime import UTC

import pytest

from core.rules.noise import USUAL
from core.services.noise import Noise
from core.values.ids import UserId
from core.values.notices import NoticeKind
from core.values.people import Role, owner_person
from tests.bot.telegram.conftest import ANN, Chat
from tests.desk import person
from tests.servers.telegram import OWNER


def sounds(chat: Chat, words: str) -> list[tuple[int, bool]]:
    """Where a message with these words was sent, and whether it rang."""
    sent = [heard.fields for heard in chat.server.heard if heard.method == "sendMessage"]
    return [
        (int(fields["chat_id"]), not fields.get("disable_notification")) for fields in sent if words in fields["text"]
    ]


@pytest.mark.parametrize(("level", "rang"), [("on", [True]), ("silent", [False]), ("off", [])])
async def test_an_event_is_as_loud_as_was_typed(live: Chat, level: str, rang: list[bool]) -> None:
    """In the chat itself; what comes after it is not held up."""
    await live.server.idle(await live.server.say(f"/noise alerts {level}"))
    await live.desk.settle()
    await live.tell("usual")
    await live.tell("last", kind=NoticeKind.ERROR)
    await live.server.shown("last")
    assert sounds(live, "usual") == [(OWNER, each) for each in rang]
    assert sounds(live, "last") == [(OWNER, True)]


async def test_each_chat_is_as_loud_as_its_person_wants(chat: Chat) -> None:
    """The owner's is silent, Ann's is not."""
    noise = chat.desk.engine.office.noise
    await noise.choose({"alerts": "silent"}, owner_person("test"))
    async with chat.running(chat.bot(allowed=(OWNER, ANN)), outbox=True):
        await chat.tell("usual")
        await chat.server.until(lambda: len(sounds(chat, "usual")) == 2)
    assert sorted(sounds(chat, "usual")) == [(OWNER, False), (ANN, True)]


async def test_whom_discord_tells_telegram_tells_no_more(chat: Chat) -> None:
    """Ann has both and chose Discord: only what is critical comes here as well."""
    noise = Noise(chat.desk.engine.store, chat.wire, UTC, USUAL, [UserId("ann")])
    await noise.choose({"first": "discord"}, person(Role.APPROVER, "ann"))
    async with chat.running(chat.bot(allowed=(OWNER, ANN), noise=noise), outbox=True):
        await chat.tell("usual")
        await chat.tell("naked", critical=True)
        await chat.server.until(lambda: len(sounds(chat, "naked")) == 2)
        await chat.server.until(lambda: len(sounds(chat, "usual")) == 1)
    assert sounds(chat, "usual") == [(OWNER, True)]


async def test_a_card_that_stands_is_kept_true(live: Chat) -> None:
    """Its buttons would lie else: answered elsewhere, it says so although proposals are off by now."""
    proposal, card = await live.propose()
    await live.desk.engine.office.noise.choose({"proposals": "off"}, owner_person("test"))
    await live.desk.say(f"/reject {proposal.id} late")
    await live.server.until(lambda: card.buttons == {})
    assert card.edits > 0
