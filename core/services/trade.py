"""What the routines of entering and exiting work on."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from core.values.accounts import Account
from core.values.alerts import Alert
from core.values.ids import OWNER, AlertId, IntentId, UserId
from core.values.instrument import Instrument
from core.values.money import Price, Quantity
from core.values.orders import ALERTS, Book, Cause, ExitRule, Key


@dataclass(frozen=True, slots=True)
class Trade:
    """What a routine works on: the alert and what its names mean here."""

    alert_id: AlertId
    alert: Alert
    account: Account
    instrument: Instrument
    because: tuple[Cause, ...]
    book: Book = ALERTS
    quantity: Quantity | None = None
    """Pieces that a person or link fixed; None: sized by risk."""
    risk_percent: Decimal | None = None
    """What to lose at the stop where a link says so; None: the account's."""
    rule: ExitRule | None = None
    """How a link leaves what it enters, in percent of prices that only the market knows."""
    arrival: Price | None = None
    """The alert's own price, where the trade's is the market's."""
    targets: tuple[Price, ...] | None = None
    """Intermediate targets that a person was shown; None: where the alert's multiples put them."""

    @property
    def key(self) -> Key:
        return (self.account.name, self.instrument.ticker, self.book)


@dataclass(frozen=True, slots=True)
class Exit:
    """The closing of what one book holds. intent: names it, so that a second run for the same reason makes no second
    order. arrival: the price of the decision, where there is one."""

    key: Key
    intent: IntentId
    because: tuple[Cause, ...]
    arrival: Price | None = None
    owner: UserId = OWNER


def exit_of(trade: Trade) -> Exit:
    return Exit(trade.key, IntentId(trade.alert_id), trade.because, trade.alert.price, trade.account.owner)
