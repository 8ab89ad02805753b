"""HTTP bytes into the real server and out again, without a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from tests.simulation.timeline import VirtualLoop

PEER = ("52.89.214.238", 40000)
Answered = Callable[[int, Any], None]


class _Line(asyncio.Transport):
    """The server's end of one connection."""

    def __init__(self, answered: Answered) -> None:
        super().__init__({"peername": PEER, "sockname": ("127.0.0.1", 8089)})
        self._answered = answered
        self._heard = b""
        self._closing = False

    def write(self, data: Any) -> None:
        self._heard += bytes(data)
        head, gap, body = self._heard.partition(b"\r\n\r\n")
        if not gap or self._closing:
            return
        length = next(
            int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
        )
        if len(body) >= length:
            self._closing = True
            self._answered(int(head.split(b" ")[1]), json.loads(body) if body else None)

    def writelines(self, data: Any) -> None:
        self.write(b"".join(data))

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    abort = close

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass


def call(loop: VirtualLoop | None, method: str, path: str, body: object, token: str, answered: Answered) -> bool:
    """Send one request; False where nobody listens. `answered` is called with status and JSON, or never."""
    if loop is None or loop.factory is None:
        return False
    data = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(data)}\r\n"
    head += f"Authorization: Bearer {token}\r\n" if token else ""
    protocol = loop.factory()

    def hang_up(status: int, answer: Any) -> None:
        loop.call_soon(protocol.connection_lost, None)
        answered(status, answer)

    protocol.connection_made(_Line(hang_up))
    protocol.data_received(f"{head}Content-Type: application/json\r\n\r\n".encode() + data)
    return True
