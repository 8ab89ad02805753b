"""Telegram's Bot API over real HTTP on loopback: enough of its manners that the real aiogram cannot tell.

Updates are kept until a later offset confirms them, a second poller ends the first with 409, texts are counted and
their HTML is read as Telegram does. Facts: core.telegram.org/bots/api.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

from aiohttp import web

from core.clock import SystemClock
from core.ports import Clock

TOKEN = "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"
BOT = {"id": 123456789, "is_bot": True, "first_name": "Desk", "username": "desk_bot"}
OWNER, CHAT = 1001, 1001
_TAGS = frozenset({"b", "strong", "i", "em", "u", "s", "code", "pre", "a", "blockquote", "tg-spoiler", "span"})


@dataclass(frozen=True, slots=True)
class Heard:
    """One request to the API. at: by the server's clock."""

    method: str
    fields: dict[str, Any]
    at: datetime


@dataclass(slots=True)
class Fault:
    """What to answer instead. method: "" = any. drop: cut the connection without an answer."""

    method: str
    status: int = 500
    description: str = "Internal Server Error"
    retry_after: int = 0
    drop: bool = False


class _Reader(HTMLParser):
    """Plain text of Telegram's HTML; `bad` where Telegram would refuse it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.bad = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.bad = self.bad or tag not in _TAGS

    def handle_data(self, data: str) -> None:
        self.text += data


class BadRequest(Exception):
    pass


def plain(text: str) -> str:
    """What a person sees of an HTML text. Raises BadRequest where Telegram cannot parse it."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    if reader.bad:
        raise BadRequest("can't parse entities: unsupported start tag")
    return reader.text


@dataclass(slots=True)
class Shown:
    """A message as it stands in a chat now."""

    chat: int
    id: int
    text: str
    markup: dict[str, Any]
    edits: int = 0
    photo: bytes = b""
    """The picture in it; its text is then the caption."""
    reply_to: int = 0

    @property
    def plain(self) -> str:
        return plain(self.text)

    @property
    def buttons(self) -> dict[str, str]:
        """Words on it -> callback_data."""
        rows = self.markup.get("inline_keyboard", [])
        return {button["text"]: button["callback_data"] for row in rows for button in row}


