"""aiogram as we import it: lighter, and whole. An upgrade that changes this must fail here."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pydantic import BaseModel

from bot.telegram import light
from core.clock import SystemClock
from tests.bot.telegram.updates import KINDS, update_of
from tests.servers.telegram import TOKEN, TelegramServer


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_update_can_be_read(kind: str) -> None:
    """Each field of aiogram's Update parses, sample in hand, into that field and no other."""
    update = light.Update.model_validate({"update_id": 1, kind: update_of(kind, 1, 1, "/kill")})
    assert [name for name in KINDS if getattr(update, name) is not None] == [kind]


def methods() -> list[light.TelegramMethod[Any]]:
    """Everything that the desk sends."""
    keyboard = light.InlineKeyboardMarkup(
        inline_keyboard=[[light.InlineKeyboardButton(text="Approve", callback_data="1")]]
    )
    preview = light.LinkPreviewOptions(is_disabled=True)
    return [
        light.DeleteWebhook(),
        light.GetMe(),
        light.SetMyCommands(commands=[light.BotCommand(command="kill", description="stop")]),
        light.SendMessage(chat_id=1, text="a", parse_mode="HTML", link_preview_options=preview, reply_markup=keyboard),
        light.SendMessage(chat_id=1, text="b", reply_markup=light.ForceReply()),
        light.EditMessageText(chat_id=1, message_id=1, text="c", parse_mode="HTML", reply_markup=keyboard),
        light.EditMessageReplyMarkup(chat_id=1, message_id=1),
        light.AnswerCallbackQuery(callback_query_id="1", text="done"),
        light.GetUpdates(timeout=0, allowed_updates=["message"]),
    ]


async def test_every_method_of_the_desk_goes_out_and_its_answer_is_read(server: TelegramServer) -> None:
    """The real aiogram sends each over HTTP; the answers are of the types that we pinned."""
    session = light.Session(api=light.TelegramAPIServer.from_base(server.base))
    bot = light.Bot(TOKEN, session=session)
    try:
        answers = [await bot(method) for method in methods()]
    finally:
        await session.close()
    assert [type(answer).__name__ for answer in answers] == [
        "bool", "User", "bool", "Message", "Message", "Message", "Message", "bool", "list",
    ]  # fmt: skip
    assert [heard.method for heard in server.heard] == [method.__api_method__ for method in methods()]


def test_every_answer_that_is_awaited_is_pinned() -> None:
    """A method whose answer's type is not held would be built anew after each full collection, on the loop."""
    for method in methods():
        answer: type[Any] = light.Response[method.__returning__]  # type: ignore[name-defined] # as aiogram does
        assert answer in light.PINNED


def test_the_import_leaves_pydantic_as_it_was() -> None:
    """Models of others are built when they are made, and rebuilt as pydantic says."""
    assert "defer_build" not in BaseModel.model_config

    class Mine(BaseModel):
        number: int

    assert Mine.__pydantic_complete__
    assert Mine.model_rebuild(force=True)


def test_nothing_is_built_at_import() -> None:
    """In a fresh process, the import builds next to none of aiogram's hundreds of models."""
    code = (
        "import bot.telegram.light as light\n"
        "from aiogram import types\n"
        "made = [getattr(types, name) for name in types.__all__]\n"
        "made = [m for m in made if isinstance(m, type) and hasattr(m, '__pydantic_complete__')]\n"
        "print(len(made), sum(m.__pydantic_complete__ for m in made))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    known, built = map(int, done.stdout.split())
    assert known > 300
    assert built < 20


async def test_the_clock_of_a_message_is_aware(server: TelegramServer) -> None:
    """Dates come as aware UTC: the age of a command is counted with them."""
    message = server.message("/status")
    read = light.Update.model_validate({"update_id": 1, "message": message})
    assert read.message is not None
    assert abs((SystemClock().now() - read.message.date).total_seconds()) < 60
