"""What people look at: positions with prices, accounts with money, instruments with quotes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from core.services.desk import Desk
from core.services.guardian import Guardian
from core.values.accounts import Account, Margin, RiskState
from core.values.errors import DeskError
from core.values.fills import Position
from core.values.instrument import Instrument
from core.values.market import Quote
from core.values.money import ZERO, Price
from core.values.orders import ProtectionClass, protection_class
from core.values.people import Person


@dataclass(frozen=True, slots=True)
class PositionView:
    """profit: open profit in the account's currency, None without a price."""

    position: Position
    last: Price | None
    profit: Decimal | None
    protection: ProtectionClass
    protected_by: str | None
    paper: bool


@dataclass(frozen=True, slots=True)
class AccountView:
    """margin: None while the broker cannot say."""

    account: Account
    margin: Margin | None
    risk_state: RiskState


@dataclass(frozen=True, slots=True)
class InstrumentView:
    instrument: Instrument
    quote: Quote | None


class Portfolio:
    def __init__(self, desk: Desk, guardian: Guardian) -> None:
        self._desk = desk
        self.guardian = guardian

    def positions(self, person: Person) -> list[PositionView]:
        """Open positions that the person may see, newest first."""
        seen = [p for p in self._desk.ledger.positions.values() if p.is_open and person.sees(p.owner)]
        return [self._view(p) for p in sorted(seen, key=lambda p: p.opened_at, reverse=True)]

    def _view(self, position: Position) -> PositionView:
        venue = self._desk.venues[position.account]
        position = self.guardian.in_force(position)
        point_value = self._desk.directory.point_value(position.account, position.ticker)
        quote = venue.feed.quote(position.ticker)
        last = quote.last if quote else None
        gain = ZERO if last is None else (last - position.average_price) * position.quantity * point_value
        protection = protection_class(position.book)
        managed = protection is ProtectionClass.MANAGED
        return PositionView(
            position=position,
            last=last,
            profit=None if last is None else gain,
            protection=protection,
            protected_by=self.guardian.protected_by(position) if managed else None,
            paper=venue.account.mode.value == "paper",
        )

    async def accounts(self, person: Person) -> list[AccountView]:
        """Accounts that the person may see, with what the broker says of their money."""
        views = []
        for venue in list(self._desk.venues.values()):
            if person.sees(venue.account.owner):
                margin = None
                with suppress(DeskError):  # one that is away, or takes its key no more, must not hide the others
                    margin = await venue.broker.margin()
                views.append(AccountView(venue.account, margin, self._desk.safety.state(venue.account.name)))
        return views

    def instruments(self, person: Person) -> list[InstrumentView]:
        """Everything tradable on the accounts that the person may see, each ticker and exchange once."""
        found: dict[tuple[str, str], InstrumentView] = {}
        for venue in self._desk.venues.values():
            if person.sees(venue.account.owner):
                for instrument in self._desk.directory.instruments(venue.account.name):
                    key = (instrument.exchange, instrument.ticker)
                    found.setdefault(key, InstrumentView(instrument, venue.feed.quote(instrument.ticker)))
        return list(found.values())
