"""Every step of an order into the log channel, as it happens: decided, sent, open, part filled. Ends are notices.

In memory and best effort: a step that could not be told is in the journal and on the dashboard. After an outage people
get the notices, not every step of hours ago.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from bot import words
from bot.discord.client import DeskClient
from bot.discord.office import Office
from bot.discord.rendering import TEXT_MAX, plain
from bot.discord.surface import as_port
from core.services.telling import order_params
from core.values.changes import Change, OrderMade, OrderMoved
from core.values.errors import Rejected, Transient
from core.values.orders import Order
from texts import render

KEPT_MAX = 200


class Steps:
    def __init__(self, office: Office) -> None:
        self._office = office
        self._lines: deque[str] = deque(maxlen=KEPT_MAX)
        self._news = asyncio.Event()
        self._telling = False
        office.store.listen(self._hear)

    def _hear(self, changes: Sequence[Change]) -> None:
        if not self._office.places.log or not self._telling:
            return
        orders = (change.order for change in changes if isinstance(change, OrderMade | OrderMoved))
        for order in orders:
            if not order.state.final:
                self._lines.append(self._line(order))
                self._news.set()

    def _line(self, order: Order) -> str:
        params = {**order_params(order), "state": order.state.value}
        return plain(render("discord.step", params, self._office.language))

    async def run(self, client: DeskClient) -> None:
        """Tell until cancelled; what came together goes together."""
        channel = client.get_partial_messageable(self._office.places.log, guild_id=self._office.places.guild)
        self._telling = True
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                pieces = words.split("\n".join(self._lines), TEXT_MAX - 4)
                self._lines.clear()
                for piece in pieces:
                    with suppress(Rejected, Transient):
                        async with as_port():
                            await channel.send(f">>> {piece}")
        finally:
            self._telling = False
