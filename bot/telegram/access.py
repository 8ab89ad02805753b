"""Who is heard: an allowed sender in the right chat, by a plain message or a press. All else is silence."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bot.telegram.light import CallbackQuery, InaccessibleMessage, Message, Update, User
from core.services.people import People
from core.values.ids import UserId
from core.values.people import Person, Role

HEARD = ("message", "callback_query")
"""The kinds of update that may do anything; edits, channel posts, inline, business and the rest never do."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A person who may be heard, and where they speak."""

    person: Person
    user_id: int
    chat: int


class Access:
    """chat_id 0: each allowed person in their private chat. Nobody is allowed by being in a chat alone."""

    def __init__(self, people: People, chat_id: int, allowed: Collection[int]) -> None:
        self._people = people
        self._chat_id = chat_id
        self._allowed = frozenset(allowed)

    def heard(self, raw: Mapping[str, Any]) -> bool:
        """Whether an update of this kind may be worth reading at all."""
        return any(raw.get(kind) is not None for kind in HEARD)

    def speaker(self, update: Update) -> Speaker | None:
        """Asked of every update, before anything else is done with it."""
        if update.message is not None:
            return self._of_message(update.message)
        return self._of_press(update.callback_query) if update.callback_query is not None else None

    def _of_message(self, message: Message) -> Speaker | None:
        disguised = (
            message.sender_chat,  # an anonymous admin, or a channel
            message.forward_origin,
            message.forward_date,
            message.is_automatic_forward,
            message.via_bot,
            message.sender_business_bot,
            message.business_connection_id,
            message.guest_query_id,
            message.guest_bot_caller_user,
            message.edit_date,
        )
        if any(disguised):
            return None
        return self._allowed_in(message.from_user, message)

    def _of_press(self, press: CallbackQuery) -> Speaker | None:
        if press.message is None or press.inline_message_id is not None:
            return None
        if not isinstance(press.message, InaccessibleMessage) and press.message.business_connection_id is not None:
            return None
        return self._allowed_in(press.from_user, press.message)

    def _allowed_in(self, user: User | None, message: Message | InaccessibleMessage) -> Speaker | None:
        if user is None or user.is_bot or user.id not in self._allowed:
            return None
        if self._chat_id:
            right_chat = message.chat.id == self._chat_id
        else:
            right_chat = message.chat.type == "private" and message.chat.id == user.id
        person = self._people.by_telegram(user.id)
        if person is None or not right_chat:
            return None
        return Speaker(person, user.id, message.chat.id)

    def readers(self, owner: UserId) -> Mapping[int, Person | None]:
        """The chats that a notice of this owner's belongs to, each with its person; a group's is nobody's own."""
        if self._chat_id:
            return {self._chat_id: None}
        found = ((user, self._people.by_telegram(user)) for user in sorted(self._allowed))
        return {user: p for user, p in found if p and (p.sees(owner) or p.may(Role.APPROVER))}
