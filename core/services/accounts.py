"""Accounts that people add to those of the settings: kept here, opened by the roof, their credentials in the vault."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol

from core.ports import Clock, Store, Vault
from core.services.directory import Directory
from core.services.ledger import Ledger
from core.values.accounts import AddedAccount, twin_of
from core.values.changes import AccountMade, AccountSet, Audited
from core.values.errors import Conflict, DeskError
from core.values.ids import AccountName
from core.values.orders import Refused
from core.values.people import Person, Role

log = logging.getLogger(__name__)

Said = Mapping[str, str]


class Opener(Protocol):
    """The roof's hands: it knows every broker's settings."""

    def read(self, name: str, broker: str, said: Said, by: Person, kept: Said) -> tuple[Said, Said] | Refused:
        """Settings and credentials apart. Refused bad_field names what will not do, and never a value. kept: what the
        account has already and `said` leaves alone; whoever changes it need not be allowed to say it."""

    async def open(self, account: AddedAccount, credentials: Said) -> None:
        """Connect it, and let it trade. Raises DeskError."""

    async def close(self, name: AccountName) -> None:
        """Disconnect it. Nothing may be open on it."""


class Accounts:
    """Those that people added. Refused: not_allowed, unknown_id, bad_field, name_taken, account_in_use, not_opened."""

    def __init__(
        self, store: Store, directory: Directory, ledger: Ledger, vault: Vault, opener: Opener, clock: Clock
    ) -> None:
        self._store = store
        self._directory = directory
        self._ledger = ledger
        self._vault = vault
        self._opener = opener
        self._clock = clock
        self._accounts: dict[AccountName, AddedAccount] = {}

    async def load(self, accounts: Iterable[AddedAccount]) -> None:
        """Open what the journal holds. One that cannot be opened is told of and left out, unless something stands
        open on it: then DeskError is raised, since nobody would watch over it."""
        for account in accounts:
            try:
                await self._opener.open(account, await self._vault.get(account.name))
            except DeskError as error:
                if self._busy(account.name):
                    raise
                log.warning("account cannot be opened", extra={"account": account.name, "reason": str(error)})
            self._accounts[account.name] = account

    def added(self, name: AccountName) -> bool:
        return name in self._accounts

    async def add(self, name: object, broker: object, said: Said, by: Person) -> AddedAccount | Refused:
        """A paper account trades at once; others trade on paper, too, unless the desk runs live."""
        if not by.may(Role.TRADER):
            return Refused("not_allowed", {"role": Role.TRADER.word})
        if not isinstance(name, str) or not isinstance(broker, str):
            return Refused("bad_field", {"name": "name" if not isinstance(name, str) else "broker", "value": ""})
        read = self._read(name, broker, said, by)
        if isinstance(read, Refused):
            return read
        if not isinstance(self._directory.account(name), Refused):
            return Refused("name_taken", {"name": "name", "value": name})
        account = AddedAccount(AccountName(name), broker, self._clock.now(), read[0], owner=by.master)
        try:
            await self._store.save(AccountMade(account), self._audit(by, "account.added", account))
        except Conflict:
            return Refused("name_taken", {"name": "name", "value": name})
        await self._vault.put(account.name, read[1], account.owner)
        return await self._reopen(account, read[1])

    async def change(self, name: str, said: Said, by: Person) -> AddedAccount | Refused:
        """What stays unsaid stays, credentials too. Nothing may be open on it: it is connected anew."""
        before = self._own(name, by)
        if isinstance(before, Refused):
            return before
        kept = await self._vault.get(before.name)
        read = self._read(before.name, before.broker, said, by, {**before.settings, **kept})
        if isinstance(read, Refused):
            return read
        account = replace(before, settings=read[0])
        await self._store.save(AccountSet(account), self._audit(by, "account.changed", account))
        await self._vault.put(account.name, read[1], account.owner)
        await self._opener.close(account.name)
        return await self._reopen(account, read[1])

    async def remove(self, name: str, by: Person) -> AddedAccount | Refused:
        """Its orders and fills stay in the books; its credentials are gone, its name is never used again."""
        before = self._own(name, by)
        if isinstance(before, Refused):
            return before
        account = replace(before, deleted_at=self._clock.now())
        await self._store.save(AccountSet(account), self._audit(by, "account.removed", account))
        await self._opener.close(account.name)
        del self._accounts[account.name]
        return account

    def _read(
        self, name: str, broker: str, said: Said, by: Person, kept: Said = MappingProxyType({})
    ) -> tuple[Said, Said] | Refused:
        """An account is given its name and broker once: said again, they would open another's."""
        again = next((key for key in ("name", "broker") if key in said), None)
        if again is not None:
            return Refused("bad_field", {"name": again, "value": ""})
        return self._opener.read(name, broker, said, by, kept)

    async def _reopen(self, account: AddedAccount, credentials: Said) -> AddedAccount | Refused:
        self._accounts[account.name] = account
        try:
            await self._opener.open(account, credentials)
        except DeskError as error:
            return Refused("not_opened", {"account": account.name, "why": str(error)})
        return account

    def _own(self, name: str, by: Person) -> AddedAccount | Refused:
        """Theirs, and idle."""
        found = next((a for a in self._accounts.values() if a.name.casefold() == name.casefold()), None)
        if found is None or not by.sees(found.owner):
            return Refused("unknown_id", {"id": name[:100]})
        if not by.may(Role.TRADER):
            return Refused("not_allowed", {"role": Role.TRADER.word})
        return Refused("account_in_use", {"account": found.name}) if self._busy(found.name) else found

    def _busy(self, name: AccountName) -> bool:
        """Whether anything stands open on it, or on the paper account beside it, which goes with it."""
        both = (name, twin_of(name))
        return any(map(self._ledger.live, both)) or any(key[0] in both for key in self._ledger.positions)

    def _audit(self, by: Person, action: str, account: AddedAccount) -> Audited:
        log.info(action, extra={"account": account.name, "by": by.id})
        return Audited(self._clock.now(), by.id, by.surface, action, account.name, {"broker": account.broker})
