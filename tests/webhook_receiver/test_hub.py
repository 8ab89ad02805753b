"""The hub's routes over real sockets, as CONTRACT 3 words them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError, web

from core.clock import ManualClock
from core.services.hub import QUEUE_MAX, Hub
from kit.http import Listener, errors_as_json, listen
from storage.sqlite import open_store
from storage.sqlite.store import SqliteStore
from targets.console import Console
from tests.desk import turns
from tests.targets.samples import SENT_AT, raw
from tests.webhook_receiver.test_dialect_hub import NEW, OLD
from webhook_receiver.dialect_hub import as_alert
from webhook_receiver.hub import HubDoor

TOKEN = "a token of the usual length"
SITE = "http://localhost:8080"
ROUTES = ("/alert", "/carbon-alert")
Body = dict[str, Any]


@dataclass
class Place:
    hub: Hub
    store: SqliteStore
    listener: Listener
    session: ClientSession
    written: list[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.port}"

    async def post(
        self, body: object, path: str = "/alert", token: str = TOKEN, **headers: str
    ) -> tuple[int, Body, dict[str, str]]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        told = {"Authorization": f"Bearer {token}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.post(self.url + path, data=data, headers=told) as answer:
            return answer.status, await answer.json(), dict(answer.headers)

    async def listen(self, **headers: str) -> ClientWebSocketResponse:
        return await self.session.ws_connect(f"{self.url}/wsalerts?token={TOKEN.replace(' ', '%20')}", headers=headers)


@pytest.fixture
def token() -> str:
    return TOKEN


@pytest.fixture
async def place(tmp_path: Path, token: str) -> AsyncIterator[Place]:
    clock = ManualClock(SENT_AT)
    store = await open_store(tmp_path / "desk.db", clock)
    written: list[str] = []
    hub = Hub(store, clock.now, clock, (), (Console(written.append),))
    hub.start()
    door = HubDoor(hub=hub, token=token, cors_origin=SITE, now=clock.now, zone=ZoneInfo("Europe/Moscow"))
    app = web.Application(middlewares=[errors_as_json])
    app.add_routes(door.routes())
    listener = await listen(app, "127.0.0.1", 0, first=door.first(), shutdown_s=1)
    async with ClientSession() as session:
        yield Place(hub, store, listener, session, written)
    await hub.close()
    await listener.close()
    await store.close()


async def test_tv_02_a_valid_alert_reaches_a_socket(place: Place) -> None:
    """With upper-case direction, a true UTC epoch, and the desk's offset beside it."""
    socket = await place.listen()
    status, answer, _ = await place.post(NEW)
    assert (status, answer["status"], answer["message"]) == (200, 200, "OK")
    assert set(answer) == {"status", "message", "alert_id"}
    assert json.loads(await socket.receive_str()) == {
        "id": 2,
        "name": "LWMA",
        "symbol": "FXCM:EURUSD",
        "interval": 15,
        "direction": "BUY",
        "price": 1.0712,
        "timestamp": 1717211777,
        "utcoffset": 10800,
    }
    await socket.close()


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("name", sorted(NEW))
@pytest.mark.parametrize("how", ["missing", "invalid"])
async def test_tv_03_every_field_missing_or_invalid_is_400(place: Place, path: str, name: str, how: str) -> None:
    """Fourteen cases on two routes, in the seed's shape; nothing is kept."""
    body: Body = {key: value for key, value in NEW.items() if key != name}
    if how == "invalid":
        body[name] = -1 if name in {"id", "interval", "price"} else ""
    status, answer, _ = await place.post(body, path)
    assert (status, set(answer), answer["status"]) == (400, {"status", "message"}, 400)
    assert name in answer["message"]
    assert (await place.store.alerts(10)).items == []


async def test_tv_05_both_sets_of_names_are_broadcast_alike(place: Place) -> None:
    """stratId and stratName are id and name."""
    socket = await place.listen()
    for body in (NEW, OLD):
        assert (await place.post(body))[0] == 200
    assert await socket.receive_str() == await socket.receive_str()
    await socket.close()


@pytest.mark.parametrize("path", ROUTES)
async def test_tv_07_nobody_listens_and_it_is_200(place: Place, path: str) -> None:
    """Also where no target is set."""
    assert (await place.post(NEW, path))[0] == 200


async def test_tv_08_a_socket_that_vanished_is_not_felt(place: Place) -> None:
    """Others still receive, and its place is given back."""
    gone, stays = await place.listen(), await place.listen()
    assert gone._response.connection is not None
    assert gone._response.connection.transport is not None
    gone._response.connection.transport.abort()
    for number in range(3):
        assert (await place.post(NEW | {"id": number}))[0] == 200
        assert json.loads(await stays.receive_str())["id"] == number
    while place.hub.listening > 1:
        await turns(1)
    await stays.close()


async def test_tv_09_text_comes_back_to_its_sender_alone(place: Place) -> None:
    """The other socket's next message is the alert."""
    talker, listener = await place.listen(), await place.listen()
    await talker.send_str("hello")
    assert await talker.receive_str() == "hello"
    await place.post(NEW)
    assert json.loads(await listener.receive_str())["name"] == "LWMA"
    for socket in (talker, listener):
        await socket.close()


