"""The wire: HTTP and WebSocket of tests/servers/broker.py, and what its trouble means."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

import aiohttp

from core.crashpoints import crashpoint
from core.values.errors import Transient

ANSWER_S = 2.0
SILENCE_S = 3.0
"""The venue's stream beats each second."""


class NoAnswer(Exception):
    """A request left, and what came back is nothing, or cannot be read."""


class Client:
    def __init__(self, base_url: str) -> None:
        self._base = base_url
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_S))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: object = None
    ) -> tuple[int, float, Any]:
        """Status, seconds of Retry-After, JSON. Raises Transient when nothing left, NoAnswer when nobody knows."""
        assert self._session is not None, "opened first"
        data, headers = None, {}
        if body is not None:
            text = json.dumps(body).encode()
            data, headers = _sent(text), {"Content-Length": str(len(text)), "Content-Type": "application/json"}
        try:
            async with self._session.request(
                method, self._base + path, params=query, data=data, headers=headers
            ) as answer:
                wait = float(answer.headers.get("Retry-After", "0"))
                return answer.status, wait, json.loads(await answer.read())
        except aiohttp.ClientConnectorError as error:
            raise Transient(f"no connection: {error}") from error
        except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error

    async def read(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """The answer to a question; None where the venue does not know. Raises Transient."""
        try:
            status, wait, answer = await self.call("GET", path, query)
        except NoAnswer as error:
            raise Transient(str(error)) from error
        if status == 404:
            return None
        if status != 200:
            raise Transient(f"{path}: {status}", wait or 1.0)
        return answer

    async def stream(self) -> AsyncGenerator[Any, None]:
        """None once connected, then messages, until it breaks or is silent for too long. Raises Transient."""
        assert self._session is not None, "opened first"
        try:
            async with self._session.ws_connect(self._base + "/stream") as link:
                yield None
                while True:
                    message = await link.receive(timeout=SILENCE_S)
                    if message.type is not aiohttp.WSMsgType.TEXT:
                        raise Transient("the stream ended")
                    yield json.loads(message.data)
        except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
            raise Transient(f"stream: {type(error).__name__}") from error


async def _sent(text: bytes) -> AsyncIterator[bytes]:
    yield text
    crashpoint("send.bytes_out")
