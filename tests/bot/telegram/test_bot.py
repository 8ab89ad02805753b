"""What people type and press, as it travels between Telegram and the desk."""

from __future__ import annotations

import pytest

import texts
from core.values.proposals import ProposalState
from tests.bot.telegram.conftest import ANN, STRANGER, VIEWER, Chat
from tests.servers.telegram import OWNER


async def test_tm_02_after_start_the_chat_has_one_greeting(live: Chat) -> None:
    """One message greets, and the menu of commands is set from the table."""
    await live.server.until(lambda: bool(live.server.calls("setMyCommands")))
    assert len(live.server.texts) == 1
    names = [command["command"] for command in live.server.calls("setMyCommands")[0]["commands"]]
    assert {"buy", "kill", "approve", "help"} <= set(names)


async def test_a_typed_buy_is_answered_and_stands_at_the_broker(live: Chat) -> None:
    """`/buy` leads to a notice in the chat and one order."""
    await live.server.say("/buy 1 btcperp")
    await live.server.shown("BTCPERP limit")
    await live.desk.settle()
    assert len(await live.desk.orders()) == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("/buy GAZP X", "amount_or_sum"),
        ("/buy 1 2 3 GAZP", "too_many_arguments"),
        ("/buy GAZP 10.5", "amount_or_sum"),
        ("/buy 10 NOPE", "unknown_ticker"),
        ("/frobnicate", "unknown_command"),
    ],
)
async def test_tm_08_09_what_cannot_be_understood_is_refused_by_its_code(live: Chat, text: str, code: str) -> None:
    """A wrong argument or ticker gets a refusal with its code word, and no order."""
    await live.server.say(text)
    await live.server.shown(f"Refused: {code}")
    assert await live.desk.orders() == []


async def test_start_is_help(live: Chat) -> None:
    """The button that opens a bot, and plain words in private, show the list of commands."""
    await live.server.say("/start")
    await live.server.shown("/kill")
    update = await live.server.say("good morning")
    await live.hear(update)
    assert sum("/kill" in text for text in live.server.texts) == 2


async def test_a_command_for_another_bot_of_the_group_is_not_ours(live: Chat) -> None:
    """`/kill@other_bot` is left alone, `/kill@desk_bot` obeyed."""
    await live.hear(await live.server.say("/kill@other_bot"))
    assert live.desk.engine.desk.safety.halt is None
    await live.hear(await live.server.say("/kill@Desk_Bot"))
    assert live.desk.engine.desk.safety.halt is not None


async def test_approve_pressed_is_one_order_and_an_answer(live: Chat) -> None:
    """The press is answered, the order is sent, and the card shows who approved, without buttons."""
    _, card = await live.propose()
    assert list(card.buttons) == ["Approve", "Half", "Edit", "Market now", "Snooze", "Reject"]
    query = await live.server.press(card.buttons["Approve"], card)
    await live.server.until(lambda: "Approved by owner (telegram)" in card.plain)
    await live.server.until(
        lambda: any(a["callback_query_id"] == query for a in live.server.calls("answerCallbackQuery"))
    )
    await live.desk.settle()
    assert card.buttons == {}
    assert [order.request.role.value for order in await live.desk.orders()].count("entry") == 1


async def test_a_second_press_is_told_that_the_first_counted(live: Chat) -> None:
    """The same button again: an answer that says so, no second order."""
    _, card = await live.propose()
    approve = card.buttons["Approve"]
    await live.server.press(approve, card)
    await live.server.until(lambda: "Approved by" in card.plain)
    await live.desk.settle()
    before = len(await live.desk.orders())
    await live.server.press(approve, card)
    await live.server.until(lambda: len(live.server.calls("answerCallbackQuery")) == 2)
    assert "press_gone" in live.server.calls("answerCallbackQuery")[1]["text"]
    await live.desk.settle()
    assert len(await live.desk.orders()) == before


async def test_a_hundred_presses_at_once_are_one_order(live: Chat) -> None:
    """A hundred clicks on Approve in one burst: one entry, a hundred answers."""
    _, card = await live.propose()
    queries = [{"callback_query": live.server.query(card.buttons["Approve"], card)} for _ in range(100)]
    await live.server.push_raw(*({"update_id": 800_000_000 + n, **query} for n, query in enumerate(queries)))
    await live.server.until(lambda: len(live.server.calls("answerCallbackQuery")) == 100)
    await live.server.until(lambda: "Approved by" in card.plain)
    await live.desk.settle()
    assert [order.request.role.value for order in await live.desk.orders()].count("entry") == 1


