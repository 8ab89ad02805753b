"""What goes out: whole, escaped, in pieces, at Telegram's pace, and after an outage in short."""

from __future__ import annotations

import asyncio
import itertools
import logging

import pytest

from bot.telegram.sender import Sender
from bot.telegram.showing import as_html
from bot.words import split
from core.values.errors import Broken, Transient
from core.values.notices import NoticeKind
from tests.bot.telegram.conftest import Chat
from tests.servers.telegram import OWNER, TOKEN

NASTY = "<b>bold</b> & *stars* _under_ `code` [a](http://x) @everyone <script>"


async def test_markup_in_an_alert_is_shown_as_it_was_written(live: Chat) -> None:
    """HTML, Markdown and @everyone in alert text: plain text in the chat, nothing parsed, nobody called."""
    await live.tell("nasty", message=NASTY)
    shown = await live.server.shown("bold")
    assert NASTY.replace("@", "@\u2060") in shown.plain
    assert "<b>" not in shown.text


@pytest.mark.parametrize("filler", ["x", "&", "😀", "word "])
async def test_4097_characters_come_in_pieces(chat: Chat, filler: str) -> None:
    """Too long for one message: all of it arrives, in order, none over the limit."""
    clock = chat.fast()
    text = (filler * 4097)[:4097]
    async with chat.running() as bot:
        sending = asyncio.ensure_future(bot.surface.send(await chat.tell("long", message=text)))
        await clock.until(sending.done)
        await sending
    pieces = chat.server.texts
    assert len(pieces) >= 2
    assert text.replace(" ", "") in "".join(pieces).replace("\n", "").replace(" ", "")


def test_pieces_are_cut_between_lines() -> None:
    """Lines stay whole where they fit."""
    assert split("one\ntwo\nthree", 7) == ["one\ntwo", "three"]
    assert split("one two three", 5) == ["one t", "wo th", "ree"]
    assert split("", 5) == []


def test_an_at_sign_calls_nobody() -> None:
    """A name behind @ is broken apart invisibly; an address of prices is left alone."""
    assert as_html("@everyone 5 @ 7") == "@\u2060everyone 5 @ 7"


async def test_a_critical_notice_is_marked_and_overtakes(chat: Chat) -> None:
    """While ordinary notices wait for the chat's pace, a critical one goes in front of them."""
    clock = chat.fast()
    async with chat.running(outbox=True):
        for number in range(12):
            await chat.tell(f"usual{number}")
        await clock.until(lambda: any("usual2" in text for text in chat.server.texts))
        await chat.tell("naked", critical=True)
        await clock.until(lambda: any("naked:" in text for text in chat.server.texts))
        assert chat.server.find("naked:").plain.startswith("🚨")
        assert not any("usual11" in text for text in chat.server.texts)
        await clock.until(lambda: any("usual11" in text for text in chat.server.texts))
    order = [text for text in chat.server.texts if "usual" in text]
    assert order == [f"usual{number}:" for number in range(12)]


async def test_progress_that_was_overtaken_is_not_sent(chat: Chat) -> None:
    """Of a card's steps that wait together only the newest goes out; what is no progress goes out whole."""
    clock = chat.fast()
    for number in range(8):
        await chat.tell(f"step{number}", card="task:1", kind=NoticeKind.PROGRESS)
    await chat.tell("done")
    async with chat.running(outbox=True):
        await clock.until(lambda: any("done:" in text for text in chat.server.texts))
    assert [text for text in chat.server.texts if "step" in text] == ["⏳ step7:"]


async def test_the_pace_of_a_group_is_kept(chat: Chat) -> None:
    """At most 20 messages in any minute in a group, and five in any five seconds."""
    clock = chat.fast()
    bot = chat.bot(chat_id=-77)
    async with chat.running(bot):
        sends = [asyncio.ensure_future(bot.surface.send(await chat.tell(f"n{n}"))) for n in range(45)]
        await clock.until(lambda: len(chat.server.calls("sendMessage")) == 45)
        await asyncio.gather(*sends)
    times = [heard.at for heard in chat.server.heard if heard.method == "sendMessage"]
    for several, per_s in ((20, 60), (5, 5)):
        spans = [(b - a).total_seconds() for a, b in zip(times, times[several:], strict=False)]
        assert min(spans) >= per_s - 0.5  # a message may be heard a step of this clock after it was sent


async def test_a_storm_of_429_is_obeyed(chat: Chat) -> None:
    """After each 429 nothing is sent for as long as Telegram says; then everything is, once."""
    clock = chat.fast()
    bot = chat.bot()
    chat.server.fail("sendMessage", times=3, status=429, description="Too Many Requests: retry later", retry_after=20)
    async with chat.running(bot):
        sends = [asyncio.ensure_future(bot.surface.send(await chat.tell(f"n{n}"))) for n in range(4)]
        await clock.until(lambda: len(chat.server.texts) == 4)
        await asyncio.gather(*sends)
    times = [heard.at for heard in chat.server.heard if heard.method == "sendMessage"]
    assert len(times) == 7
    assert all((b - a).total_seconds() >= 20 for a, b in itertools.pairwise(times[:4]))
    assert sorted(chat.server.texts) == [f"n{n}:" for n in range(4)]


