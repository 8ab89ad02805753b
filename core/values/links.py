"""Webhook links: a URL of its own for each strategy, and what an alert that comes by it may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from core.values.ids import OWNER, AccountName, LinkId, UserId
from core.values.money import Quantity
from core.values.orders import Book, ExitRule

ONE = Decimal(1)
HUNDRED = Decimal(100)


class Product(StrEnum):
    """How long a position may stay open, where the broker tells such orders apart; USUAL leaves it to the account."""

    USUAL = ""
    INTRADAY = "intraday"
    DELIVERY = "delivery"
    CARRY = "carry"


@dataclass(frozen=True, slots=True)
class OptionRule:
    """Which option of an underlying BUY_CALL and SELL_PUT mean. expiry None: the nearest to come; strike None: the one
    nearest to the underlying's price."""

    expiry: date | None = None
    strike: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """Another account that a link trades on. multiplier: of the link's quantity or risk, above 0."""

    name: AccountName
    multiplier: Decimal


@dataclass(frozen=True, slots=True)
class Link:
    """stop_loss, target, trailing_stop: percent of the average entry price, above 0 and below 100; None = off.

    Exactly one of quantity (pieces) and risk_percent (of free collateral, lost at the stop) says how much is traded.
    paper: trade on paper although the account is live. ask: entries wait for a person's word. running: False = its
    alerts are kept and ignored. token_hash: SHA-256 of the token in its URL, which is kept nowhere.
    """

    id: LinkId
    name: str
    account: AccountName
    strategy: str
    made_at: datetime
    token_hash: str = field(repr=False)
    stop_loss: Decimal | None = None
    target: Decimal | None = None
    trailing_stop: Decimal | None = None
    quantity: Quantity | None = None
    risk_percent: Decimal | None = None
    product: Product = Product.USUAL
    option: OptionRule | None = None
    paper: bool = False
    ask: bool = False
    running: bool = True
    accounts: tuple[Share, ...] = ()
    deleted_at: datetime | None = None
    owner: UserId = OWNER

    @property
    def rule(self) -> ExitRule:
        return ExitRule(self.stop_loss, self.target, self.trailing_stop)

    @property
    def shares(self) -> tuple[Share, ...]:
        """Every account it trades on, its own first."""
        return (Share(self.account, ONE), *self.accounts)

    @property
    def book(self) -> Book:
        return link_book(self.id)


def link_book(link: LinkId) -> Book:
    """Where the positions of a link's trades are kept."""
    return Book(f"link:{link}")
