"""The thread below a proposal's card."""

from __future__ import annotations

import re

from tests.bot.discord.conftest import Chat, running
from tests.desk import TestDesk
from tests.servers.discord import ANN, STUDY, DiscordServer, Fault


async def approved(chat: Chat) -> int:
    """A proposal that was approved and filled; the message of its card, and so the id of its thread."""
    await chat.propose()
    card = int(chat.server.card()["id"])
    await chat.server.answer(await chat.server.click(ANN, chat.server.button("Approve")))
    await chat.desk.settle()
    return card


async def gathered(chat: Chat, thread: int, *words: str) -> str:
    """All that stands in the thread, once it says all of these."""
    await chat.server.until(lambda: all(word in "\n".join(chat.server.texts(thread)) for word in words))
    return "\n".join(chat.server.texts(thread))


async def test_a_proposal_gathers_what_becomes_of_it(chat: Chat) -> None:
    """Fill, stop, the stop that moved, the way out and what it came to, all below its card."""
    thread = await approved(chat)
    await gathered(chat, thread, "(entry, Testing): filled", "Stop now at 39800")
    assert chat.server.threads == {thread: "buy 0.5 BTCPERP"}
    await chat.desk.book("40500", "40500.5")
    await chat.desk.breakeven()
    await gathered(chat, thread, "Stop now at 40100")
    await chat.desk.book("41000", "41000.5")
    told = await gathered(chat, thread, "(target, Testing): filled", "BTCPERP on Testing is closed:")
    assert chat.server.texts(STUDY)[-1] not in told


async def test_before_an_answer_there_is_no_thread(chat: Chat) -> None:
    """And a rejected proposal has none, since nothing comes of it."""
    await chat.propose()
    await chat.server.answer(await chat.server.click(ANN, chat.server.button("Reject")))
    await chat.server.until(lambda: "Rejected" in chat.server.card()["content"])
    assert chat.server.threads == {}


async def test_the_thread_is_found_again_after_a_restart(chat: Chat, desk: TestDesk, server: DiscordServer) -> None:
    """Another log-in goes on in it."""
    thread = await approved(chat)
    await gathered(chat, thread, "(entry, Testing): filled")
    chat.task.cancel()
    await server.until(lambda: not server.connected)
    async with running(desk, server) as again:
        await desk.book("41000", "41000.5")
        await gathered(again, thread, "(target, Testing): filled")
    assert len(server.threads) == 1


async def test_a_server_that_allows_no_threads_still_gets_the_log(chat: Chat) -> None:
    """The log channel tells it all; the card is answered as ever."""
    chat.server.faults += [Fault("POST", "/threads", 403, {"message": "Missing Permissions", "code": 50013})] * 9
    await approved(chat)
    await chat.logged("(entry, Testing): filled")
    await chat.server.until(lambda: "Approved by" in chat.server.card()["content"])
    assert chat.server.threads == {}


async def test_discord_counts_down_by_itself(chat: Chat) -> None:
    """The card holds the moment at which it ends, in Discord's own notation; an answered one does not."""
    await chat.propose()
    [proposal] = (await chat.desk.engine.store.proposals(1)).items
    shown = re.search(r"<t:(\d+):R>", chat.server.card()["content"])
    assert shown is not None
    assert int(shown[1]) == int(proposal.expires_at.timestamp())
    await chat.server.answer(await chat.server.click(ANN, chat.server.button("Approve")))
    await chat.server.until(lambda: "Approved by" in chat.server.card()["content"])
    assert "<t:" not in chat.server.card()["content"]