async def test_a_stranger_who_presses_gets_silence(live: Chat) -> None:
    """A press by somebody else changes nothing and is not even answered."""
    proposal, card = await live.propose()
    await live.server.press(card.buttons["Approve"], card, user=STRANGER)
    await live.hear(await live.server.say("/status", user=STRANGER))
    now = await live.desk.engine.store.proposal(proposal.id)
    assert now is not None
    assert now.state is ProposalState.OPEN
    assert live.server.calls("answerCallbackQuery") == []


async def test_a_forged_button_does_nothing(live: Chat) -> None:
    """An id that was never offered, or a command in its place, is a press that is gone."""
    _, card = await live.propose()
    for data in ("deadbeefdeadbeef", "/kill", "/press x"):
        await live.server.press(data, card)
    await live.server.until(lambda: len(live.server.calls("answerCallbackQuery")) == 3)
    assert all("press_gone" in answer["text"] for answer in live.server.calls("answerCallbackQuery"))
    assert live.desk.engine.desk.safety.halt is None


async def test_a_stale_button_does_nothing(live: Chat) -> None:
    """Approve on a proposal that has expired is refused."""
    _, card = await live.propose()
    approve = card.buttons["Approve"]
    await live.desk.clock.advance(400)
    await live.server.until(lambda: "Expired without an answer" in card.plain)
    assert card.buttons == {}
    await live.server.press(approve, card)
    await live.server.until(lambda: len(live.server.calls("answerCallbackQuery")) == 1)
    assert "Refused: expired" in live.server.calls("answerCallbackQuery")[0]["text"]
    assert await live.desk.orders() == []


async def test_edit_is_a_short_dialogue(live: Chat) -> None:
    """Edit asks what to change with an opened reply; the next message changes the card in place."""
    _, card = await live.propose()
    await live.server.press(card.buttons["Edit"], card)
    prompt = await live.server.shown("Answer this message")
    assert prompt.markup == {"force_reply": True}
    await live.server.say("quantity=0.1 type=limit")
    await live.server.until(lambda: "buy 0.1 BTCPERP limit" in card.plain)
    assert list(card.buttons) == ["Approve", "Half", "Edit", "Market now", "Snooze", "Reject"]
    assert card.edits == 1


async def test_a_command_ends_an_open_edit(live: Chat) -> None:
    """Somebody who types a command instead of the answer gets the command, and the next words are no edit."""
    _, card = await live.propose()
    await live.server.press(card.buttons["Edit"], card)
    await live.server.shown("Answer this message")
    await live.server.say("/status")
    await live.server.shown("Live orders:")
    await live.hear(await live.server.say("quantity=0.1"))
    await live.server.shown("Commands:")
    assert card.edits == 0


async def test_a_viewer_may_look_and_not_trade(chat: Chat) -> None:
    """A member's role counts in the chat: looking yes; ordering, Edit and Approve no."""
    async with chat.running(chat.bot(allowed=(OWNER, VIEWER)), outbox=True):
        _, card = await chat.propose()
        await chat.server.say("/positions", user=VIEWER)
        await chat.server.shown("No open positions")
        await chat.server.say("/buy 1 BTCPERP", user=VIEWER)
        await chat.server.shown("Refused: not_allowed")
        await chat.server.press(card.buttons["Edit"], card, user=VIEWER)
        await chat.server.press(card.buttons["Approve"], card, user=VIEWER, chat=VIEWER)
        await chat.hear(await chat.server.say("/health", user=VIEWER))
    assert await chat.desk.orders() == []
    assert card.buttons
    assert not any("Answer this message" in text for text in chat.server.texts)


async def test_a_private_notice_goes_to_those_who_may_see_it(chat: Chat) -> None:
    """Without a chat_id each person's own chat gets what they may see: the desk's go to all who help to run it."""
    async with chat.running(chat.bot(allowed=(OWNER, VIEWER, ANN)), outbox=True):
        await chat.tell("one")
        await chat.server.until(lambda: sum("one:" in text for text in chat.server.texts) == 3)
    assert {shown.chat for shown in chat.server.messages.values()} == {OWNER, VIEWER, ANN}


async def test_each_reader_is_told_in_their_own_language(chat: Chat) -> None:
    """Who chose Russian reads Russian, also of what nobody asked for; the others are spoken to as before."""
    async with chat.running(chat.bot(allowed=(OWNER, VIEWER)), outbox=True):
        await chat.server.say("/language ru")
        await chat.server.shown(texts.render("command.speaks_ru"))
        await chat.desk.say("/kill")
        params = {"by": "owner", "reason": "/kill"}
        mine = await chat.server.shown(texts.render("report.halted", params, "ru"))
        others = await chat.server.shown(texts.render("report.halted", params, "en"))
    assert (mine.chat, others.chat) == (OWNER, VIEWER)


