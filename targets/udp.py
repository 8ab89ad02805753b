"""One datagram an alert, sent and forgotten: UDP promises nothing."""

from __future__ import annotations

import asyncio

from core.values.errors import Transient
from core.values.raw import RawAlert
from targets.tcp import Text, json_line


class Udp:
    def __init__(self, name: str, host: str, port: int, text: Text = json_line) -> None:
        self.name = name
        self._address = (host, port)
        self._text = text
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self) -> None:
        """Raises Transient while the host's name cannot be resolved."""
        loop = asyncio.get_running_loop()
        try:
            self._transport, _ = await loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, remote_addr=self._address
            )
        except OSError as error:
            raise Transient(f"{self._address[0]}: {error}") from None

    async def send(self, alert: RawAlert) -> None:
        assert self._transport is not None
        self._transport.sendto(self._text(alert).encode())

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
