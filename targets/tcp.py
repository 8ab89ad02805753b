"""Lines over TCP. Connects when there is something to send, and again after every failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from core.values.errors import Transient
from core.values.raw import RawAlert

Text = Callable[[RawAlert], str]


def json_line(alert: RawAlert) -> str:
    return alert.to_json() + "\n"


class Tcp:
    """text: what is written of an alert, its line ends included.

    TCP tells too late: what the peer had not read when it died is lost, so a line may be missing after an outage.
    """

    def __init__(self, name: str, host: str, port: int, text: Text = json_line) -> None:
        self.name = name
        self._host = host
        self._port = port
        self._text = text
        self._stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def start(self) -> None:
        """Nothing: a server that is down at the start must not keep the desk from anything."""

    async def send(self, alert: RawAlert) -> None:
        sent = False
        try:
            writer = await self._connected()
            writer.write(self._text(alert).encode())
            await writer.drain()
            sent = True
        except OSError as error:
            raise Transient(f"{self._host}:{self._port}: {error}") from None
        finally:
            if not sent:  # also when the call was cut short: half a line must not stay in a buffer
                self._drop()

    async def close(self) -> None:
        if self._stream is not None:
            _, writer = self._stream
            self._stream = None
            writer.close()
            try:
                await writer.wait_closed()
            except OSError as error:
                raise Transient(str(error)) from None

    async def _connected(self) -> asyncio.StreamWriter:
        """The open stream; a peer that hung up meanwhile is noticed here."""
        if self._stream is not None and (self._stream[0].at_eof() or self._stream[1].is_closing()):
            self._drop()
        if self._stream is None:
            self._stream = await asyncio.open_connection(self._host, self._port)
        return self._stream[1]

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream[1].transport.abort()
            self._stream = None
