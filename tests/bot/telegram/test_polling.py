"""Long polling: once each, nothing old, nothing twice, and no trouble of Telegram's ends it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from tests.bot.telegram.conftest import Chat
from tests.servers.telegram import OWNER, TOKEN

BUY = "/buy 1 BTCPERP"


async def test_tm_04_old_commands_are_not_run_and_said_once(chat: Chat) -> None:
    """What was typed while the desk was down is listed in one notice, and not done."""
    old = {"date": int(chat.wire.now().timestamp()) - 31}
    await chat.server.say(BUY, **old)
    last = await chat.server.say("/cancel", **old)
    async with chat.running():
        await chat.server.shown("Not run, because they came too late")
        await chat.hear(last)
        assert len(chat.server.texts) == 1
        assert BUY in chat.server.texts[0]
        assert "/cancel" in chat.server.texts[0]
    assert await chat.desk.orders() == []


async def test_an_old_kill_is_obeyed(chat: Chat) -> None:
    """`/kill` counts at any age."""
    await chat.server.say("/kill", date=int(chat.wire.now().timestamp()) - 86_000)
    async with chat.running():
        await chat.server.shown("HALTED")
    assert chat.desk.engine.desk.safety.halt is not None


async def test_an_edited_message_is_not_run(chat: Chat) -> None:
    """Editing "/status" into "/buy" buys nothing."""
    async with chat.running():
        await chat.hear(await chat.server.push(edited_message=chat.server.message(BUY)))
    assert await chat.desk.orders() == []


async def test_a_redelivered_update_runs_once(chat: Chat) -> None:
    """The same update twice in the queue is one command."""
    update = {"update_id": 700_000_500, "message": chat.server.message(BUY)}
    async with chat.running():
        await chat.server.push_raw(update, update)
        await chat.server.shown("BTCPERP limit")
        await chat.server.push_raw(update, {"update_id": 700_000_501, "message": chat.server.message("/health")})
        await chat.server.shown("True")
    await chat.desk.settle()
    assert len(chat.server.texts) == 2
    assert len(await chat.desk.orders()) == 1


async def test_a_redelivered_update_runs_once_across_a_restart(chat: Chat) -> None:
    """Telegram lost our confirmation: the new run knows the update all the same."""
    update = {"update_id": 700_000_500, "message": chat.server.message(BUY)}
    async with chat.running():
        await chat.server.push_raw(update)
        await chat.hear(700_000_500)
    before = len(chat.server.texts)
    await chat.server.push_raw(update)
    async with chat.running():
        await chat.server.push_raw({"update_id": 700_000_501, "message": chat.server.message("/health")})
        await chat.server.shown("True")
    assert len(await chat.desk.orders()) == 1
    assert len(chat.server.texts) == before + 1


async def test_a_slow_command_does_not_hold_up_the_next(chat: Chat) -> None:
    """An answer that Telegram keeps hanging does not stop `/kill`."""
    async with chat.running():
        await chat.server.until(lambda: chat.server.polls > 0)
        chat.server.hold("sendMessage")
        await chat.server.say("/status")
        await chat.server.until(lambda: bool(chat.server.calls("sendMessage")))
        await chat.hear(await chat.server.say("/kill"))
        assert chat.desk.engine.desk.safety.halt is not None
        chat.server.release()


async def test_another_desk_is_noticed_and_polling_goes_on(chat: Chat) -> None:
    """409: on_conflict is called once for the whole episode; afterwards the chat works."""
    clock = chat.fast()
    chat.server.fail("getUpdates", times=3, status=409, description="Conflict: terminated by other getUpdates request")
    async with chat.running():
        await clock.until(lambda: not chat.server.faults and chat.server.polls > 0)
        assert chat.conflicts == [1]
        await chat.server.say("/health")
        await clock.until(lambda: "True" in chat.server.texts)


async def test_two_bots_on_one_token_both_say_so(chat: Chat) -> None:
    """A second real poller ends the first one's poll, which calls it a conflict."""
    async with chat.running():
        await chat.server.until(lambda: chat.server.polls > 0)
        async with chat.running():
            await chat.server.until(lambda: chat.server.polls > 1)
            async with asyncio.timeout(5):
                await chat.conflict.wait()


@pytest.mark.parametrize(
    "bad",
    [
        {"update_id": 700_000_600, "message": {"message_id": "no", "chat": 5}},
        {"update_id": 700_000_600, "callback_query": {"id": "1"}},
        {"update_id": "what", "message": None},
        {"message": {}},
    ],
    ids=str,
)
async def test_an_update_that_cannot_be_read_stops_nothing(chat: Chat, bad: dict[str, object]) -> None:
    """It is passed; the command behind it, of the same poll, is run."""
    await chat.server.push_raw(bad, {"update_id": 700_000_601, "message": chat.server.message("/health")})
    async with chat.running():
        await chat.server.shown("True")


async def test_trouble_of_the_network_is_survived(chat: Chat) -> None:
    """Cut connections, 500s, 429s and answers that are no JSON: polling comes back by itself."""
    clock = chat.fast()
    chat.server.fail("getUpdates", drop=True)
    chat.server.fail("getUpdates", status=502, description="Bad Gateway")
    chat.server.fail("getUpdates", status=429, description="Too Many Requests", retry_after=7)
    chat.server.fail("getMe", drop=True)
    await chat.server.say("/health")
    async with chat.running():
        await clock.until(lambda: "True" in chat.server.texts)
    assert not chat.server.faults


async def test_a_refused_token_ends_the_chat_loudly_and_only_the_chat(
    chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    """401: the bot returns by itself, an error is logged, and no token stands in it."""
    chat.server.token = "1:other"
    with caplog.at_level(logging.DEBUG):
        async with asyncio.timeout(5):
            await chat.bot().run()
    assert any(record.levelno == logging.CRITICAL for record in caplog.records)
    assert TOKEN not in caplog.text


async def test_ids_that_begin_anew_are_heard(chat: Chat) -> None:
    """After a silent week Telegram may number from anywhere: a much lower id is no repetition."""
    async with chat.running():
        await chat.hear(await chat.server.say("/status", OWNER))
        chat.server.forget_offset = True
        await chat.server.push_raw({"update_id": 5, "message": chat.server.message("/health")})
        await chat.server.shown("True")