async def test_a_confirmation_is_one_press_and_its_button_goes(live: Chat) -> None:
    """`/cancel all` shows a button; pressed, it runs, and the button disappears."""
    await live.desk.enter()
    await live.server.say("/cancel all")
    asked = await live.server.shown("This cancels all")
    await live.server.press(asked.buttons["Yes, do it"], asked)
    await live.server.shown("Cancelled")
    await live.server.until(lambda: asked.buttons == {})
    assert live.desk.live() == []


async def test_a_card_answered_elsewhere_is_edited_in_place(live: Chat) -> None:
    """A proposal that was rejected by another surface: the same message says who, and has no buttons."""
    proposal, card = await live.propose()
    await live.desk.say(f"/reject {proposal.id}")
    await live.server.until(lambda: "Rejected by owner (test)" in card.plain)
    assert card.buttons == {}
    assert sum("BTCPERP" in text for text in live.server.texts) == 1


async def test_a_card_whose_message_is_gone_is_sent_anew(live: Chat) -> None:
    """Somebody deleted the card: its next word is a new message."""
    proposal, card = await live.propose()
    del live.server.messages[card.chat, card.id]
    await live.desk.say(f"/reject {proposal.id}")
    anew = await live.server.shown("Rejected by owner (test)")
    assert anew.id != card.id


async def test_a_card_is_found_again_after_a_restart(chat: Chat) -> None:
    """Another run of the bot edits the message that the first one sent."""
    async with chat.running(outbox=True):
        proposal, card = await chat.propose()
        while await chat.desk.engine.store.undelivered("telegram", 1):
            await chat.desk.breathe()
    await chat.desk.say(f"/reject {proposal.id}")
    async with chat.running(outbox=True):
        await chat.server.until(lambda: "Rejected by owner (test)" in card.plain)
    assert card.edits == 1


async def test_what_comes_of_a_proposal_answers_its_card(live: Chat) -> None:
    """Fill and result are replies, so that a finger on one leads to the card."""
    _, card = await live.propose()
    await live.server.press(card.buttons["Approve"], card)
    filled = await live.server.shown("(entry, Testing): filled")
    await live.desk.book("41000", "41000.5")
    result = await live.server.shown("is closed:")
    assert (filled.reply_to, result.reply_to) == (card.id, card.id)


async def test_reject_is_one_press_and_the_reason_another(live: Chat) -> None:
    """The usual reasons are offered as buttons; the one pressed stands on the card."""
    proposal, card = await live.propose()
    await live.server.press(card.buttons["Reject"], card)
    why = await live.server.shown("Why?")
    assert list(why.buttons) == ["Bad price", "Too late", "Too large", "Not my plan", "Other…"]
    await live.server.press(why.buttons["Too late"], why)
    await live.server.until(lambda: "It is too late (too_late)" in card.plain)
    now = await live.desk.engine.store.proposal(proposal.id)
    assert now is not None
    assert (now.state, now.reason) == (ProposalState.REJECTED, "too_late")


async def test_a_reason_may_be_given_in_ones_own_words(live: Chat) -> None:
    """Other… opens a reply; the next message is the reason."""
    _, card = await live.propose()
    await live.server.press(card.buttons["Reject"], card)
    why = await live.server.shown("Why?")
    await live.server.press(why.buttons["Other…"], why)
    await live.server.shown("Answer this message with why")
    await live.server.say("the news are bad")
    await live.server.until(lambda: "the news are bad" in card.plain)


async def test_a_link_is_composed_in_the_chat(live: Chat) -> None:
    """Plain words and presses answer the questions; the URL comes at the end."""
    await live.server.say("/links new")
    await live.server.shown("What is it called?")
    await live.server.say("Trend")
    asked = await live.server.shown("On which account")
    await live.server.press(asked.buttons["Testing"], asked)
    for question, answer in (
        ("Which strategy", "SuperTrend"),
        ("How much", "0.5"),
        ("Stop loss", "2 %"),
        ("Target", "none"),
        ("Trailing", "none"),
        ("Trade at once", "auto"),
    ):
        await live.server.shown(question)
        await live.server.say(answer)
    done = await live.server.shown("Webhook URL")
    assert '"strategy": "SuperTrend"' in done.plain
    assert "/hook/" in done.plain
