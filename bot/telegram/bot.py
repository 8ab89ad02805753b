"""The Telegram bot: what people say goes to the console, what the desk says goes to their chats."""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from dataclasses import replace
from functools import partial

from bot.cards import Cards
from bot.telegram.access import Access, Speaker
from bot.telegram.dialogue import Dialogue
from bot.telegram.light import (
    AnswerCallbackQuery,
    Bot,
    BotCommand,
    CallbackQuery,
    DeleteWebhook,
    GetMe,
    Message,
    Session,
    SetMyCommands,
    TelegramAPIServer,
    TokenValidationError,
    Update,
    errors,
    warm_up,
)
from bot.telegram.polling import Polling, within
from bot.telegram.sender import Sender
from bot.telegram.surface import Readers, TelegramSurface
from bot.words import help_line, words
from core.commands.console import Console
from core.ports import Clock, Store
from core.services.noise import Noise
from core.services.people import People
from core.values.errors import Broken, DeskError, Transient
from core.values.ids import ActionId
from core.values.notices import Notice, NoticeKind
from kit.retry import retry
from texts import render

log = logging.getLogger(__name__)

LATE_S = 30
ANSWER_S = 0.7
"""Telegram's spinner ends when a press is answered; what takes longer is told in a message."""
TOAST_MAX = 200
FINISH_S = 5.0
TRIES = 4
_NAME = re.compile(r"[a-z0-9_]{1,32}")


