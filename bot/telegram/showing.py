"""Cards: one message each, its words edited as things go on; with a picture, the words become its caption."""

from __future__ import annotations

import asyncio
import html
import logging
import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from bot.cards import Cards
from bot.telegram.light import (
    BufferedInputFile,
    EditMessageCaption,
    EditMessageMedia,
    EditMessageText,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    LinkPreviewOptions,
    ReplyParameters,
    SendMessage,
    SendPhoto,
    TelegramMethod,
)
from bot.telegram.sender import Gone, Sender
from bot.words import split
from core.values.errors import Rejected

log = logging.getLogger(__name__)

TEXT_MAX, CAPTION_MAX = 4096, 1024
REMEMBERED = 200
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_MENTION = re.compile(r"@(?=\w)")
_UNCHANGED = "message is not modified"
_NO_TEXT = "there is no text in the message"

Buttons = InlineKeyboardMarkup | None


def as_html(text: str) -> str:
    """Plain text that Telegram shows as it is: nothing in it is markup, and an @name calls nobody."""
    return html.escape(_MENTION.sub("@\u2060", text), quote=False)


def size(text: str) -> int:
    """Telegram counts UTF-16 units; counting the escapes as well errs on the safe side."""
    return len(as_html(text).encode("utf-16-le")) // 2


def in_pieces(text: str, limit: int = TEXT_MAX) -> list[str]:
    """As HTML; at least one."""
    return [as_html(piece) for piece in split(text, limit, size)] or ["…"]


@dataclass(frozen=True, slots=True)
class _Shown:
    """A card as it stands in a chat. photo: it is a picture with a caption, and stays one."""

    text: str
    buttons: Buttons
    photo: bool = False


class Showing:
    """What was shown last is remembered for the newest cards: a picture's caption must be sent with it."""

    def __init__(self, sender: Sender, cards: Cards) -> None:
        self._sender = sender
        self._cards = cards
        self._shown: OrderedDict[tuple[str, int], _Shown] = OrderedDict()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def place(self, card: str, chat: int) -> int | None:
        """The message that shows a card in a chat."""
        return (await self._cards.find(card)).get(chat)

    async def show(
        self,
        card: str,
        chat: int,
        text: str,
        buttons: Buttons,
        *,
        urgent: bool,
        reply: ReplyParameters | None = None,
        silent: bool = False,
    ) -> None:
        """Send a card, or edit it where it stands; what does not fit is the dashboard's. Raises as Sender.send.

        reply: what the new message stands below. silent: without a sound, as an edit always is.
        """
        lock = self._locks.setdefault(card, asyncio.Lock())
        async with lock:
            message = (await self._cards.find(card)).get(chat)
            if message is not None:
                try:
                    photo = await self._edit(card, chat, message, text, buttons, urgent=urgent)
                except Gone:
                    log.info("a card's message is gone, sending it anew", extra={"card": card})
                else:
                    self._remember(card, chat, _Shown(text, buttons, photo))
                    return
            new = SendMessage(
                chat_id=chat,
                text=in_pieces(text)[0],
                parse_mode="HTML",
                link_preview_options=NO_PREVIEW,
                reply_markup=buttons,
                reply_parameters=reply,
                disable_notification=silent or None,
            )
            sent = await self._sender.send(chat, new, urgent=urgent)
            self._remember(card, chat, _Shown(text, buttons))
            await self._cards.keep(card, chat, sent.message_id)

    async def illustrate(self, card: str, png: bytes, *, urgent: bool) -> None:
        """Put a picture into a card, in each chat that has it. Raises as Sender.send."""
        lock = self._locks.setdefault(card, asyncio.Lock())
        async with lock:
            for chat, message in (await self._cards.find(card)).items():
                shown = self._shown.get((card, chat))
                if shown is not None and (shown.photo or size(shown.text) <= CAPTION_MAX):
                    await self._sender.send(chat, _picture_in(chat, message, shown, png), urgent=urgent)
                    self._remember(card, chat, _Shown(shown.text, shown.buttons, photo=True))
                else:
                    await self._sender.send(chat, _picture_below(chat, message, png), urgent=urgent)

    async def _edit(self, card: str, chat: int, message: int, text: str, buttons: Buttons, *, urgent: bool) -> bool:
        """Whether the card is a picture: Telegram says so where we have forgotten it."""
        shown = self._shown.get((card, chat))
        if shown is None or not shown.photo:
            words = EditMessageText(
                chat_id=chat,
                message_id=message,
                text=in_pieces(text)[0],
                parse_mode="HTML",
                link_preview_options=NO_PREVIEW,
                reply_markup=buttons,
            )
            try:
                await self._change(chat, words, urgent=urgent)
            except Rejected as error:
                if _NO_TEXT not in error.reason:
                    raise
            else:
                return False
        caption = EditMessageCaption(
            chat_id=chat,
            message_id=message,
            caption=in_pieces(text, CAPTION_MAX)[0],
            parse_mode="HTML",
            reply_markup=buttons,
        )
        await self._change(chat, caption, urgent=urgent)
        return True

    async def _change(self, chat: int, method: TelegramMethod[Any], *, urgent: bool) -> None:
        try:
            await self._sender.send(chat, method, urgent=urgent)
        except Rejected as error:
            if _UNCHANGED not in error.reason:
                raise

    def _remember(self, card: str, chat: int, shown: _Shown) -> None:
        self._shown[card, chat] = shown
        self._shown.move_to_end((card, chat))
        if len(self._shown) > REMEMBERED:
            self._shown.popitem(last=False)


def _picture_in(chat: int, message: int, shown: _Shown, png: bytes) -> EditMessageMedia:
    caption = in_pieces(shown.text, CAPTION_MAX)[0]
    media = InputMediaPhoto(media=_file(png), caption=caption, parse_mode="HTML")
    return EditMessageMedia(chat_id=chat, message_id=message, media=media, reply_markup=shown.buttons)


def _picture_below(chat: int, message: int, png: bytes) -> SendPhoto:
    """Where the words are longer than a caption may be, or forgotten: a reply leaves the card as it is."""
    reply = ReplyParameters(message_id=message, allow_sending_without_reply=True)
    return SendPhoto(chat_id=chat, photo=_file(png), reply_parameters=reply)


def _file(png: bytes) -> BufferedInputFile:
    return BufferedInputFile(png, "chart.png")