@dataclass
class TelegramServer:
    clock: Clock = field(default_factory=SystemClock)
    token: str = TOKEN
    base: str = ""
    heard: list[Heard] = field(default_factory=list)
    messages: dict[tuple[int, int], Shown] = field(default_factory=dict)
    faults: deque[Fault] = field(default_factory=deque)
    down: Fault | None = None
    forget_offset: bool = False
    polls: int = 0

    def __post_init__(self) -> None:
        self._updates: list[dict[str, Any]] = []
        self._update_ids = itertools.count(700_000_001)
        self._message_ids = itertools.count(1)
        self._query_ids = itertools.count(1)
        self._news = asyncio.Condition()
        self._held = ""
        self._free = asyncio.Event()

    # what a test does

    async def push(self, **kind: Any) -> int:
        """Put one update of any kind in the queue; its id."""
        number = next(self._update_ids)
        await self.push_raw({"update_id": number, **kind})
        return number

    async def push_raw(self, *updates: dict[str, Any]) -> None:
        self._updates += updates
        await self._tell()

    def message(self, text: str, user: int = OWNER, chat: int | None = None, **more: Any) -> dict[str, Any]:
        """A Message as the API renders it. Dates follow the server's clock."""
        chat = user if chat is None else chat
        kind = {"id": chat, "type": "private", "first_name": "A"} if chat > 0 else {"id": chat, "type": "group"}
        return {
            "message_id": next(self._message_ids),
            "date": int(self.clock.now().timestamp()),
            "chat": kind if chat > 0 else {**kind, "title": "Desk"},
            "from": person(user),
            "text": text,
            **more,
        }

    async def say(self, text: str, user: int = OWNER, chat: int | None = None, **more: Any) -> int:
        """A person types something."""
        return await self.push(message=self.message(text, user, chat, **more))

    def query(self, data: str, on: Shown | None, user: int = OWNER, chat: int | None = None) -> dict[str, Any]:
        under = self.message(on.text if on else "?", 0, on.chat if on else chat or user)
        under |= {"message_id": on.id if on else under["message_id"], "from": BOT}
        return {
            "id": str(next(self._query_ids)),
            "from": person(user),
            "chat_instance": "7",
            "data": data,
            "message": under,
        }

    async def press(self, data: str, on: Shown | None = None, user: int = OWNER, chat: int | None = None) -> str:
        """A person presses a button; the id of the callback query."""
        query = self.query(data, on, user, chat)
        await self.push(callback_query=query)
        return str(query["id"])

    def fail(self, method: str = "", *, times: int = 1, **fault: Any) -> None:
        """The next `times` requests of `method` go wrong."""
        self.faults.extend(Fault(method, **fault) for _ in range(times))

    def cut(self) -> None:
        """From now on every connection is cut, those that wait among them."""
        self.down = Fault("", drop=True)
        self.polls += 1

    def mend(self) -> None:
        self.down = None

    def hold(self, method: str) -> None:
        """Requests of this method hang until `release`."""
        self._held = method.lower()
        self._free.clear()

    def release(self) -> None:
        self._held = ""
        self._free.set()

    async def until(self, true: Callable[[], bool], within_s: float = 10) -> None:
        """Wait until something heard or pushed makes it true."""
        async with asyncio.timeout(within_s), self._news:
            await self._news.wait_for(true)

    async def idle(self, after: int, within_s: float = 10) -> None:
        """Until every update up to id `after` is confirmed: whatever it began has had its time."""
        await self.until(lambda: all(_number(update) > after for update in self._updates), within_s)

    def calls(self, method: str) -> list[dict[str, Any]]:
        return [heard.fields for heard in self.heard if heard.method.lower() == method.lower()]

    @property
    def texts(self) -> list[str]:
        """Everything that stands in any chat, as people see it."""
        return [shown.plain for shown in self.messages.values()]

    def find(self, words: str) -> Shown:
        return next(shown for shown in reversed(self.messages.values()) if words in shown.plain)

    async def shown(self, words: str) -> Shown:
        """The newest message with these words, as soon as there is one."""
        await self.until(lambda: any(words in text for text in self.texts))
        return self.find(words)

    # the API

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        fields = {name: _decoded(name, value) for name, value in (await request.post()).items()}
        self.heard.append(Heard(method, fields, self.clock.now()))
        await self._tell()
        if method.lower() == self._held:
            await self._free.wait()
        try:
            response = await self._answer(request, method, fields)
        finally:
            await self._tell()
        return response

    async def _answer(self, request: web.Request, method: str, fields: dict[str, Any]) -> web.StreamResponse:
        fault = self.down or next((f for f in self.faults if f.method.lower() in {"", method.lower()}), None)
        if fault is not None:
            if fault is not self.down:
                self.faults.remove(fault)
            if fault.drop:
                assert request.transport is not None
                request.transport.abort()
            return _error(fault.status, fault.description, fault.retry_after)
        if request.match_info["token"] != self.token:
            return _error(401, "Unauthorized")
        handler = getattr(self, f"_do_{method.lower()}", None)
        if handler is None:
            return _error(404, "Not Found: method not found")
        try:
            answer = await handler(fields)
        except BadRequest as error:
            return _error(400, f"Bad Request: {error}")
        return answer if isinstance(answer, web.StreamResponse) else web.json_response({"ok": True, "result": answer})

    async def _do_getme(self, fields: dict[str, Any]) -> Any:
        return {**BOT, "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}

    async def _do_deletewebhook(self, fields: dict[str, Any]) -> Any:
        return True

    async def _do_setmycommands(self, fields: dict[str, Any]) -> Any:
        for command in fields["commands"]:
            if not (command["command"].islower() and 1 <= len(command["description"]) <= 256):
                raise BadRequest("BOT_COMMAND_INVALID")
        return True

    async def _do_answercallbackquery(self, fields: dict[str, Any]) -> Any:
        if len(str(fields.get("text", ""))) > 200:
            raise BadRequest("MESSAGE_TOO_LONG")
        return True

    async def _do_getupdates(self, fields: dict[str, Any]) -> Any:
        self.polls += 1
        mine = self.polls
        offset = 0 if self.forget_offset else int(fields.get("offset", 0))
        if offset < 0:  # so many of the last; those before are forgotten
            self._updates = self._updates[offset:]
        self._updates = [update for update in self._updates if _number(update) >= offset]
        await self._tell()
        try:
            await self.until(lambda: bool(self._updates) or self.polls != mine, float(fields.get("timeout", 0)))
        except TimeoutError:
            return []
        if self.polls != mine:
            return _error(409, "Conflict: terminated by other getUpdates request; make sure that only one runs")
        return self._updates[:100]

    async def _do_sendmessage(self, fields: dict[str, Any]) -> Any:
        chat = int(fields["chat_id"])
        text = _checked(fields)
        shown = Shown(chat, next(self._message_ids), text, fields.get("reply_markup", {}))
        shown.reply_to = fields.get("reply_parameters", {}).get("message_id", 0)
        self.messages[chat, shown.id] = shown
        return self._rendered(shown)

    async def _do_editmessagetext(self, fields: dict[str, Any]) -> Any:
        shown = self._edited(fields)
        if shown.photo:
            raise BadRequest("there is no text in the message to edit")
        text, markup = _checked(fields), fields.get("reply_markup", {})
        if (text, markup) == (shown.text, shown.markup):
            raise BadRequest("message is not modified: specified new message content and reply markup are the same")
        shown.text, shown.markup, shown.edits = text, markup, shown.edits + 1
        return self._rendered(shown)

    async def _do_editmessagecaption(self, fields: dict[str, Any]) -> Any:
        shown = self._edited(fields)
        if not shown.photo:
            raise BadRequest("there is no caption in the message to edit")
        text, markup = _checked(fields, "caption", 1024), fields.get("reply_markup", {})
        if (text, markup) == (shown.text, shown.markup):
            raise BadRequest("message is not modified: specified new message content and reply markup are the same")
        shown.text, shown.markup, shown.edits = text, markup, shown.edits + 1
        return self._rendered(shown)

    async def _do_editmessagemedia(self, fields: dict[str, Any]) -> Any:
        """Also puts a picture in place of a text. What is not said again is gone: words and buttons."""
        shown = self._edited(fields)
        media = fields["media"]
        if media["type"] != "photo":
            raise BadRequest("wrong type of media")
        shown.text = _checked({**media, "reply_markup": fields.get("reply_markup", {})}, "caption", 1024)
        shown.photo, shown.markup = _photo(fields, media["media"]), fields.get("reply_markup", {})
        shown.edits += 1
        return self._rendered(shown)

    async def _do_sendphoto(self, fields: dict[str, Any]) -> Any:
        text = _checked(fields, "caption", 1024) if "caption" in fields else ""
        number = next(self._message_ids)
        shown = Shown(int(fields["chat_id"]), number, text, fields.get("reply_markup", {}))
        shown.photo = _photo(fields, fields["photo"])
        shown.reply_to = fields.get("reply_parameters", {}).get("message_id", 0)
        self.messages[shown.chat, shown.id] = shown
        return self._rendered(shown)

    async def _do_editmessagereplymarkup(self, fields: dict[str, Any]) -> Any:
        shown = self._edited(fields)
        if fields.get("reply_markup", {}) == shown.markup:
            raise BadRequest("message is not modified: the markup is the same")
        shown.markup = fields.get("reply_markup", {})
        return self._rendered(shown)

    def _edited(self, fields: dict[str, Any]) -> Shown:
        shown = self.messages.get((int(fields["chat_id"]), int(fields["message_id"])))
        if shown is None:
            raise BadRequest("message to edit not found")
        return shown

    def _rendered(self, shown: Shown) -> dict[str, Any]:
        words = self.message(shown.plain, 0, shown.chat) | {"message_id": shown.id, "from": BOT}
        if not shown.photo:
            return words
        sizes = [{"file_id": "AgAC", "file_unique_id": "AQAD", "width": 1000, "height": 560}]
        return words | {"caption": words.pop("text"), "photo": sizes}


def _number(update: dict[str, Any]) -> int:
    """0 for an update that a test made wrong: the first confirmation drops it."""
    number = update.get("update_id")
    return number if isinstance(number, int) else 0


def person(user: int) -> dict[str, Any]:
    return {"id": user, "is_bot": False, "first_name": f"Person {user}", "username": f"person{user}"}


def _decoded(name: str, value: str | bytes | bytearray | web.FileField) -> Any:
    """Objects come as JSON inside of form fields, files as what is in them."""
    if isinstance(value, web.FileField):
        return value.file.read()
    said = str(value)
    return json.loads(said) if name not in {"text", "caption", "description"} and said[:1] in {"[", "{"} else said


def _photo(fields: dict[str, Any], where: str) -> bytes:
    """The file that `attach://NAME` speaks of. Raises BadRequest for what is no picture that Telegram takes."""
    file = fields.get(where.removeprefix("attach://"), b"")
    if not isinstance(file, bytes) or not file.startswith(b"\x89PNG\r\n\x1a\n"):
        raise BadRequest("IMAGE_PROCESS_FAILED")
    width, height = struct.unpack(">II", file[16:24])
    if len(file) > 10_000_000 or width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise BadRequest("PHOTO_INVALID_DIMENSIONS")
    return file


def _checked(fields: dict[str, Any], name: str = "text", limit: int = 4096) -> str:
    text = str(fields[name])
    seen = plain(text) if fields.get("parse_mode") == "HTML" else text
    units = len(seen.encode("utf-16-le")) // 2
    if not seen.strip():
        raise BadRequest("message text is empty")
    if units > limit:
        raise BadRequest(f"message {name} is too long")
    markup = fields.get("reply_markup", {})
    for row in markup.get("inline_keyboard", []):
        for button in row:
            if not 1 <= len(button["callback_data"].encode()) <= 64:
                raise BadRequest("BUTTON_DATA_INVALID")
    return text


def _error(status: int, description: str, retry_after: int = 0) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    if retry_after:
        body["parameters"] = {"retry_after": retry_after}
    return web.json_response(body, status=status)


@asynccontextmanager
async def telegram(clock: Clock | None = None) -> AsyncIterator[TelegramServer]:
    """A server on a free port of loopback."""
    server = TelegramServer(clock or SystemClock())
    app = web.Application()
    app.router.add_post("/bot{token}/{method}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
