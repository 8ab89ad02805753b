"""Discord over the wire, on loopback: its REST API and its gateway, as far as the desk uses them.

The real library talks to it. It holds the rules that Discord holds (token, 2,000 characters, one answer an
interaction, nonces, intents) and can be told to fail: 429, 500, refused connections, cut and resumed gateways.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

TOKEN = "discord-token-of-the-tests.which-nobody-may-read"
APP, BOT, OWNER_OF_APP = 900, 901, 902
GUILD, STUDY, LOG, ERROR, ELSEWHERE = 1000, 2001, 2002, 2003, 2004
APPROVERS, TRADERS = 3001, 3002
CHANNELS = frozenset({STUDY, LOG, ERROR, ELSEWHERE})
PRIVILEGED = 1 << 15
WAIT_S = 20
_AT = "2026-11-21T12:00:00.000000+00:00"

Json = dict[str, Any]


@dataclass(frozen=True)
class User:
    """Somebody in the guild, with the roles they have at this moment."""

    id: int
    roles: tuple[int, ...] = ()
    bot: bool = False

    def json(self) -> Json:
        return {
            "id": str(self.id),
            "username": f"user{self.id}",
            "discriminator": "0",
            "avatar": None,
            "global_name": None,
            "bot": self.bot,
        }

    def member(self) -> Json:
        return {
            "user": self.json(),
            "roles": [str(role) for role in self.roles],
            "joined_at": _AT,
            "premium_since": None,
            "nick": None,
            "avatar": None,
            "flags": 0,
            "permissions": "0",
            "deaf": False,
            "mute": False,
        }


ANN = User(11, (APPROVERS,))
TOM = User(12, (TRADERS,))
EVE = User(13)
VIC = User(14)
BOSS = User(15)


@dataclass
class Fault:
    """What a request that fits is answered instead. Used once."""

    method: str
    part: str
    status: int
    body: Json = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Answer:
    """What an interaction was answered: callback types, and the contents in the order in which they were shown."""

    type: int = 0
    ephemeral: bool = False
    texts: list[str] = field(default_factory=list)
    whispers: list[str] = field(default_factory=list)
    modal: Json = field(default_factory=dict)
    components: list[Json] = field(default_factory=list)

    @property
    def done(self) -> bool:
        return bool(self.texts or self.whispers or self.modal)


class DiscordServer:
    def __init__(self) -> None:
        self.port = 0
        self.messages: dict[int, Json] = {}
        self.commands: list[Json] = []
        self.answers: dict[int, Answer] = {}
        self.identifies: list[Json] = []
        self.resumes: list[Json] = []
        self.requests: list[tuple[str, str, str]] = []
        self.faults: list[Fault] = []
        self.files: dict[int, bytes] = {}
        self.threads: dict[int, str] = {}
        self.refuse_intents = False
        self.forget_sessions = False
        self.close_before_hello = 0
        self._ids = itertools.count(10_000)
        self._sessions = itertools.count(1)
        self._interactions: dict[str, int] = {}
        self._clicked: dict[int, int] = {}
        self._nonces: dict[str, int] = {}
        self._events: list[Json] = []
        self._rewind = 0
        self._sockets: set[web.WebSocketResponse] = set()
        self._live: web.WebSocketResponse | None = None
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    # being there

    async def start(self) -> None:
        """On any free port the first time, on the same one again after `stop`."""
        app = web.Application()
        app.router.add_route("*", "/api/v10/{path:.*}", self._rest)
        app.router.add_get("/gateway/", self._gateway)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Connections are cut and new ones refused."""
        for socket in list(self._sockets):
            await socket.close(code=1001)
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = self._live = None

    @property
    def api_base(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v10"

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/gateway/"

    @property
    def connected(self) -> bool:
        return self._live is not None

    async def until(self, seen: Callable[[], object]) -> None:
        """Return once `seen` is true."""
        async with asyncio.timeout(WAIT_S), self._changed:
            await self._changed.wait_for(lambda: bool(seen()))

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    # looking

    def shown(self, channel: int) -> list[Json]:
        """The messages of a channel as they stand now, oldest first."""
        return [m for m in self.messages.values() if int(m["channel_id"]) == channel]

    def texts(self, channel: int) -> list[str]:
        return [m["content"] for m in self.shown(channel)]

    def everything_said(self) -> str:
        """Every body that was ever sent to this server."""
        return "\n".join(body for _, _, body in self.requests)

    def card(self) -> Json:
        """The newest message with buttons, or that had some."""
        return next(m for m in reversed(self.shown(STUDY)) if m["had_buttons"])

    def pictures(self, channel: int) -> list[bytes]:
        """What is attached to the messages of a channel now."""
        return [self.files[int(file["id"])] for message in self.shown(channel) for file in message["attachments"]]

    def button(self, label: str) -> str:
        buttons = (button for row in self.card()["components"] for button in row["components"])
        return str(next(button["custom_id"] for button in buttons if button["label"] == label))

    # the people in the guild

    async def says(
        self, user: User, text: str, channel: int = STUDY, *, guild: int | None = GUILD, **more: Any
    ) -> Json:
        """A message is typed. Returns the event, which may be pushed again."""
        message = self._message(channel, text, user.json()) | more
        if guild is not None:
            message |= {"guild_id": str(guild), "member": {k: v for k, v in user.member().items() if k != "user"}}
        await self.push("MESSAGE_CREATE", message)
        return message

    async def slash(self, user: User, name: str, channel: int = STUDY, **options: Any) -> int:
        given = [{"name": key, "type": 3, "value": value} for key, value in options.items()]
        data = {"id": "1", "name": name, "type": 1, "options": given}
        return await self.interact(user, 2, data, channel)

    async def click(self, user: User, custom_id: str, **more: Any) -> int:
        data = {"custom_id": custom_id, "component_type": 2}
        return await self.interact(user, 3, data, **more)

    async def submit(self, user: User, custom_id: str, fields: Mapping[str, str]) -> int:
        rows = [{"type": 1, "components": [{"type": 4, "custom_id": k, "value": v}]} for k, v in fields.items()]
        return await self.interact(user, 5, {"custom_id": custom_id, "components": rows})

    async def interact(
        self, user: User, kind: int, data: Json, channel: int = STUDY, guild: int = GUILD, message: int | None = None
    ) -> int:
        """An interaction is pushed; its id."""
        event = self.interaction(user, kind, data, channel, guild, message)
        await self.push("INTERACTION_CREATE", event)
        return int(event["id"])

    def interaction(
        self, user: User, kind: int, data: Json, channel: int = STUDY, guild: int = GUILD, message: int | None = None
    ) -> Json:
        number = next(self._ids)
        self.answers[number] = Answer()
        self._interactions[f"interaction-token-{number}"] = number
        event: Json = {
            "id": str(number),
            "application_id": str(APP),
            "type": kind,
            "data": data,
            "guild_id": str(guild),
            "channel": {"id": str(channel), "type": 0, "name": "study", "position": 0},
            "channel_id": str(channel),
            "member": user.member(),
            "token": f"interaction-token-{number}",
            "version": 1,
            "app_permissions": "0",
            "locale": "en-US",
            "entitlements": [],
            "authorizing_integration_owners": {},
            "context": 0,
            "attachment_size_limit": 1000,
        }
        clicked = message if message is not None else self._message_with(str(data.get("custom_id", "")))
        if kind == 3 and clicked is not None:
            event["message"] = self.messages[clicked]
            self._clicked[number] = clicked
        return event

    async def answer(self, number: int) -> Answer:
        """What this interaction was told, once it was told something."""
        await self.until(lambda: self.answers[number].done)
        return self.answers[number]

    def _message_with(self, custom_id: str) -> int | None:
        for number, message in self.messages.items():
            if custom_id and f'"{custom_id}"' in json.dumps(message["components"]):
                return number
        return None

    # the gateway

    async def push(self, event: str, data: Any) -> None:
        """Send an event to who is connected; it is replayed to who resumes."""
        envelope = {"op": 0, "t": event, "s": len(self._events) + 1, "d": data}
        self._events.append(envelope)
        if self._live is not None:
            await self._live.send_str(json.dumps(envelope))

    async def cut(self, *, rewind: int = 0, code: int = 1001) -> None:
        """Close the gateway. Who resumes is told the last `rewind` events again."""
        assert self._live is not None
        live, self._live, self._rewind = self._live, None, rewind
        await live.close(code=code)

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        if self.close_before_hello:
            self.close_before_hello -= 1
            await socket.close(code=1001)
            return socket
        await socket.send_str(json.dumps({"op": 10, "d": {"heartbeat_interval": 41250}}))
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                await self._frame(socket, json.loads(frame.data))
        self._sockets.discard(socket)
        if self._live is socket:
            self._live = None
        await self._tell()
        return socket

    async def _frame(self, socket: web.WebSocketResponse, frame: Json) -> None:
        data = frame["d"]
        if frame["op"] == 1:
            await socket.send_str(json.dumps({"op": 11}))
        elif frame["op"] == 2:
            self.identifies.append(data)
            if data["token"] != TOKEN:
                await socket.close(code=4004)
            elif self.refuse_intents and data["intents"] & PRIVILEGED:
                await socket.close(code=4014)
            else:
                await self._ready(socket)
        elif frame["op"] == 6:
            self.resumes.append(data)
            await self._resume(socket, data)
        await self._tell()

    async def _ready(self, socket: web.WebSocketResponse) -> None:
        self._live = socket
        session = f"session-{next(self._sessions)}"
        ready = {
            "v": 10,
            "user": User(BOT, bot=True).json(),
            "guilds": [{"id": str(GUILD), "unavailable": True}],
            "session_id": session,
            "resume_gateway_url": self.gateway_url,
            "application": {"id": str(APP), "flags": 0},
        }
        await self.push("READY", ready)
        await self.push("GUILD_CREATE", _guild())

    async def _resume(self, socket: web.WebSocketResponse, data: Json) -> None:
        if self.forget_sessions:
            await socket.send_str(json.dumps({"op": 9, "d": False}))
            return
        self._live = socket
        start = max(0, data["seq"] - self._rewind)
        for envelope in self._events[start:]:
            await socket.send_str(json.dumps(envelope))
        await self.push("RESUMED", {})

    # REST

    async def _rest(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        body, files = await _read(request)
        self.requests.append((request.method, path, body))
        try:
            fault = self._fault(request.method, path)
            if fault is not None:
                return _json(fault.body, fault.status, fault.headers)
            needs_token = path.split("/")[0] not in {"interactions", "webhooks"}
            if needs_token and request.headers.get("Authorization") != f"Bot {TOKEN}":
                return _json({"message": "401: Unauthorized", "code": 0}, 401)
            return self._route(request.method, path.split("/"), json.loads(body) if body else {}, files)
        finally:
            await self._tell()

    def _fault(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.method == method and fault.part in path:
                self.faults.remove(fault)
                return fault
        return None

    def _route(self, method: str, path: Sequence[str], body: Any, files: Mapping[int, bytes]) -> web.Response:
        match [method, *path]:
            case ["GET", "users", "@me"]:
                return _json(User(BOT, bot=True).json())
            case ["GET", "oauth2", "applications", "@me"]:
                return _json(_application())
            case ["GET", "gateway", "bot"]:
                limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
                return _json({"url": self.gateway_url, "shards": 1, "session_start_limit": limit})
            case ["PUT", "applications", _, "guilds", guild, "commands"] if guild == str(GUILD):
                self.commands = list(body)
                return _json(self.commands)
            case [_, "channels", channel, "messages", *more]:
                return self._channel(method, int(channel), more, body, files)
            case ["POST", "interactions", number, token, "callback"] if self._interactions.get(token) == int(number):
                return self._callback(int(number), body)
            case ["PATCH", "webhooks", _, token, "messages", "@original"] if token in self._interactions:
                return self._edit_original(self._interactions[token], body)
            case ["POST", "webhooks", _, token] if token in self._interactions:
                return self._follow_up(self._interactions[token], body)
        return _json({"message": "Unknown", "code": 10003}, 404)

    def _channel(
        self, method: str, channel: int, path: Sequence[str], body: Any, files: Mapping[int, bytes]
    ) -> web.Response:
        """The messages of a channel, or of a thread."""
        match [method, *path]:
            case ["POST"] if channel in CHANNELS or channel in self.threads:
                return self._create(channel, body)
            case ["POST", number, "threads"] if int(number) in self.messages:
                return self._thread(channel, int(number), body)
            case ["PATCH", number] if int(number) in self.messages:
                return self._edit(int(number), body, files)
        return _json({"message": "Unknown", "code": 10003}, 404)

    def _create(self, channel: int, body: Json) -> web.Response:
        wrong = _wrong(body)
        if wrong is not None:
            return wrong
        nonce = body.get("nonce") if body.get("enforce_nonce") else None
        if nonce is not None and nonce in self._nonces:
            return _json(self.messages[self._nonces[nonce]])
        message = self._message(channel, body["content"], User(BOT, bot=True).json())
        message["flags"] = body.get("flags", 0)
        message["components"] = body.get("components", [])
        message["had_buttons"] = bool(message["components"])
        number = int(message["id"])
        self.messages[number] = message
        if nonce is not None:
            self._nonces[nonce] = number
        return _json(message)

    def _thread(self, channel: int, number: int, body: Json) -> web.Response:
        """It has the id of its message, and a message has but one."""
        if number in self.threads:
            return _json({"message": "A thread has already been created for this message", "code": 160004}, 400)
        if not 0 < len(body["name"]) <= 100:
            return _json({"message": "Invalid Form Body: name", "code": 50035}, 400)
        self.threads[number] = body["name"]
        return _json({"id": str(number), "type": 11, "name": body["name"], "parent_id": str(channel)}, 201)

    def _edit(self, number: int, body: Json, files: Mapping[int, bytes] | None = None) -> web.Response:
        """Whatever the body leaves out stays, attachments among it."""
        wrong = _wrong(body) if "content" in body else None
        if wrong is not None:
            return wrong
        message = self.messages[number]
        if "attachments" in body:
            kept = {int(file["id"]): file for file in message["attachments"]}
            attached = [self._attached(file, files or {}, kept) for file in body["attachments"]]
            if None in attached:
                return _json({"message": "Invalid Form Body: attachments", "code": 50035}, 400)
            message["attachments"] = attached
        message |= {k: body[k] for k in ("content", "components") if k in body}
        return _json(message)

    def _attached(self, asked: Json, files: Mapping[int, bytes], kept: Mapping[int, Json]) -> Json | None:
        """An attachment that stays, or a new one with its file; None for what Discord does not take."""
        number = int(asked["id"])
        file = files.get(number)
        if file is None:
            return kept.get(number)
        if not file.startswith(b"\x89PNG\r\n\x1a\n") or len(file) > 10_000_000:
            return None
        new = next(self._ids)
        self.files[new] = file
        url = f"{self.api_base}/attachments/{new}/{asked['filename']}"
        return {"id": str(new), "filename": asked["filename"], "size": len(file), "url": url, "proxy_url": url}

    def _callback(self, number: int, body: Json) -> web.Response:
        answer = self.answers[number]
        data = body.get("data") or {}
        if answer.type:
            return _json({"message": "already acknowledged", "code": 40060}, 400)
        wrong = _wrong(data) if body["type"] == 4 else None
        if wrong is not None:
            return wrong
        answer.type = body["type"]
        answer.ephemeral = bool(data.get("flags", 0) & 64)
        if body["type"] == 4:
            answer.texts.append(data["content"])
        if body["type"] == 9:
            answer.modal = data
        shown = {"id": str(number), "type": 3, "response_message_id": str(next(self._ids))}
        return _json({"interaction": shown, "resource": {"type": body["type"]}})

    def _edit_original(self, number: int, body: Json) -> web.Response:
        answer = self.answers[number]
        wrong = _wrong(body)
        if wrong is not None or not answer.type:
            return wrong or _json({"message": "Unknown Webhook", "code": 10015}, 404)
        answer.texts.append(body["content"])
        answer.components = body.get("components", [])
        if answer.type == 6:
            self._edit(self._clicked[number], body)
        return _json(self._message(STUDY, body["content"], User(BOT, bot=True).json()))

    def _follow_up(self, number: int, body: Json) -> web.Response:
        wrong = _wrong(body)
        if wrong is not None:
            return wrong
        kept = self.answers[number].whispers if body.get("flags", 0) & 64 else self.answers[number].texts
        kept.append(body["content"])
        return _json(self._message(STUDY, body["content"], User(BOT, bot=True).json()))

    def _message(self, channel: int, text: str, author: Json) -> Json:
        return {
            "id": str(next(self._ids)),
            "type": 0,
            "channel_id": str(channel),
            "author": author,
            "content": text,
            "timestamp": _AT,
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [],
            "embeds": [],
            "pinned": False,
            "components": [],
            "had_buttons": False,
        }


async def _read(request: web.Request) -> tuple[str, Mapping[int, bytes]]:
    """The JSON of a request, and the files beside it by their number."""
    if not request.content_type.startswith("multipart/"):
        return await request.text(), {}
    form = await request.post()
    files = {int(name[6:-1]): v.file.read() for name, v in form.items() if isinstance(v, web.FileField)}
    return str(form["payload_json"]), files


def _wrong(body: Json) -> web.Response | None:
    """What Discord does not take, and what the desk must never send: a mention that gets through."""
    if not 0 < len(body.get("content") or "") <= 2000:
        return _json({"message": "Invalid Form Body", "code": 50035}, 400)
    if body.get("allowed_mentions") != {"parse": []} or len(body.get("nonce", "")) > 25:
        return _json({"message": "Invalid Form Body: mentions", "code": 50035}, 400)
    return None


def _json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """The content type is exactly this; with a charset behind it the library reads a text."""
    more = {"Content-Type": "application/json", "Via": "1.1 test", **(headers or {})}
    return web.Response(body=json.dumps(body).encode(), status=status, headers=more)


def too_many(part: str, retry_after: float, method: str = "POST") -> Fault:
    body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": False}
    return Fault(method, part, 429, body, {"Retry-After": str(retry_after)})


def _application() -> Json:
    return {
        "id": str(APP),
        "name": "desk",
        "description": "",
        "icon": None,
        "bot_public": False,
        "bot_require_code_grant": False,
        "owner": User(OWNER_OF_APP).json(),
        "verify_key": "00",
        "flags": 0,
    }


def _guild() -> Json:
    roles = [
        {
            "id": str(number),
            "name": f"role{number}",
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "position": 0,
            "permissions": "0",
            "managed": False,
            "mentionable": False,
            "flags": 0,
        }
        for number in (GUILD, APPROVERS, TRADERS)
    ]
    channels: list[Json] = [
        {"id": str(n), "type": 0, "name": f"c{n}", "position": 0, "permission_overwrites": [], "parent_id": None}
        for n in (STUDY, LOG, ERROR, ELSEWHERE)
    ]
    return {
        "id": str(GUILD),
        "name": "the desk's",
        "owner_id": str(OWNER_OF_APP),
        "member_count": 4,
        "roles": roles,
        "channels": channels,
        "members": [],
        "threads": [],
        "emojis": [],
        "features": [],
        "voice_states": [],
        "presences": [],
    }
