"""Accounts that come while the desk runs: those that people add, and paper twins of live ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import SecretStr, TypeAdapter, ValidationError

from core.ports import Broker, BrokerFactory, Feed
from core.services.desk import Desk, Venue
from core.services.links import Links
from core.services.reconciler import Reconciler
from core.values.accounts import Account, AddedAccount, Mode, beside, is_twin, twin_of
from core.values.errors import Broken
from core.values.ids import AccountName
from core.values.instrument import Instrument
from core.values.orders import Refused
from core.values.people import Person, Role
from openoutcry.sections import AccountSettings
from openoutcry.settings import SettingsError
from openoutcry.venues import account_of, made, world_of

_SECTION: TypeAdapter[AccountSettings] = TypeAdapter(AccountSettings)
Said = Mapping[str, str]
LEARNED_MIN = 6
"""Anybody with an account could else blank the logs by a password of one letter."""


@dataclass(slots=True)
class Opening:
    """Implements `core.services.accounts.Opener`. feed: what paper accounts trade on. learn: told every credential
    before it is used, so that no log shows it."""

    desk: Desk
    feed: Feed
    reconciler: Reconciler
    factories: Mapping[str, BrokerFactory]
    live: bool
    learn: Callable[[str], None] = lambda _secret: None
    _brokers: dict[AccountName, Broker] = field(default_factory=dict)

    def read(self, name: str, broker: str, said: Said, by: Person, kept: Said) -> tuple[Said, Said] | Refused:
        """Files of this machine are nobody's to name; addresses to speak to are an admin's."""
        for key in said:
            if key.endswith("_file") or (key.endswith("_url") and not by.may(Role.ADMIN)):
                return Refused("bad_field", {"name": key[:100], "value": ""})
        if is_twin(AccountName(name)):
            return Refused("bad_field", {"name": "name", "value": name[:100]})
        try:
            section = _SECTION.validate_python({"name": name, "broker": broker, **kept, **said})
        except ValidationError as error:
            where = [str(part) for part in error.errors()[0]["loc"] if not str(part).endswith("Account")]
            known = {"name", "broker", *kept, *said}
            named = next((part for part in reversed(where) if part in known), "broker")
            return Refused("bad_field", {"name": named[:100], "value": ""})
        if self.live and broker not in self.factories:
            return Refused("bad_field", {"name": "broker", "value": broker[:100]})
        secret = {key for key, value in section if isinstance(value, SecretStr)}
        whole = {**kept, **said}
        return (
            {k: v for k, v in whole.items() if k not in secret},
            {k: v for k, v in whole.items() if k in secret and v},
        )

    async def open(self, account: AddedAccount, credentials: Said) -> None:
        if account.name.casefold() in {name.casefold() for name in self.desk.venues}:
            raise Broken(f"account {account.name} stands in the settings as well")
        for secret in credentials.values():
            if len(secret) >= LEARNED_MIN:
                self.learn(secret)
        try:
            section = _SECTION.validate_python(
                {"name": account.name, "broker": account.broker, **account.settings, **credentials}
            )
            opened = replace(account_of(section, live=self.live), owner=account.owner)
            broker = made(section, opened, await world_of(self.desk, opened, self.feed), self.factories)
        except (ValidationError, SettingsError) as error:
            raise Broken(f"account {account.name} cannot be opened: {type(error).__name__}") from None
        await self._connect(opened, broker, getattr(broker, "feed", self.feed))

    async def _connect(self, account: Account, broker: Broker, feed: Feed) -> None:
        await broker.start()
        self._brokers[account.name] = broker
        self.desk.directory.put(account, await broker.instruments())
        venue = self.desk.venues[account.name] = Venue(account, broker, feed)
        await self.reconciler.join(venue)

    async def close(self, name: AccountName) -> None:
        for known in (name, twin_of(name)):
            broker = self._brokers.pop(known, None)
            if broker is not None:
                self.reconciler.leave(known)
                self.desk.directory.remove(known)
                del self.desk.venues[known]
                await broker.close()

    async def twins(self, accounts: Collection[AccountName], *, always: bool = False) -> None:
        """See that each live one of these has its paper account beside it, on the same prices. always: where it is
        not live now, too, since something stands open there."""
        for name in accounts:
            venue = self.desk.venues.get(name)
            if venue is None or twin_of(name) in self.desk.venues:
                continue
            if venue.account.mode is Mode.LIVE or always:
                twin = replace(venue.account, name=twin_of(name), broker="paper", mode=Mode.PAPER)
                feed = _Listed(venue.feed, await venue.broker.instruments())
                world = await world_of(self.desk, twin, feed)
                await self._connect(twin, self.factories["paper"](twin, {"currency": twin.currency}, world), venue.feed)

    async def restore(self, links: Links, *, all_on_paper: bool) -> None:
        """The twins that links, or the order route, trade on; and those on which something stands open."""
        ledger = self.desk.ledger
        names = {key[0] for key in ledger.positions} | {order.request.account for order in ledger.orders.values()}
        await self.twins({beside(name) for name in names if is_twin(name)}, always=True)
        await self.twins({share.name for link in links.all() if link.paper for share in link.shares})
        if all_on_paper:
            await self.twins(list(self.desk.venues))

    async def close_all(self) -> None:
        for broker in self._brokers.values():
            await broker.close()


class _Listed:
    """A live account's feed that also lists what may be traded on it, as a paper account needs it."""

    def __init__(self, feed: Feed, instruments: Sequence[Instrument]) -> None:
        self._instruments = instruments
        self.quote, self.fresh_quote, self.candles = feed.quote, feed.fresh_quote, feed.candles
        self.listen, self.watch, self.unwatch, self.alive = feed.listen, feed.watch, feed.unwatch, feed.alive
        self.last_prices = feed.last_prices

    def instruments(self, _currency: str) -> Sequence[Instrument]:
        return self._instruments
