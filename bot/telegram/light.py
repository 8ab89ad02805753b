"""aiogram, imported without building its 450 pydantic models: 0.7 s and 50 MB instead of 3 s and 160 MB.

pydantic's `defer_build` alone does not do: aiogram rebuilds every model at the end of its import, with a namespace
that resolves the names its modules only import for type checkers. So that call is held back and its namespace kept;
afterwards whatever model is used first builds itself with it. Import aiogram's names from here and nowhere else.
(Upstream: aiogram issues 1513, 1876, 1891. `tests/bot/telegram/test_light.py` fails where an upgrade changes this.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel, ValidationError

_PLAIN = BaseModel.model_rebuild.__func__  # type: ignore[attr-defined] # a class method's function
_names: dict[str, Any] = {}


@contextmanager
def _deferred() -> Iterator[None]:
    """Models made inside are not built. Both switches are global and are put back."""

    def keep_names(
        _cls: type[BaseModel], /, *, _types_namespace: Mapping[str, Any] | None = None, **_rest: Any
    ) -> None:
        _names.update(_types_namespace or {})

    BaseModel.model_rebuild = classmethod(keep_names)  # type: ignore[method-assign,assignment] # for the import alone
    BaseModel.model_config["defer_build"] = True
    try:
        yield
    finally:
        BaseModel.model_rebuild = classmethod(_PLAIN)  # type: ignore[method-assign,assignment] # as it was
        del BaseModel.model_config["defer_build"]


with _deferred():
    from aiogram import Bot
    from aiogram import exceptions as errors
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer
    from aiogram.methods import (
        AnswerCallbackQuery,
        DeleteWebhook,
        EditMessageCaption,
        EditMessageMedia,
        EditMessageReplyMarkup,
        EditMessageText,
        GetMe,
        SendMessage,
        SendPhoto,
        SetMyCommands,
    )
    from aiogram.methods.base import Response, TelegramMethod
    from aiogram.types import (
        BotCommand,
        BufferedInputFile,
        CallbackQuery,
        ForceReply,
        InaccessibleMessage,
        InlineKeyboardButton,
        InlineKeyboardMarkup,
        InputMediaPhoto,
        LinkPreviewOptions,
        Message,
        ReplyParameters,
        Update,
        User,
    )
    from aiogram.types.base import TelegramObject
    from aiogram.utils.token import TokenValidationError


def _rebuild(cls: type[BaseModel], /, **given: Any) -> bool | None:
    given["_types_namespace"] = {**_names, **(given.get("_types_namespace") or {})}
    rebuilt: bool | None = _PLAIN(cls, **given)
    return rebuilt


for _base in (TelegramObject, TelegramMethod, Response):
    _base.model_rebuild = classmethod(_rebuild)  # type: ignore[method-assign,assignment] # the one override


class GetUpdates(TelegramMethod[list[dict[str, Any]]]):
    """Raw: aiogram's own GetUpdates fails as a whole, for ever, where one update cannot be parsed."""

    __returning__ = list[dict[str, Any]]
    __api_method__ = "getUpdates"

    offset: int | None = None
    timeout: int | None = None
    allowed_updates: list[str] | None = None


class Session(AiohttpSession):
    async def close(self) -> None:
        """At once: aiogram's own sleeps a quarter of a second for the sake of an aiohttp of long ago."""
        if self._session is not None:
            await self._session.close()


PINNED = (
    Response[Message],
    Response[Message | bool],
    Response[bool],
    Response[User],
    Response[list[dict[str, Any]]],
)
"""pydantic holds generic types weakly: unpinned, each is built anew after a full collection, 0.1 s on the loop."""


def warm_up() -> None:
    """Build at once what every desk uses, before anybody waits for it. Message first: the others then build on it."""
    Message.model_rebuild()
    Update.model_rebuild()
    for response in PINNED:
        response.model_rebuild()


__all__ = [
    "PINNED",
    "AnswerCallbackQuery",
    "Bot",
    "BotCommand",
    "BufferedInputFile",
    "CallbackQuery",
    "DeleteWebhook",
    "EditMessageCaption",
    "EditMessageMedia",
    "EditMessageReplyMarkup",
    "EditMessageText",
    "ForceReply",
    "GetMe",
    "GetUpdates",
    "InaccessibleMessage",
    "InlineKeyboardButton",
    "InlineKeyboardMarkup",
    "InputMediaPhoto",
    "LinkPreviewOptions",
    "Message",
    "ReplyParameters",
    "Response",
    "SendMessage",
    "SendPhoto",
    "Session",
    "SetMyCommands",
    "TelegramAPIServer",
    "TelegramMethod",
    "TokenValidationError",
    "Update",
    "User",
    "ValidationError",
    "errors",
    "warm_up",
]
