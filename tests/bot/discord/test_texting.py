"""!payload, !ping and !mirror."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest

from core.values.orders import OrderRole, OrderType
from core.values.proposals import ProposalState
from tests.bot.discord.conftest import PASSPHRASE, Chat
from tests.servers.discord import ANN, BOT, ELSEWHERE, EVE, GUILD, LOG, STUDY, TOM, VIC, User

ENTRY = {
    "ticker": "BTCPERP",
    "exchange": "BYBIT",
    "action": "buy",
    "type": "market",
    "price": "40000",
    "message": "entry",
    "long SL": "39800",
    "long TP": "41000",
    "subaccount": "Testing",
}


def payload(**changes: object) -> str:
    return f"!payload {json.dumps(ENTRY | changes)}"


async def replies(chat: Chat, word: str, channel: int = STUDY) -> list[str]:
    """What the bot said in a channel, once this word was said."""
    await chat.logged(word, channel)
    return chat.server.texts(channel)


async def test_le_32_an_approvers_payload_goes_to_the_market(chat: Chat) -> None:
    """Processing, then success; the order is there, and a passphrase in it is neither needed nor repeated."""
    await chat.server.says(ANN, payload(passphrase=PASSPHRASE))
    said = await replies(chat, "✅")
    assert "Processing" in said[0]
    assert "Sent to the market" in said[1]
    assert await chat.desk.holds() == {"BTCPERP": Decimal("0.5")}
    assert PASSPHRASE not in chat.server.everything_said()


async def test_le_32_a_failure_names_its_reason(chat: Chat) -> None:
    """The desk is halted: the answer to the payload says so, by the code word."""
    await chat.desk.say("/kill")
    await chat.server.says(ANN, payload())
    said = await replies(chat, "❌")
    assert "halted" in said[-1]


async def test_le_33_a_traders_payload_becomes_a_proposal(chat: Chat) -> None:
    """It waits for an approver, on every surface; nothing is sent before."""
    await chat.server.says(TOM, payload())
    await replies(chat, "proposal was made")
    [proposal] = (await chat.desk.engine.store.proposals(1)).items
    assert proposal.state is ProposalState.OPEN
    assert await chat.desk.orders() == []


@pytest.mark.parametrize("user", [EVE, VIC], ids=["stranger", "viewer"])
async def test_le_33_others_are_refused(chat: Chat, user: User) -> None:
    """Who is on no list, or may only look, moves nothing."""
    await chat.server.says(user, payload())
    await chat.server.until(lambda: chat.server.texts(STUDY))
    assert "✅" not in "".join(chat.server.texts(STUDY))
    assert (await chat.desk.engine.store.alerts(1)).items == []


@pytest.mark.parametrize("channel", [ELSEWHERE, LOG])
async def test_le_33_other_channels_are_refused(chat: Chat, channel: int) -> None:
    """An approver outside the study channel gets a no."""
    await chat.server.says(ANN, payload(), channel)
    await replies(chat, "does not take orders", channel)
    assert (await chat.desk.engine.store.alerts(1)).items == []


async def test_bots_webhooks_private_chats_and_other_guilds_are_not_heard(chat: Chat) -> None:
    """Not even answered: a payload of theirs is no payload."""
    await chat.server.says(User(BOT, ANN.roles, bot=True), payload())
    await chat.server.says(ANN, payload(), webhook_id="77")
    await chat.server.says(ANN, payload(), guild=None)
    await chat.server.says(ANN, payload(), guild=GUILD + 1)
    await chat.server.says(ANN, "!ping")
    assert len(await replies(chat, "Pong")) == 1
    assert (await chat.desk.engine.store.alerts(1)).items == []


async def test_le_34_ping_tells_milliseconds(chat: Chat) -> None:
    """The gateway's latency."""
    await chat.server.says(ANN, "!ping")
    [said] = await replies(chat, "Pong")
    assert re.fullmatch(r"Pong: \d+ ms", said)


async def test_le_34_mirror_echoes_without_mentions(chat: Chat) -> None:
    """The text comes back; nobody is called by it."""
    await chat.server.says(ANN, "!mirror hello @everyone and <@123456789012345678>")
    [said] = await replies(chat, "hello")
    assert "@everyone" not in said
    assert "<@1" not in said
    assert said.startswith("hello @")


async def test_le_35_a_payload_edited_before_it_is_sent_is_honoured(chat: Chat) -> None:
    """The block from the study channel, with limit changed to market: the order is a market order."""
    body = json.dumps(ENTRY | {"type": "limit", "price": "39000", "passphrase": "***"})
    await chat.propose(body=body)
    copied = next(line for line in chat.server.texts(STUDY)[0].splitlines() if line.startswith("!payload"))
    await chat.server.says(ANN, copied.replace('"limit"', '"market"').replace("39000", "40000"))
    await replies(chat, "✅")
    [entry] = await chat.desk.orders(OrderRole.ENTRY)
    assert entry.request.type is OrderType.MARKET


async def test_editing_a_sent_message_does_nothing(chat: Chat) -> None:
    """Only what was sent counts: an edit is never read."""
    message = await chat.server.says(ANN, "hello")
    await chat.server.push("MESSAGE_UPDATE", message | {"content": payload()})
    await chat.server.says(ANN, "!ping")
    await replies(chat, "Pong")
    assert (await chat.desk.engine.store.alerts(1)).items == []


@pytest.mark.parametrize(
    "text", ["!payload", "!payload {not json", "!payload []", "!payload {}", "!payload " + "{" * 900]
)
async def test_le_36_bad_json_gets_a_friendly_error(chat: Chat, text: str) -> None:
    """A code word and a way on; the text itself is not repeated."""
    await chat.server.says(ANN, text)
    said = await replies(chat, "❌")
    assert re.search(r"Not sent \(\w+", said[-1].replace("\\", ""))
    assert "{not json" not in said[-1]


async def test_a_payload_may_come_with_its_fence_and_on_many_lines(chat: Chat) -> None:
    """People copy the block as it is shown."""
    await chat.server.says(ANN, f"!payload\n```\n{json.dumps(ENTRY, indent=2)}\n```")
    await replies(chat, "✅")


async def test_a_replayed_text_runs_once(chat: Chat) -> None:
    """The gateway resumes and tells the message again."""
    await chat.server.says(ANN, payload())
    await replies(chat, "✅")
    await chat.server.cut(rewind=2)
    await chat.server.until(lambda: chat.server.resumes and chat.server.connected)
    await chat.server.says(ANN, "!ping")
    said = await replies(chat, "Pong")
    assert sum("Processing" in text for text in said) == 1
