"""Strangers get silence, whatever kind of update they send."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tests.bot.telegram.conftest import STRANGER, Chat
from tests.bot.telegram.updates import KINDS, update_of
from tests.servers.telegram import BOT, OWNER

GROUP = -1001
ORDER = "/buy 1 BTCPERP"
DISGUISES: list[dict[str, Any]] = [
    {"forward_origin": {"type": "hidden_user", "sender_user_name": "x", "date": 1}},
    {"forward_date": 1, "forward_sender_name": "x"},
    {"sender_chat": {"id": GROUP, "type": "supergroup", "title": "anonymous admins"}},
    {"via_bot": BOT},
    {"business_connection_id": "b"},
    {"edit_date": 1},
    {"is_automatic_forward": True},
    {"from": {"id": OWNER, "is_bot": True, "first_name": "a bot"}},
    {"from": None},
]


async def silent(chat: Chat) -> None:
    """Nothing was said, nothing was done; a plain command of the owner's still works afterwards."""
    assert chat.server.messages == {}
    assert chat.server.calls("answerCallbackQuery") == []
    assert await chat.desk.orders() == []


@pytest.mark.parametrize("kind", KINDS)
async def test_tm_03_a_stranger_is_met_with_silence_in_every_kind_of_update(chat: Chat, kind: str) -> None:
    """Each of Telegram's kinds of update, from a stranger, with an order as its text: no reply, no order."""
    async with chat.running():
        update = await chat.server.push(**{kind: update_of(kind, STRANGER, STRANGER, ORDER)})
        await chat.hear(update)
        await silent(chat)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"message", "callback_query"}])
async def test_only_messages_and_presses_are_heard_even_from_the_owner(chat: Chat, kind: str) -> None:
    """An edited message, a channel post, a business message of the owner's: no reply, no order."""
    async with chat.running():
        await chat.hear(await chat.server.push(**{kind: update_of(kind, OWNER, OWNER, ORDER)}))
        await silent(chat)


@pytest.mark.parametrize("disguise", DISGUISES, ids=str)
async def test_the_owner_is_not_heard_in_disguise(chat: Chat, disguise: dict[str, Any]) -> None:
    """Forwards, anonymous admins, bots, inline and business messages do nothing under an allowed id."""
    async with chat.running():
        await chat.hear(await chat.server.say(ORDER, **disguise))
        await silent(chat)


async def test_the_right_person_in_the_wrong_chat_is_not_heard(chat: Chat) -> None:
    """With a chat_id, the owner is heard there alone: not in private, not in another group."""
    async with chat.running(chat.bot(chat_id=GROUP)):
        await chat.server.say(ORDER, OWNER, OWNER)
        await chat.hear(await chat.server.say(ORDER, OWNER, -2002))
        await silent(chat)
        await chat.server.say("/health", OWNER, GROUP)
        assert (await chat.server.shown("True")).chat == GROUP


async def test_a_member_of_the_right_chat_who_is_not_listed_is_not_heard(chat: Chat) -> None:
    """Being in the group is not enough."""
    async with chat.running(chat.bot(chat_id=GROUP)):
        await chat.hear(await chat.server.say(ORDER, STRANGER, GROUP))
        await silent(chat)


async def test_without_a_chat_id_a_group_is_the_wrong_chat(chat: Chat) -> None:
    """The owner's private chat is theirs; a group that the bot was pulled into is not."""
    async with chat.running():
        await chat.hear(await chat.server.say(ORDER, OWNER, GROUP))
        await silent(chat)


async def test_an_empty_list_is_nobody(chat: Chat) -> None:
    """A chat_id without allowed users answers nobody, not even in that chat."""
    async with chat.running(chat.bot(chat_id=OWNER, allowed=())):
        await chat.hear(await chat.server.say(ORDER))
        await silent(chat)


async def test_talk_in_a_group_is_left_alone(chat: Chat) -> None:
    """Words that are no command are not answered in a group."""
    async with chat.running(chat.bot(chat_id=GROUP)):
        await chat.hear(await chat.server.say("lunch?", OWNER, GROUP))
        await silent(chat)


async def test_a_link_that_opens_the_dashboard_is_told_in_private_alone(chat: Chat) -> None:
    """Asked for in a group, it comes to the person's own chat, and the group hears only that it did."""
    async with chat.running(chat.bot(chat_id=GROUP)):
        await chat.hear(await chat.server.say("/dashboard@Desk_Bot", OWNER, GROUP))
        assert (await chat.server.shown("/enter#")).chat == OWNER
        assert (await chat.server.shown("for you alone")).chat == GROUP


async def drawn(chat: Chat, rng: Random) -> int:
    """One update that nobody should hear; its id."""
    text = rng.choice([ORDER, "/kill", "/arm", "/dump BTCPERP", "/approve 1", "/start", "press:0123456789abcdef"])
    elsewhere = rng.choice([GROUP, -rng.getrandbits(40), rng.getrandbits(33)])
    match rng.randrange(4):
        case 0:
            return await chat.server.say(text, **rng.choice(DISGUISES))
        case 1:
            return await chat.server.say(text, OWNER, elsewhere)
        case 2:
            kind = rng.choice([kind for kind in KINDS if kind not in {"message", "callback_query"}])
            return await chat.server.push(**{kind: update_of(kind, OWNER, OWNER, text)})
    kind, stranger = rng.choice(KINDS), rng.choice([STRANGER, rng.getrandbits(33)])
    return await chat.server.push(**{kind: update_of(kind, stranger, rng.choice([stranger, OWNER, elsewhere]), text)})


@pytest.mark.proof
async def test_proof_of_strangers(chat: Chat, rounds: int) -> None:
    """I11: a hundred updates a round of every kind, from strangers and from the owner in disguise or elsewhere."""
    rng = Random(1)
    async with chat.running():
        for _ in range(rounds):
            for _ in range(99):
                await drawn(chat, rng)
            await chat.hear(await drawn(chat, rng))
        await silent(chat)
    print(f"\n{100 * rounds} updates of strangers: 0 answers, 0 orders")