async def test_a_long_pause_is_told_to_who_waits(chat: Chat) -> None:
    """A 429 for an hour: the sender raises Transient with that hour, so that the outbox keeps the notice."""
    chat.server.fail("sendMessage", status=429, description="Too Many Requests", retry_after=3600)
    async with chat.running(chat.bot()) as bot:
        with pytest.raises(Transient) as told:
            await bot.surface.send(await chat.tell("one"))
    assert told.value.retry_after_s == 3600


async def test_a_closed_bot_refuses_to_send(chat: Chat) -> None:
    """After the bot has stopped, a notice is Transient: kept for the next run, no socket is opened."""
    bot = chat.bot()
    async with chat.running(bot):
        await chat.server.until(lambda: chat.server.polls > 0)
    with pytest.raises(Transient):
        await bot.surface.send(await chat.tell("one"))


async def test_an_outage_of_six_hours_ends_in_one_summary_and_what_is_critical(chat: Chat) -> None:
    """Telegram is gone for six virtual hours with notices of all kinds: back, it gets one summary and the critical."""
    clock = chat.fast()
    async with chat.running(outbox=True):
        await clock.until(lambda: any("The desk is open" in text for text in chat.server.texts))
        chat.server.cut()
        for hour in range(6):
            for number in range(10):
                await chat.tell(f"usual{hour}.{number}")
            await chat.tell(f"critical{hour}", critical=True)
            await clock.pass_(3600)
        await chat.desk.say("/buy 1 BTCPERP")
        assert len(await chat.desk.orders()) == 1
        before = len(chat.server.texts)
        chat.server.mend()
        await clock.until(lambda: any("critical5" in text for text in chat.server.texts))
        told = chat.server.texts[before:]
    assert sum("out of reach: 60 messages" in text for text in told) == 1
    assert sum("critical" in text for text in told) == 6
    assert not any("usual" in text for text in told)


async def test_after_an_outage_what_waits_for_an_answer_is_shown(chat: Chat) -> None:
    """A proposal still open comes in full, and a card that people saw before is brought up to date."""
    clock = chat.fast()
    async with chat.running(outbox=True):
        await clock.until(lambda: any("The desk is open" in text for text in chat.server.texts))
        await chat.tell("old", card="shown:1")
        await clock.until(lambda: any("old:" in text for text in chat.server.texts))
        card = chat.server.find("old:")
        chat.server.cut()
        for number in range(30):
            await chat.tell(f"usual{number}")
            await chat.tell(f"step{number}", card="unseen:1")
        await chat.tell("new", card="shown:1")
        await clock.pass_(600)
        propose = asyncio.ensure_future(chat.propose())
        await clock.pass_(60)
        chat.server.mend()
        await clock.until(lambda: any("Approve?" in text for text in chat.server.texts) and "new:" in card.plain)
        await propose
    assert not any("usual" in text or "step" in text for text in chat.server.texts)


async def test_secrets_are_in_no_message_and_no_log(chat: Chat, caplog: pytest.LogCaptureFixture) -> None:
    """A whole conversation with every kind of trouble: the token is neither said nor logged."""
    clock = chat.fast()
    with caplog.at_level(logging.DEBUG):
        chat.server.fail("getUpdates", drop=True)
        chat.server.fail("sendMessage", drop=True)
        chat.server.fail("sendMessage", status=403, description="Forbidden: bot was blocked by the user")
        async with chat.running(outbox=True):
            await chat.server.say("/status")
            await chat.server.say("/help")
            await clock.until(lambda: any("Commands:" in text for text in chat.server.texts))
    assert TOKEN not in caplog.text
    assert TOKEN.split(":")[1] not in caplog.text
    assert not any(TOKEN in text for text in chat.server.texts)


async def test_what_is_no_token_is_refused_without_being_shown(chat: Chat) -> None:
    """A setting that cannot be a token raises Broken, which does not quote it."""
    with pytest.raises(Broken) as told:
        chat.bot(token="hunter2 is my password")
    assert "hunter2" not in str(told.value)


async def test_a_full_line_is_transient(chat: Chat) -> None:
    """More than a bounded number of ordinary messages do not pile up in memory."""
    chat.fast()
    bot = chat.bot()
    sender: Sender = bot.surface._sender
    async with chat.running(bot):
        notices = [await chat.tell("n")]
        sends = [asyncio.ensure_future(bot.surface.show(notices[0], OWNER, "en", urgent=False)) for _ in range(520)]
        await asyncio.wait(sends, return_when=asyncio.FIRST_COMPLETED)
        assert len(sender._lines[OWNER]) <= 500
        for send in sends:
            send.cancel()
        results = await asyncio.gather(*sends, return_exceptions=True)
    assert any(isinstance(result, Transient) for result in results)
