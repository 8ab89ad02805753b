"""Notices as messages: HTML, in pieces that fit, with buttons, and a card edited where it stands."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bot.cards import Cards
from bot.telegram.light import (
    EditMessageReplyMarkup,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    ReplyParameters,
    SendMessage,
)
from bot.telegram.sender import Sender
from bot.telegram.showing import NO_PREVIEW, Buttons, Showing, in_pieces
from bot.words import label, words
from core.rules.noise import Level
from core.services.noise import Noise
from core.values.errors import Rejected
from core.values.ids import NoticeId, UserId
from core.values.notices import Notice, NoticeKind
from core.values.people import Person

log = logging.getLogger(__name__)

BUTTONS_A_ROW = 3


@dataclass(frozen=True, slots=True)
class Readers:
    """Who reads a notice, in which language and how loud. chats: those of an owner's notices, each with its person; of
    a group there is none, and the desk's language and its owner's noise count."""

    chats: Callable[[UserId], Mapping[int, Person | None]]
    noise: Noise
    language: str

    def of(self, notice: Notice) -> Iterator[tuple[int, str, Level]]:
        for chat, person in self.chats(notice.owner).items():
            if person is None:
                yield chat, self.language, self.noise.shared(notice)
            else:
                yield chat, person.language, self.noise.level(notice, person.id)


class TelegramSurface:
    """The outbox's way into every chat that listens."""

    name = "telegram"

    def __init__(self, sender: Sender, cards: Cards, readers: Readers) -> None:
        self._sender = sender
        self._showing = Showing(sender, cards)
        self._readers = readers
        self._had: tuple[NoticeId | None, set[int]] = (None, set())

    async def send(self, notice: Notice) -> None:
        """Raises Transient; Rejected where no chat took it. A chat that had it is not told twice when it is retried."""
        if self._had[0] != notice.id:
            self._had = (notice.id, set())
        had = self._had[1]
        refused: Rejected | None = None
        for chat, language, level in self._readers.of(notice):
            if chat in had or (level is Level.OFF and not await self._shows(notice, chat)):
                continue
            try:
                await self.show(notice, chat, language, urgent=_urgent(notice), silent=level is not Level.ON)
            except Rejected as error:
                refused = error
                log.warning("a chat refused a notice", extra={"chat": chat, "reason": error.reason})
            else:
                had.add(chat)
        if refused is not None and not had:
            raise refused

    async def _shows(self, notice: Notice, chat: int) -> bool:
        """A card that stands is kept true whatever people chose: its buttons would lie, and an edit makes no sound."""
        return bool(notice.card) and await self._showing.place(notice.card, chat) is not None

    async def show(
        self, notice: Notice, chat: int, language: str, *, urgent: bool = True, silent: bool = False
    ) -> None:
        """Send a notice to one chat, or edit its card there. Raises as Sender.send."""
        said, buttons = words(notice, language), _keyboard(notice, language)
        reply = await self._below(notice, chat)
        if notice.card:
            await self._showing.show(notice.card, chat, said, buttons, urgent=urgent, reply=reply, silent=silent)
            return
        *pieces, last = in_pieces(said)
        for piece in pieces:
            await self._send(chat, piece, None, reply, urgent=urgent, silent=silent)
        await self._send(chat, last, buttons, reply, urgent=urgent, silent=silent)

    async def _below(self, notice: Notice, chat: int) -> ReplyParameters | None:
        """What comes of a proposal answers its card."""
        card = next((name for name in notice.about if name.startswith("proposal:")), "")
        message = await self._showing.place(card, chat) if card and card != notice.card else None
        return None if message is None else ReplyParameters(message_id=message, allow_sending_without_reply=True)

    async def illustrate(self, card: str, png: bytes) -> None:
        """Raises Transient or Rejected."""
        await self._showing.illustrate(card, png, urgent=card.startswith("proposal:"))

    async def _send(
        self, chat: int, text: str, buttons: Buttons, reply: ReplyParameters | None, *, urgent: bool, silent: bool
    ) -> None:
        method = SendMessage(
            chat_id=chat,
            text=text,
            parse_mode="HTML",
            link_preview_options=NO_PREVIEW,
            reply_markup=buttons,
            reply_parameters=reply,
            disable_notification=silent or None,
        )
        await self._sender.send(chat, method, urgent=urgent)

    async def strip(self, chat: int, message: int) -> None:
        """Take the buttons off a message. Raises as Sender.send."""
        method = EditMessageReplyMarkup(chat_id=chat, message_id=message)
        await self._sender.send(chat, method, urgent=True)

    async def say(self, chat: int, text: str, *, ask: bool = False) -> None:
        """Plain words. ask: Telegram opens a reply for the answer. Raises as Sender.send."""
        reply = ForceReply() if ask else None
        for piece in in_pieces(text):
            method = SendMessage(chat_id=chat, text=piece, parse_mode="HTML", reply_markup=reply)
            await self._sender.send(chat, method, urgent=True)


def _urgent(notice: Notice) -> bool:
    """What people wait for: alarms, and questions with what became of them."""
    return notice.critical or (bool(notice.card) and notice.kind is not NoticeKind.PROGRESS)


def _keyboard(notice: Notice, language: str) -> Buttons:
    """callback_data is the action's id alone: opaque, one-time, within the 64 bytes that Telegram takes."""
    buttons = [InlineKeyboardButton(text=label(action, language), callback_data=action.id) for action in notice.actions]
    rows = [buttons[start : start + BUTTONS_A_ROW] for start in range(0, len(buttons), BUTTONS_A_ROW)]
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None
