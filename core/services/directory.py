"""Which accounts and instruments this desk knows, and under which names. In memory, filled by the roof at start."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

from core.values.accounts import Account, is_twin
from core.values.ids import OWNER, AccountName
from core.values.instrument import Instrument
from core.values.orders import Refused
from core.values.people import Person


class Named(Protocol):
    """What an alert says of an instrument. See `Instrument`."""

    @property
    def ticker(self) -> str: ...
    @property
    def exchange(self) -> str: ...
    @property
    def venues(self) -> Collection[str]: ...


N = TypeVar("N", bound=Named)
N_co = TypeVar("N_co", bound=Named, covariant=True)


class Finder(Protocol[N_co]):
    """What the doors ask. Implemented by `Names`."""

    def account(self, name: str | None, person: Person | None = None) -> Account | Refused: ...
    def find(self, account: AccountName, ticker: str, exchange: str = "") -> N_co | Refused: ...


class Names(Generic[N]):
    """tickers: per exchange (lower case) chart symbol -> venue symbol, from the settings."""

    def __init__(self, tickers: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self._tickers = {
            exchange.lower(): {chart.upper(): venue.upper() for chart, venue in names.items()}
            for exchange, names in (tickers or {}).items()
        }
        self._accounts: dict[str, Account] = {}
        self._instruments: dict[AccountName, dict[str, N]] = {}
        self._exchanges: dict[AccountName, frozenset[str]] = {}
        self.version = 0
        """Counted up by every change."""

    def put(self, account: Account, instruments: Sequence[N]) -> None:
        """Add or refresh an account with everything it can trade."""
        self.version += 1
        self._accounts[account.name.casefold()] = account
        self._instruments[account.name] = {i.ticker.upper(): i for i in instruments}
        self._exchanges[account.name] = frozenset(name for i in instruments for name in (i.exchange, *i.venues))

    @property
    def accounts(self) -> Sequence[Account]:
        return list(self._accounts.values())

    def instruments(self, account: AccountName) -> Sequence[N]:
        return list(self._instruments.get(account, {}).values())

    def account(self, name: str | None, person: Person | None = None) -> Account | Refused:
        """By name in any case; without a name, the only one there is. Of those that the person may see; without one,
        every name counts, and the only one is the desk's owner's."""
        if name:
            found = self._accounts.get(name.casefold())
            if found is None or (person is not None and not person.sees(found.owner)):
                return Refused("unknown_account", {"account": name})
            return found
        mine = {OWNER} if person is None else {person.id, person.works_for}
        own = [account for account in self._accounts.values() if account.owner in mine and not is_twin(account.name)]
        if len(own) == 1:
            return own[0]
        return Refused("account_needed", {"accounts": ", ".join(a.name for a in own)})

    def remove(self, name: AccountName) -> None:
        """An account that is no more."""
        self.version += 1
        self._accounts.pop(name.casefold(), None)
        self._instruments.pop(name, None)
        self._exchanges.pop(name, None)

    def find(self, account: AccountName, ticker: str, exchange: str = "") -> N | Refused:
        """The instrument a chart calls `ticker` (or `EXCHANGE:TICKER`) on `exchange`; never a near match."""
        prefix, _, bare = ticker.upper().rpartition(":")
        venue = exchange.upper() or prefix
        if venue and venue not in self._exchanges.get(account, frozenset()):
            return Refused("unknown_exchange", {"exchange": venue, "account": account})
        symbol = self._tickers.get(venue.lower(), {}).get(bare, bare)
        found = self._instruments.get(account, {}).get(symbol)
        if found is None or (venue and venue != found.exchange and venue not in found.venues):
            return Refused("unknown_ticker", {"ticker": ticker, "account": account})
        return found


class Directory(Names[Instrument]):
    """With all that the desk itself wants to know."""

    def only(self, account: AccountName, ticker: str) -> Instrument | Refused:
        """What a person calls `ticker`. Refused which_ticker, with the names to choose from, where a bare word could
        mean several: a broker with two boards calls the second's TICKER_BOARD."""
        found = self.find(account, ticker)
        if isinstance(found, Refused) or ":" in ticker:
            return found
        beside = [i for i in self.instruments(account) if i.ticker.startswith(f"{found.ticker}_")]
        if not beside:
            return found
        names = ", ".join([f"{found.exchange}:{found.ticker}", *sorted(i.ticker for i in beside)])
        return Refused("which_ticker", {"ticker": found.ticker, "choices": names})

    def point_value(self, account: AccountName, ticker: str) -> Decimal:
        """Of an instrument that a position may outlive, such as a future; 1 once the venue has dropped it."""
        found = self._instruments.get(account, {}).get(ticker.upper())
        return Decimal(1) if found is None else found.point_value

    def instrument(self, account: AccountName, ticker: str) -> Instrument:
        """A ticker that an order or position of ours already carries. Raises KeyError when the venue dropped it."""
        return self._instruments[account][ticker.upper()]
