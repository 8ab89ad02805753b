"""Pictures in Telegram: they come into the card by edit, and its words stay with it."""

from __future__ import annotations

import pytest

from charts.painting import paint
from core.services.outbox import card_key
from core.values.errors import DeskError
from core.values.notices import NoticeKind
from tests.bot.telegram.conftest import Chat
from tests.charts.pictures import a_chart

PNG = paint(a_chart(), "en")
OTHER = paint(a_chart(width=800), "en")


async def test_a_card_becomes_a_picture_with_its_words_and_buttons(chat: Chat) -> None:
    """The same message as before: its words as caption, its buttons still there."""
    async with chat.running(outbox=True) as bot:
        proposal, card = await chat.propose()
        words, buttons = card.plain, card.buttons
        await bot.surface.illustrate(f"proposal:{proposal.id}", PNG)
    assert (card.photo, card.plain, card.buttons) == (PNG, words, buttons)
    assert {"Approve", "Half", "Edit", "Reject"} <= buttons.keys()
    assert chat.server.calls("sendPhoto") == []


async def test_a_picture_keeps_its_card_up_to_date(chat: Chat) -> None:
    """What becomes of the proposal is told in the caption; the picture stays, the buttons go."""
    async with chat.running(outbox=True) as bot:
        proposal, card = await chat.propose()
        await bot.surface.illustrate(f"proposal:{proposal.id}", PNG)
        await chat.server.press(card.buttons["Reject"], card)
        await chat.server.until(lambda: "Rejected by" in card.plain)
    assert card.photo == PNG
    assert not any("Approve?" in text for text in chat.server.texts)


async def test_a_newer_picture_takes_the_place_of_the_first(chat: Chat) -> None:
    """An edited proposal has one message with one picture."""
    async with chat.running(outbox=True) as bot:
        proposal, card = await chat.propose()
        await bot.surface.illustrate(f"proposal:{proposal.id}", PNG)
        await bot.surface.illustrate(f"proposal:{proposal.id}", OTHER)
    assert card.photo == OTHER
    assert chat.server.calls("sendPhoto") == []


async def test_a_card_whose_words_are_too_many_is_answered_with_its_picture(chat: Chat) -> None:
    """1,025 characters are no caption: the card keeps all of its words, the picture is a reply to it."""
    async with chat.running(outbox=True) as bot:
        await chat.tell("long", card="order:1", message="x" * 1025)
        card = await chat.server.shown("xxx")
        words = card.plain
        await bot.surface.illustrate("order:1", PNG)
    [picture] = [shown for shown in chat.server.messages.values() if shown.photo]
    assert (picture.photo, picture.reply_to) == (PNG, card.id)
    assert (card.plain, card.photo) == (words, b"")


async def test_a_caption_that_grows_too_long_is_cut(chat: Chat) -> None:
    """The card goes on: what does not fit is the dashboard's."""
    async with chat.running(outbox=True) as bot:
        await chat.tell("short", card="order:1")
        card = await chat.server.shown("short")
        await bot.surface.illustrate("order:1", PNG)
        await chat.tell("long", card="order:1", message="& " * 1000)
        await chat.server.until(lambda: "long" in card.plain)
    assert len(card.plain) <= 1024
    assert card.photo == PNG


async def test_after_a_restart_a_picture_is_edited_as_one(chat: Chat) -> None:
    """A desk that has forgotten what stands in the chat learns it from Telegram and changes the caption."""
    async with chat.running(outbox=True) as bot:
        await chat.tell("before", card="order:1")
        card = await chat.server.shown("before")
        await bot.surface.illustrate("order:1", PNG)
    async with chat.running(outbox=True):
        await chat.tell("after", card="order:1")
        await chat.server.until(lambda: "after" in card.plain)
        await chat.tell("later", card="order:1")
        await chat.server.until(lambda: "later" in card.plain)
    assert card.photo == PNG
    assert len(chat.server.calls("editMessageText")) == 1


async def test_after_a_restart_a_picture_is_a_reply(chat: Chat) -> None:
    """The words it would need as caption are forgotten: the card is left as it is."""
    async with chat.running(outbox=True):
        await chat.tell("before", card="order:1")
        card = await chat.server.shown("before")
        while not await chat.desk.engine.store.flag(card_key("telegram", "order:1")):
            await chat.desk.breathe()
    async with chat.running() as bot:
        await bot.surface.illustrate("order:1", PNG)
    [picture] = [shown for shown in chat.server.messages.values() if shown.photo]
    assert picture.reply_to == card.id
    assert "before" in card.plain


async def test_a_picture_without_a_card_is_dropped(chat: Chat) -> None:
    """Nobody was shown that card: nothing is sent."""
    async with chat.running(outbox=True) as bot:
        await bot.surface.illustrate("order:unknown", PNG)
    assert chat.server.calls("sendPhoto") == chat.server.calls("editMessageMedia") == []


async def test_a_picture_that_is_refused_leaves_the_words(chat: Chat) -> None:
    """Telegram takes no such file: the card stays as it was, and is edited as text afterwards."""
    async with chat.running(outbox=True) as bot:
        await chat.tell("before", card="order:1")
        card = await chat.server.shown("before")
        with pytest.raises(DeskError):
            await bot.surface.illustrate("order:1", b"no picture")
        await chat.tell("after", card="order:1", kind=NoticeKind.INFO)
        await chat.server.until(lambda: "after" in card.plain)
    assert card.photo == b""
