"""Pictures in Discord: attached to the message that is there."""

from __future__ import annotations

import pytest

from charts.painting import paint
from core.services.outbox import card_key
from core.values.errors import DeskError
from core.values.orders import OrderRole
from tests.bot.discord.conftest import Chat
from tests.charts.pictures import a_chart
from tests.servers.discord import ANN, LOG, STUDY

PNG = paint(a_chart(), "en")
OTHER = paint(a_chart(width=800), "en")


async def _until_kept(chat: Chat, card: str) -> None:
    """Until the surface knows which message shows it; it was on the wire before."""
    while not await chat.desk.engine.store.flag(card_key("discord", card)):
        await chat.desk.breathe()


async def _card(chat: Chat) -> str:
    await chat.propose()
    [proposal] = await chat.desk.engine.store.unfinished_proposals()
    await _until_kept(chat, f"proposal:{proposal.id}")
    return f"proposal:{proposal.id}"


async def test_a_card_gets_its_picture_and_keeps_words_and_buttons(chat: Chat) -> None:
    """By edit: no second message, nothing lost."""
    card = await _card(chat)
    before = chat.server.card()
    words, buttons, count = before["content"], before["components"], len(chat.server.shown(STUDY))
    await chat.bot.surface.illustrate(card, PNG)
    after = chat.server.card()
    assert chat.server.pictures(STUDY) == [PNG]
    assert (after["content"], after["components"], len(chat.server.shown(STUDY))) == (words, buttons, count)
    assert after["attachments"][0]["filename"] == "chart.png"


async def test_a_newer_picture_takes_the_place_of_the_first(chat: Chat) -> None:
    """One attachment, the newer."""
    card = await _card(chat)
    await chat.bot.surface.illustrate(card, PNG)
    await chat.bot.surface.illustrate(card, OTHER)
    assert chat.server.pictures(STUDY) == [OTHER]


async def test_an_answer_leaves_the_picture(chat: Chat) -> None:
    """The card tells who rejected it, under the same picture."""
    await chat.bot.surface.illustrate(await _card(chat), PNG)
    await chat.server.click(ANN, chat.server.button("Reject"))
    await chat.server.until(lambda: "Rejected by" in chat.server.card()["content"])
    assert chat.server.pictures(STUDY) == [PNG]


async def test_a_fill_in_the_log_gets_its_picture(chat: Chat) -> None:
    """The line that tells of an entry is the message that its picture is attached to."""
    await chat.desk.enter()
    line = await chat.logged("(entry, Testing): filled")
    [entry] = await chat.desk.orders(OrderRole.ENTRY)
    await _until_kept(chat, f"order:{entry.id}")
    await chat.bot.surface.illustrate(f"order:{entry.id}", PNG)
    [message] = [m for m in chat.server.shown(LOG) if m["attachments"]]
    assert message["content"] == line


async def test_a_picture_that_is_refused_leaves_the_words(chat: Chat) -> None:
    """Discord takes no such file: the card stays."""
    card = await _card(chat)
    before = dict(chat.server.card())
    with pytest.raises(DeskError):
        await chat.bot.surface.illustrate(card, b"no picture")
    assert chat.server.card() == before


async def test_a_picture_without_a_card_is_dropped(chat: Chat) -> None:
    """Nobody was shown that card."""
    await chat.bot.surface.illustrate("order:unknown", PNG)
    assert chat.server.pictures(STUDY) == []
