"""One look at an account, to say whether its settings are right."""

from __future__ import annotations

from dataclasses import dataclass

from brokers.ccxt.client import Client
from brokers.ccxt.dialect import Access, Dialect
from brokers.reading import readable
from core.ports import Clock
from core.values.errors import Rejected


@dataclass(frozen=True, slots=True)
class Found:
    listed: int
    """How many symbols the venue lists for this account's market."""


async def look(dialect: Dialect, access: Access, clock: Clock, *, hedge: bool) -> Found:
    """Changes nothing. Raises Rejected (token_refused, token_lacks_rights, key_can_withdraw, position_mode,
    classic_account), Transient (cannot be reached) or Broken (the extra is not installed)."""
    client = Client(dialect, access, clock)
    try:
        await client.open()
        await admit(client, hedge=hedge)
        active = [market for market in client.exchange.markets.values() if market.get("active") is not False]
        return Found(len(active))
    finally:
        await client.close()


async def admit(client: Client, *, hedge: bool) -> None:
    """Raise Rejected for a key or an account that this desk does not want: one that can withdraw, one that cannot
    trade, one in another position mode than the settings say."""
    with readable("rights of the key"):
        rights = await client.dialect.rights(client)
    if rights.withdraws:
        raise Rejected("key_can_withdraw", "make a key that may trade and nothing else")
    if not rights.trades:
        raise Rejected("token_lacks_rights", "this key may not trade here")
    if rights.hedged is not hedge:
        held = "hedge" if rights.hedged else "one-way"
        raise Rejected("position_mode", f"the account is in {held} mode: say so in position_mode, or change it")
