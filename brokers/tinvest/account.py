"""What an account holds: pieces, money and what is free of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from brokers import reading
from brokers.tinvest import codes
from brokers.tinvest.client import Client, Refusal
from brokers.tinvest.listing import Catalogue
from brokers.tinvest.translate import Row, currency, in_points, number
from core.values.accounts import Margin
from core.values.errors import Rejected, Transient
from core.values.fills import Holding
from core.values.instrument import Instrument
from core.values.money import ZERO, Price, Quantity, plain

_HOLDINGS = ("securities", "futures", "options")
_CURRENCIES = frozenset({"RUB", "USD", "EUR"})
"""In which a portfolio may be told."""


class Money:
    """Raises Transient or Rejected. account_id: the venue's."""

    def __init__(self, client: Client, catalogue: Catalogue, usual: str) -> None:
        self._client, self._catalogue, self._currency = client, catalogue, usual
        self.account_id = ""

    async def positions(self) -> list[Holding]:
        row = await self._positions()
        portfolio = await self._portfolio() if any(row.get(name) for name in _HOLDINGS) else {}
        return holdings(row, portfolio, self._catalogue)

    async def margin(self) -> Margin:
        try:
            attributes = await self._client.read("UsersService/GetMarginAttributes", {"accountId": self.account_id})
        except Refusal as no:
            if no.code not in codes.NO_MARGIN_ACCOUNT:
                raise no.rejected() from no
            attributes = {}
        if number(attributes.get("liquidPortfolio")):
            return margin(attributes, {}, {}, self._currency)
        return margin({}, await self._portfolio(), await self._positions(), self._currency)

    async def cash(self) -> Mapping[str, str]:
        return cash(await self._positions(), self._currency)

    async def _positions(self) -> Row:
        row: Row = await self._client.ask("OperationsService/GetPositions", {"accountId": self.account_id})
        if row.get("limitsLoadingInProgress"):
            raise Transient("the venue is still counting the positions")
        return row

    async def _portfolio(self) -> Row:
        told_in = self._currency if self._currency in _CURRENCIES else "RUB"
        body = {"accountId": self.account_id, "currency": told_in}
        row: Row = await self._client.ask("OperationsService/GetPortfolio", body)
        return row


# pure


def holdings(row: Row, portfolio: Row, catalogue: Catalogue) -> list[Holding]:
    """GetPositions says how many pieces, free and blocked by orders apart; GetPortfolio at what price."""
    averages = {str(p.get("instrumentUid")): p for p in portfolio.get("positions") or ()}
    found = []
    for position in (p for name in _HOLDINGS for p in row.get(name) or ()):
        quantity = reading.number(position.get("balance")) + reading.number(position.get("blocked"))
        key = str(position.get("instrumentUid"))
        instrument = catalogue.by_key.get(key)
        if quantity:
            ticker = instrument.ticker if instrument else str(position.get("ticker") or key).upper()
            average = _average(averages.get(key), instrument)
            found.append(Holding(ticker, Quantity(quantity), average))
    return found


def _average(position: Row | None, instrument: Instrument | None) -> Price | None:
    if position is None:
        return None
    points = instrument is not None and in_points(instrument)
    value = number(position.get("averagePositionPricePt")) if points else ZERO
    if not value:
        value = number(position.get("averagePositionPrice")) / (instrument.point_value if instrument else 1)
    return Price(value) if value else None


def cash(row: Row, usual: str) -> Mapping[str, str]:
    """Free and blocked money by currency; the account's own is always named."""
    sums: dict[str, Decimal] = {usual: ZERO}
    for money in (m for name in ("money", "blocked") for m in row.get(name) or ()):
        sums[currency(money)] = sums.get(currency(money), ZERO) + number(money)
    return {name: plain(amount) for name, amount in sums.items()}


def margin(attributes: Row, portfolio: Row, positions: Row, usual: str) -> Margin:
    """Margin attributes where the account has them: what its positions and orders hold is `correctedMargin`.

    Without (no margin account; the sandbox answers zeros): what the portfolio is worth, and its free money.
    """
    liquid = number(attributes.get("liquidPortfolio"))
    if liquid:
        held = number(attributes.get("correctedMargin")) or number(attributes.get("startingMargin"))
        return Margin(liquid, max(ZERO, liquid - held), usual)
    equity = number(portfolio.get("totalAmountPortfolio"))
    free = sum((number(m) for m in positions.get("money") or () if currency(m) == usual), ZERO)
    return Margin(equity, max(ZERO, min(free, equity)), usual)


def choose_account(rows: Sequence[Row], wanted: str) -> Row:
    """The account to trade on. Raises Rejected: unknown_account, account_needed or account_closed."""
    found = [row for row in rows if row["id"] == wanted] if wanted else list(rows)
    names = ", ".join(f"{row['id']} ({row.get('name')})" for row in rows)
    if not found:
        raise Rejected("unknown_account", f"account_id {wanted}; this token opens {names or 'none'}")
    if len(found) > 1:
        raise Rejected("account_needed", f"account_id is one of {names}")
    if str(found[0].get("status")).endswith("CLOSED") or str(found[0].get("accessLevel")).endswith("NO_ACCESS"):
        raise Rejected("account_blocked", f"account {found[0]['id']} is closed to this token")
    return found[0]
