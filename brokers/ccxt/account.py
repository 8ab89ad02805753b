"""What an account holds: contracts, coins and money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from brokers.ccxt import translate
from brokers.ccxt.client import Client
from brokers.ccxt.listing import Catalogue
from brokers.reading import number
from core.values.accounts import Margin
from core.values.fills import Holding
from core.values.money import ZERO, Quantity, plain


class Money:
    """Raises Transient or Rejected."""

    def __init__(self, client: Client, catalogue: Catalogue, currency: str) -> None:
        self._client, self._catalogue, self._currency = client, catalogue, currency

    async def positions(self) -> list[Holding]:
        """Net, also where the account holds long and short of an instrument apart."""
        if self._client.dialect.spot:
            return await self._coins()
        held: dict[str, Holding] = {}
        for row in await self._client.dialect.positions(self._client):
            listed = self._catalogue.by_symbol.get(str(row.get("symbol")))
            if listed is not None:
                one = translate.holding(row, listed)
                other = held.get(one.ticker)
                net = one.quantity + other.quantity if other else one.quantity
                held[one.ticker] = replace(one, quantity=Quantity(net))
        return [one for one in held.values() if one.quantity]

    async def _coins(self) -> list[Holding]:
        """What is held of a coin that trades against the account's currency, as far as it makes a step."""
        coins = (await self._client.dialect.purse(self._client)).coins
        found = []
        for listed in self._catalogue.by_ticker.values():
            held = listed.quantity_down(number(coins.get(str(listed.basic_asset))))
            if held:
                found.append(Holding(listed.ticker, held))
        return found

    async def margin(self) -> Margin:
        purse = await self._client.dialect.purse(self._client)
        equity, free = number(purse.equity), number(purse.free)
        return Margin(equity, max(ZERO, min(free, equity)), self._currency)

    async def cash(self) -> Mapping[str, str]:
        """The account's own currency is always named."""
        coins = (await self._client.dialect.purse(self._client)).coins
        held = {name: plain(number(amount)) for name, amount in coins.items() if number(amount)}
        return {self._currency: "0", **held}
