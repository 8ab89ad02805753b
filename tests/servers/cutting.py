"""A wire to a server that breaks at a chosen word, before it or after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Wire:
    """port: of this end. cut_at: what the client says when it breaks, None = it holds. arrives: whether the server
    still gets it. cuts: how often it broke."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self.port = 0
        self.cut_at: bytes | None = None
        self.arrives = True
        self.cuts = 0
        self.carrying: list[asyncio.Task[None] | None] = []

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.carrying.append(asyncio.current_task())
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        back = asyncio.ensure_future(_copy(server_reader, writer))
        with suppress(ConnectionError):
            while said := await reader.read(65536):
                if self.cut_at is not None and self.cut_at in said:
                    back.cancel()
                    await asyncio.wait([back])
                    self.cut_at, self.cuts = None, self.cuts + 1
                    if self.arrives:
                        server_writer.write(said)
                        await server_reader.read(1)  # it has been done: this is its answer
                    break
                server_writer.write(said)
                await server_writer.drain()
        back.cancel()
        await asyncio.wait([back])
        for end in (server_writer, writer):
            end.close()
            with suppress(ConnectionError):
                await end.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while said := await reader.read(65536):
            writer.write(said)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def wired(server_port: int) -> AsyncIterator[Wire]:
    wire = Wire(server_port)
    listening = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    wire.port = listening.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        listening.close()
        await asyncio.gather(*filter(None, wire.carrying))
