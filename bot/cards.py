"""Which message shows a card: kept in the store, so that a card is edited in place after a restart too."""

from __future__ import annotations

from collections.abc import Mapping

from core.ports import Store
from core.services.outbox import card_key
from core.values.changes import FlagSet


class Cards:
    """The messages of one surface's cards, one a chat. Chats and messages are named by the surface's own ids."""

    def __init__(self, store: Store, surface: str) -> None:
        self._store = store
        self._surface = surface

    async def find(self, card: str) -> Mapping[int, int]:
        """Chat -> message."""
        pairs = (await self._store.flag(card_key(self._surface, card)) or "").split()
        return {int(chat): int(message) for chat, _, message in (pair.partition(":") for pair in pairs)}

    async def keep(self, card: str, chat: int, message: int) -> None:
        shown = {**await self.find(card), chat: message}
        value = " ".join(f"{chat}:{message}" for chat, message in shown.items())
        await self._store.save(FlagSet(card_key(self._surface, card), value))