async def test_a_socket_that_never_reads_is_cut_off_and_not_felt(place: Place) -> None:
    """Once kernel buffers and its 64 places are full; meanwhile another gets every message in order."""
    reader, writer = await asyncio.open_connection("127.0.0.1", place.listener.port, limit=1024)
    writer.write(
        f"GET /wsalerts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    stays = await place.listen()
    sent = 0
    text = "x" * 60_000
    while not place.hub.cut:
        place.hub.say(text)
        assert await stays.receive_str() == text
        sent += 1
    assert QUEUE_MAX < sent < 1000
    assert place.hub.listening <= 2
    writer.close()
    await stays.close()


async def test_a_burst_cuts_nobody_off_who_reads(place: Place) -> None:
    """Five hundred alerts that share a commit, and more than fit into a queue."""
    socket = await place.listen()
    alerts = [raw(number=number) for number in range(500)]
    told = asyncio.gather(*(place.hub.publish(as_alert(a, received_at=SENT_AT, body=a.to_json()), a) for a in alerts))
    assert [json.loads(await socket.receive_str())["id"] for _ in alerts] == list(range(500))
    await told
    assert place.hub.cut == 0
    await socket.close()


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("given", ["", "wrong"])
async def test_w_32_without_the_token_it_is_401(place: Place, path: str, given: str) -> None:
    """In the seed's shape; nothing is kept."""
    status, answer, _ = await place.post(NEW, path, token=given)
    assert (status, set(answer)) == (401, {"status", "message"})
    assert (await place.store.alerts(10)).items == []


async def test_w_32_a_socket_needs_the_token_too(place: Place) -> None:
    """401 before any upgrade."""
    with pytest.raises(WSServerHandshakeError) as refused:
        await place.session.ws_connect(f"{place.url}/wsalerts?token=wrong")
    assert refused.value.status == 401


@pytest.mark.parametrize("token", [""])
async def test_an_empty_token_lets_nobody_in(place: Place, token: str) -> None:
    """Empty means that there is none."""
    for given in ("", TOKEN):
        assert (await place.post(NEW, token=given))[0] == 401
    with pytest.raises(WSServerHandshakeError):
        await place.session.ws_connect(f"{place.url}/wsalerts?token=")


async def test_the_token_may_stand_in_the_address(place: Place) -> None:
    """Charts and old scripts have no headers; the token is not kept with the alert."""
    async with place.session.post(f"{place.url}/alert?token={TOKEN}", data=json.dumps(NEW | {"note": TOKEN})) as answer:
        assert answer.status == 200
    (row,) = (await place.store.alerts(10)).items
    assert TOKEN not in row.alert.body


async def test_what_looks_secret_is_not_kept(place: Place) -> None:
    """By its name, at any depth; all else is kept as it was sent."""
    await place.post(NEW | {"password": "one", "more": {"api_key": "two"}, "note": "three"})
    (row,) = (await place.store.alerts(10)).items
    assert "one" not in row.alert.body
    assert "two" not in row.alert.body
    assert "three" in row.alert.body


async def test_tv_16_one_other_site_may_read_our_answers(place: Place) -> None:
    """The configured origin gets permission, others none; without CORS there are no such headers."""
    allowed = "Access-Control-Allow-Origin"
    for origin, told in ((SITE, SITE), ("http://evil.example", None)):
        async with place.session.options(f"{place.url}/alert", headers={"Origin": origin}) as answer:
            assert (answer.status, answer.headers.get(allowed)) == (204, told)
        assert (await place.post(NEW, Origin=origin))[2].get(allowed) == told
    assert allowed not in (await place.post(NEW))[2]


async def test_another_sites_script_may_not_listen(place: Place) -> None:
    """Browsers do not hold sockets to CORS; we do."""
    with pytest.raises(WSServerHandshakeError) as refused:
        await place.listen(Origin="http://evil.example")
    assert refused.value.status == 403
    await (await place.listen(Origin=SITE)).close()


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"a":' * 5000, b"null"])
async def test_what_is_no_object_is_400(place: Place, body: bytes) -> None:
    """Never a 5xx."""
    status, answer, _ = await place.post(body)
    assert (status, answer["status"]) == (400, 400)


async def test_a_body_that_is_too_large_is_413(place: Place) -> None:
    """In the seed's shape."""
    status, answer, _ = await place.post(b" " * 70_000)
    assert (status, answer["status"]) == (413, 413)


async def test_a_carbon_alert_is_written_and_not_broadcast(place: Place) -> None:
    """/carbon-alert writes one line, /alert none."""
    socket = await place.listen()
    await place.post(NEW | {"id": 1}, "/carbon-alert")
    await place.post(NEW | {"id": 2}, "/alert")
    assert json.loads(await socket.receive_str())["id"] == 2
    await place.hub.close()
    assert (await socket.receive()).type in {WSMsgType.CLOSE, WSMsgType.CLOSING}
    assert [json.loads(line.removeprefix("Console: "))["id"] for line in place.written] == [1]


async def test_a_closing_hub_answers_503(place: Place) -> None:
    """It will not be kept: the sender may try again."""
    await place.hub.close()
    status, answer, _ = await place.post(NEW)
    assert (status, answer["status"]) == (503, 503)
