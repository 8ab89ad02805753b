"""An MQTT 3.1.1 broker on loopback: it takes connections and messages, and tells nobody of them but the test.

Packets after the OASIS standard, section 3: CONNECT 1, CONNACK 2, PUBLISH 3, PUBACK 4, PINGREQ 12, DISCONNECT 14.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

GOOD, BAD_PASSWORD = 0, 4


@dataclass(frozen=True, slots=True)
class Message:
    topic: str
    text: str
    qos: int
    retained: bool


@dataclass
class MqttBroker:
    """swallow: so many messages are taken, and the connection ends before they are acknowledged."""

    port: int = 0
    password: str = ""
    swallow: int = 0
    connections: int = 0
    messages: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def some(self, count: int) -> list[Message]:
        async with asyncio.timeout(10):
            return [await self.messages.get() for _ in range(count)]

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await self._packet(reader, writer):
                pass
        writer.close()

    async def _packet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readexactly(1))[0]
        body = await reader.readexactly(await _length(reader))
        kind = head >> 4
        if kind == 1:
            self.connections += 1
            welcome = not self.password or body.endswith(_text(self.password))
            writer.write(bytes([0x20, 2, 0, GOOD if welcome else BAD_PASSWORD]))
            return welcome
        if kind == 3:
            return self._published(head, body, writer)
        if kind == 12:
            writer.write(bytes([0xD0, 0]))
        return kind != 14

    def _published(self, head: int, body: bytes, writer: asyncio.StreamWriter) -> bool:
        size = int.from_bytes(body[:2])
        qos, rest = head >> 1 & 3, body[2 + size :]
        text = rest[2:] if qos else rest
        self.messages.put_nowait(Message(body[2 : 2 + size].decode(), text.decode(), qos, bool(head & 1)))
        if self.swallow:
            self.swallow -= 1
            return False
        if qos:
            writer.write(bytes([0x40, 2]) + rest[:2])
        return True


@asynccontextmanager
async def mqtt_broker(port: int = 0, password: str = "") -> AsyncIterator[MqttBroker]:
    found = MqttBroker(password=password)
    server = await asyncio.start_server(found.take, "127.0.0.1", port)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        for writer in found.writers:
            writer.close()
        await server.wait_closed()


async def _length(reader: asyncio.StreamReader) -> int:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    found = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        found |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return found


def _text(words: str) -> bytes:
    return len(words.encode()).to_bytes(2) + words.encode()
