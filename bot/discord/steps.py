"""Every step of an order into the log channel, as it happens: decided, sent, open, part filled. Ends are notices.

In memory and best effort: a step that could not be told is in the journal and on the dashboard. After an outage people
get the notices, not every step of hours ago.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from bot import words
from bot.discord.client import DeskClient
from bot.discord.office import Office
from bot.discord.rendering import TEXT_MAX, plain
from bot.discord.surface import as_port
from bot.discord.threads import card_of
from core.services.telling import order_params
from core.values.changes import Change, OrderMade, OrderMoved
from core.values.errors import Rejected, Transient
from core.values.orders import Order, OrderRole, OrderState
from texts import render

KEPT_MAX = 200


class Steps:
    """follow: says something in the thread below a proposal's card; stops are told there, too."""

    def __init__(self, office: Office, follow: Callable[[str, str, str], Awaitable[None]]) -> None:
        self._office = office
        self._follow = follow
        self._stops: deque[tuple[str, str, str]] = deque(maxlen=KEPT_MAX)
        self._lines: deque[str] = deque(maxlen=KEPT_MAX)
        self._news = asyncio.Event()
        self._telling = False
        office.store.listen(self._hear)

    def _hear(self, changes: Sequence[Change]) -> None:
        if not self._telling:
            return
        orders = (change.order for change in changes if isinstance(change, OrderMade | OrderMoved))
        for order in orders:
            card = card_of(order.request.because)
            if card is not None and order.request.role is OrderRole.STOP and order.state is OrderState.OPEN:
                moved = render("discord.stop_at", order_params(order), self._office.language)
                self._stops.append((card, f">>> {plain(moved)}", f"s{order.id.replace('-', '')[-24:]}"))
                self._news.set()
            if self._office.places.log and not order.state.final:
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
                while self._stops:
                    with suppress(Rejected, Transient):
                        async with as_port():
                            await self._follow(*self._stops.popleft())
        finally:
            self._telling = False
