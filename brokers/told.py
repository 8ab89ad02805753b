"""What a broker has heard and its one reader is to take in: `events` and `settled` of its port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from core.values.fills import Fill
from core.values.orders import OrderTicket


class Told:
    def __init__(self) -> None:
        self._words: asyncio.Queue[OrderTicket | Fill | None] = asyncio.Queue()

    def tell(self, word: OrderTicket | Fill) -> None:
        self._words.put_nowait(word)

    def end(self) -> None:
        """The reader ends once it has taken all that was told."""
        self._words.put_nowait(None)

    async def words(self) -> AsyncIterator[OrderTicket | Fill]:
        """One reader at a time. A word counts as taken when its reader asks for the next."""
        while True:
            word = await self._words.get()
            try:
                if word is None:
                    return
                yield word
            finally:
                self._words.task_done()

    async def taken(self) -> None:
        """Return once the reader has dealt with all that was told."""
        await self._words.join()
