"""Notices as messages: HTML, in pieces that fit, with buttons, and a card edited where it stands."""

from __future__ import annotations

import asyncio
import html
import logging
import re
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack
from weakref import WeakValueDictionary

from bot.cards import Cards
from bot.telegram.light import (
    EditMessageReplyMarkup,
    EditMessageText,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    SendMessage,
)
from bot.telegram.sender import Gone, Sender
from bot.words import label, split, words
from core.values.errors import Rejected
from core.values.ids import NoticeId
from core.values.notices import Notice, NoticeKind

log = logging.getLogger(__name__)

TEXT_MAX = 4096
BUTTONS_A_ROW = 4
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_MENTION = re.compile(r"@(?=\w)")
_UNCHANGED = "message is not modified"


def as_html(text: str) -> str:
    """Plain text that Telegram shows as it is: nothing in it is markup, and an @name calls nobody."""
    return html.escape(_MENTION.sub("@\u2060", text), quote=False)


def _size(text: str) -> int:
    """Telegram counts UTF-16 units; counting the escapes as well errs on the safe side."""
    return len(as_html(text).encode("utf-16-le")) // 2


class TelegramSurface:
    """The outbox's way into every chat that listens. readers: those of a notice, as chats."""

    name = "telegram"

    def __init__(
        self, sender: Sender, cards: Cards, language: str, readers: Callable[[Notice], Collection[int]]
    ) -> None:
        self._sender = sender
        self._cards = cards
        self._language = language
        self._readers = readers
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._had: tuple[NoticeId | None, set[int]] = (None, set())

    async def send(self, notice: Notice) -> None:
        """Raises Transient; Rejected where no chat took it. A chat that had it is not told twice when it is retried."""
        if self._had[0] != notice.id:
            self._had = (notice.id, set())
        had = self._had[1]
        refused: Rejected | None = None
        readers = self._readers(notice)
        for chat in readers:
            if chat in had:
                continue
            try:
                await self.show(notice, chat, self._language, urgent=_urgent(notice))
            except Rejected as error:
                refused = error
                log.warning("a chat refused a notice", extra={"chat": chat, "reason": error.reason})
            else:
                had.add(chat)
        if refused is not None and not had:
            raise refused

    async def show(self, notice: Notice, chat: int, language: str, *, urgent: bool = True) -> None:
        """Send a notice to one chat, or edit its card there. Raises as Sender.send."""
        pieces = [as_html(piece) for piece in split(words(notice, language), TEXT_MAX, _size)] or ["…"]
        buttons = _keyboard(notice, language)
        if not notice.card:
            for piece in pieces[:-1]:
                await self._send(chat, piece, None, urgent=urgent)
            await self._send(chat, pieces[-1], buttons, urgent=urgent)
            return
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._locks.setdefault(notice.card, asyncio.Lock()))
            await self._show_card(notice.card, chat, pieces[0], buttons, urgent=urgent)

    async def _show_card(
        self, card: str, chat: int, text: str, buttons: InlineKeyboardMarkup | None, *, urgent: bool
    ) -> None:
        """A card is one message: what does not fit is left to the dashboard."""
        shown = (await self._cards.find(card)).get(chat)
        if shown is not None:
            try:
                await self._edit(chat, shown, text, buttons, urgent=urgent)
            except Gone:
                log.info("a card's message is gone, sending it anew", extra={"card": card})
            else:
                return
        await self._cards.keep(card, chat, await self._send(chat, text, buttons, urgent=urgent))

    async def _send(self, chat: int, text: str, buttons: InlineKeyboardMarkup | None, *, urgent: bool) -> int:
        method = SendMessage(
            chat_id=chat, text=text, parse_mode="HTML", link_preview_options=_NO_PREVIEW, reply_markup=buttons
        )
        return (await self._sender.send(chat, method, urgent=urgent)).message_id

    async def _edit(
        self, chat: int, message: int, text: str, buttons: InlineKeyboardMarkup | None, *, urgent: bool
    ) -> None:
        method = EditMessageText(
            chat_id=chat,
            message_id=message,
            text=text,
            parse_mode="HTML",
            link_preview_options=_NO_PREVIEW,
            reply_markup=buttons,
        )
        try:
            await self._sender.send(chat, method, urgent=urgent)
        except Rejected as error:
            if _UNCHANGED not in error.reason:
                raise

    async def strip(self, chat: int, message: int) -> None:
        """Take the buttons off a message. Raises as Sender.send."""
        method = EditMessageReplyMarkup(chat_id=chat, message_id=message)
        await self._sender.send(chat, method, urgent=True)

    async def say(self, chat: int, text: str, *, ask: bool = False) -> None:
        """Plain words. ask: Telegram opens a reply for the answer. Raises as Sender.send."""
        reply = ForceReply() if ask else None
        for piece in split(text, TEXT_MAX, _size):
            method = SendMessage(chat_id=chat, text=as_html(piece), parse_mode="HTML", reply_markup=reply)
            await self._sender.send(chat, method, urgent=True)


def _urgent(notice: Notice) -> bool:
    """What people wait for: alarms, and questions with what became of them."""
    return notice.critical or (bool(notice.card) and notice.kind is not NoticeKind.PROGRESS)


def _keyboard(notice: Notice, language: str) -> InlineKeyboardMarkup | None:
    """callback_data is the action's id alone: opaque, one-time, within the 64 bytes that Telegram takes."""
    buttons = [InlineKeyboardButton(text=label(action, language), callback_data=action.id) for action in notice.actions]
    rows = [buttons[start : start + BUTTONS_A_ROW] for start in range(0, len(buttons), BUTTONS_A_ROW)]
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None
