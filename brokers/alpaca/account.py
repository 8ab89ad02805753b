"""What an account holds and may do, asked of the venue."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from brokers.alpaca import translate
from brokers.alpaca.client import Access, Client
from brokers.alpaca.translate import Row, Standing, asking, readable
from core.ports import Clock
from core.values.accounts import Margin
from core.values.fills import Holding
from core.values.money import plain

log = logging.getLogger(__name__)


class Money:
    """standing: as it was when last asked."""

    def __init__(self, client: Client, currency: str) -> None:
        self._client, self._currency = client, currency
        self.standing: Standing | None = None

    async def look(self) -> Row:
        """The account as the venue tells it. Raises Transient or Rejected."""
        with readable("account"):
            row: Row = await self._client.ask("/v2/account")
            self.standing = translate.standing(row)
        if self.standing.blocked:
            log.error("the venue blocks this account", extra={"id": self.standing.id, "status": self.standing.status})
        return row

    async def positions(self) -> Sequence[Holding]:
        with asking("positions"):
            return [translate.holding(row) for row in await self._client.ask("/v2/positions")]

    async def margin(self) -> Margin:
        with asking("margin"):
            return translate.margin(await self.look(), self._currency)

    async def cash(self) -> Mapping[str, str]:
        with asking("cash"):
            row = await self.look()
            return {str(row.get("currency") or self._currency): plain(translate.number(row["cash"]))}


async def look(access: Access, clock: Clock) -> Standing:
    """One call that changes nothing. Raises Rejected (key_refused) or Transient (cannot be reached)."""
    client = Client(access, clock)
    money = Money(client, "")
    await client.open()
    try:
        with readable("account"):
            return translate.standing(await money.look())
    finally:
        await client.close()