class TelegramBot:
    """chat_id 0: the private chats of those who are allowed. allowed empty: nobody is answered."""

    def __init__(
        self,
        *,
        console: Console,
        people: People,
        store: Store,
        wire: Clock,
        token: str,
        chat_id: int,
        allowed: Collection[int],
        api_base: str,
        language: str,
        noise: Noise,
        on_conflict: Callable[[], Awaitable[None]],
    ) -> None:
        """on_conflict: called when another desk polls with the same token. Raises Broken for what is no bot token."""
        try:
            self._bot = Bot(token, session=Session(api=TelegramAPIServer.from_base(api_base)))
        except TokenValidationError:
            raise Broken("telegram.token is no bot token (it looks like 123456:letters)") from None
        warm_up()
        self._console = console
        self._store = store
        self._wire = wire
        self._language = language
        self._access = Access(people, chat_id, allowed)
        self._sender = Sender(self._bot, wire)
        self._dialogue = Dialogue(store, wire, console.commands)
        self._tasks: set[asyncio.Task[None]] = set()
        self._username = ""
        self._polling = Polling(
            self._bot,
            store,
            wire,
            self._access,
            introduce=self._introduce,
            begin=self._begin,
            on_conflict=on_conflict,
        )
        self.surface = TelegramSurface(
            self._sender, Cards(store, "telegram"), Readers(self._access.readers, noise, language)
        )

    async def run(self) -> None:
        """Poll and answer until cancelled; returns where Telegram refuses the token."""
        try:
            await self._polling.run()
        finally:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=FINISH_S)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._sender.close()
            await self._bot.session.close()

    async def _introduce(self) -> None:
        """Polling needs that no webhook is set. Raises aiogram's errors."""
        await self._bot(DeleteWebhook())
        self._username = ((await self._bot(GetMe())).username or "").lower()
        shown = [command for command in self._console.commands if not command.hidden and _NAME.fullmatch(command.name)]
        menu = [BotCommand(command=c.name, description=help_line(c, self._language)[:256] or c.name) for c in shown]
        try:
            await self._bot(SetMyCommands(commands=menu))
        except errors.TelegramBadRequest as error:
            log.warning("telegram refused the menu", extra={"reason": error.message})

    # taking updates

    def _begin(self, updates: Sequence[Update]) -> list[asyncio.Task[None]]:
        """Start what people asked for; a stranger's update ends here, without a word."""
        begun: list[asyncio.Task[None]] = []
        late: dict[Speaker, list[str]] = {}
        for update in updates:
            speaker = self._access.speaker(update)
            if speaker is None:
                continue
            if update.callback_query is not None:
                begun.append(self._start(speaker, self._pressed(update.callback_query, speaker)))
            elif update.message is not None and (text := self._to_us(update.message)):
                if self._is_late(update.message, text):
                    late.setdefault(speaker, []).append(text)
                else:
                    begun.append(self._start(speaker, self._said(update.update_id, speaker, text)))
        begun += [self._start(speaker, self._tell_late(speaker, texts)) for speaker, texts in late.items()]
        return begun

    def _to_us(self, message: Message) -> str:
        """What was said to this bot; empty when nothing, or to another bot of the group."""
        text = (message.text or "").strip()
        _, at, name = text.partition(" ")[0].partition("@")
        return "" if text.startswith("/") and at and name.lower() != self._username else text

    def _is_late(self, message: Message, text: str) -> bool:
        age_s = (self._wire.now() - message.date).total_seconds()
        return age_s > LATE_S and _command(text) != "kill"

    def _start(self, speaker: Speaker, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        async def guarded() -> None:
            try:
                await work
            except DeskError as error:
                log.warning("telegram answer failed", extra={"chat": speaker.chat, "reason": str(error)})

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if not task.cancelled() and (bug := task.exception()) is not None:
                log.error("telegram update failed", exc_info=bug)
                self._start(
                    speaker, self.surface.say(speaker.chat, render("telegram.failed", {}, speaker.person.language))
                )

        task = asyncio.create_task(guarded(), name="telegram update")
        self._tasks.add(task)
        task.add_done_callback(ended)
        return task

    # doing what people ask

    async def _said(self, update_id: int, speaker: Speaker, text: str) -> None:
        asked = await self._dialogue.close(speaker)
        if not text.startswith("/"):
            composing = asked is None and await self._console.waits_for(speaker.person)
            if asked is None and not composing and speaker.chat < 0:
                return  # people talk to each other in a group
            if not composing:
                text = f"{asked} {text}" if asked is not None else "/help"
        if speaker.chat != speaker.user_id and self._is_secret(text):
            await self.surface.say(speaker.chat, render("telegram.in_private", {}, speaker.person.language))
            speaker = replace(speaker, chat=speaker.user_id)
        await self._tell(speaker, await self._console.run(text, speaker.person, f"telegram:{update_id}"))

    def _is_secret(self, text: str) -> bool:
        return any(command.secret for command in self._console.commands if command.name == _command(text))

    async def _tell_late(self, speaker: Speaker, texts: Sequence[str]) -> None:
        head = render("telegram.late", {"seconds": str(LATE_S)}, speaker.person.language)
        shown = [text[:100] for text in texts if text.startswith("/")][:20]
        if shown:
            await self.surface.say(speaker.chat, "\n".join([head, *shown]))

    async def _pressed(self, press: CallbackQuery, speaker: Speaker) -> None:
        action = ActionId(press.data or "")
        offered = await self._store.press(action)
        if question := await self._dialogue.open(offered, speaker):
            await self._answer(press, "")
            await self.surface.say(speaker.chat, render(question, {}, speaker.person.language), ask=True)
            return
        work = asyncio.ensure_future(self._console.press(action, speaker.person))
        in_time = await within(work, ANSWER_S, self._wire)
        toast = words(work.result()[0], speaker.person.language) if in_time else ""
        await self._answer(press, toast)
        notices = await work
        told = bool(toast) and len(toast) <= TOAST_MAX and notices[0].kind is NoticeKind.REFUSED
        if not told:
            await self._tell(speaker, notices)
        if offered is not None and offered.person == speaker.person.id and press.message is not None:
            await self.surface.strip(speaker.chat, press.message.message_id)

    async def _answer(self, press: CallbackQuery, toast: str) -> None:
        """Within a second, whatever the chat's pace."""
        try:
            await self._sender.now(AnswerCallbackQuery(callback_query_id=press.id, text=toast[:TOAST_MAX] or None))
        except DeskError as error:
            log.info("a press was not answered", extra={"reason": str(error)})

    async def _tell(self, speaker: Speaker, notices: Sequence[Notice]) -> None:
        for notice in notices:
            await retry(
                partial(self.surface.show, notice, speaker.chat, speaker.person.language),
                on=Transient,
                tries=TRIES,
                sleep=self._wire.sleep,
                rng=random.Random(),  # noqa: S311 - jitter, no secret
            )


def _command(text: str) -> str:
    return text.split(maxsplit=1)[0].lstrip("/").partition("@")[0].lower()
