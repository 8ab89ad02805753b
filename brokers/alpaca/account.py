"""What an account holds and may do, asked of the venue."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from brokers.alpaca import translate
from brokers.alpaca.client import Access, Client
from brokers.alpaca.translate import Row
from brokers.reading import asking, number, readable
from core.ports import Clock
from core.values.accounts import Margin
from core.values.fills import Holding
from core.values.money import plain

log = logging.getLogger(__name__)


DAY_TRADES = 3
DAY_TRADING_EQUITY = Decimal(28_000)
"""The rule's 25,000 dollars, and what the day may take of them."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account may do. day_trades_left: None where nobody counts them, as since the rule ended in 2026."""

    id: str
    status: str
    blocked: bool
    shorts: bool
    day_trades_left: int | None


def standing(row: Row) -> Standing:
    """FINRA's old rule, where the venue still tells its figures: three day trades in five days, too little equity."""
    blocks = ("account_blocked", "trading_blocked", "trade_suspended_by_user")
    made, left = row.get("daytrade_count"), None
    margined = number(row.get("multiplier")) > 1
    if made is not None and margined and number(row.get("equity")) <= DAY_TRADING_EQUITY:
        left = max(0, DAY_TRADES - int(made))
    return Standing(
        id=str(row.get("account_number") or row["id"]),
        status=str(row["status"]),
        blocked=any(bool(row.get(name)) for name in blocks) or str(row["status"]) != "ACTIVE",
        shorts=bool(row.get("shorting_enabled")),
        day_trades_left=left,
    )


class Money:
    """standing: as it was when last asked."""

    def __init__(self, client: Client, currency: str) -> None:
        self._client, self._currency = client, currency
        self.standing: Standing | None = None

    async def look(self) -> Row:
        """The account as the venue tells it. Raises Transient or Rejected."""
        with readable("account"):
            row: Row = await self._client.ask("/v2/account")
            self.standing = standing(row)
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
            return {str(row.get("currency") or self._currency): plain(number(row["cash"]))}


async def look(access: Access, clock: Clock) -> Standing:
    """One call that changes nothing. Raises Rejected (key_refused) or Transient (cannot be reached)."""
    client = Client(access, clock)
    money = Money(client, "")
    await client.open()
    try:
        with readable("account"):
            return standing(await money.look())
    finally:
        await client.close()
