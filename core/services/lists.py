"""What people keep for the desk's jobs: the white and black lists of /stops and /shorts, and the tunables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.ports import Clock, Store
from core.rules.tuning import NAMES, read_tunable, tuned
from core.services.directory import Directory
from core.values.changes import Audited, Change, StopListGone, StopListSet, TunableSet
from core.values.errors import Conflict
from core.values.ids import StopListId, UserId, derive_id
from core.values.instrument import Instrument
from core.values.orders import Refused, Side
from core.values.people import Person
from core.values.traps import StopList, Tunables

FLAGS = ("whitelist", "stop_blacklist", "short_blacklist", "morning")


class Lists:
    """defaults: of the settings. Read from the journal at each use, so nothing is ever behind an edit."""

    def __init__(self, store: Store, directory: Directory, clock: Clock, defaults: Tunables) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._defaults = defaults

    # stop lists

    async def rows(self, person: Person) -> list[StopList]:
        """The person's own, by ticker."""
        return sorted(await self._store.stop_lists(person.master), key=lambda row: row.ticker)

    async def row(self, person: Person, wanted: str) -> StopList | None:
        """By id or ticker."""
        return next((row for row in await self.rows(person) if wanted in {row.id, row.ticker}), None)

    async def taken(self, person: Person, side: Side) -> list[str]:
        """Tickers for /stops (buy) or /shorts (sell)."""
        return [row.ticker for row in await self.rows(person) if row.takes(side)]

    def known(self, person: Person, ticker: str) -> Instrument | Refused:
        """What any account that the person sees calls so. Refused which_ticker: several things are."""
        refused: Refused | None = None
        for account in self._directory.accounts:
            if person.sees(account.owner):
                found = self._directory.only(account.name, ticker)
                if isinstance(found, Instrument):
                    return found
                refused = found if refused is None or found.code == "which_ticker" else refused
        return refused or Refused("unknown_ticker", {"ticker": ticker, "account": ""})

    def instrument(self, person: Person, row: StopList) -> Instrument | None:
        """None where no account of theirs lists it any more."""
        seen = (account.name for account in self._directory.accounts if person.sees(account.owner))
        found = (self._directory.find(name, row.ticker) for name in seen)
        return next((one for one in found if isinstance(one, Instrument)), None)

    async def put(self, person: Person, ticker: str, changes: Mapping[str, bool]) -> StopList | Refused:
        """Add the ticker's row or change it; one that is new is on no list but those that `changes` name."""
        row = await self.row(person, ticker.upper())
        if row is None:
            found = self.known(person, ticker)
            if isinstance(found, Refused):
                return found
            row = await self.row(person, found.ticker) or self._new(person, found.ticker)
        row = replace(row, **changes)  # type: ignore[arg-type]  # names of flags alone
        try:
            await self._store.save(StopListSet(row), self._audit(person, "list.changed", row))
        except Conflict:  # somebody added it at the same moment, under an id of another time
            return Refused("name_taken", {"name": "ticker", "value": row.ticker})
        return row

    def _new(self, person: Person, ticker: str) -> StopList:
        row_id = StopListId(derive_id(self._store.desk_id, "stop_list", person.master, ticker))
        return StopList(row_id, ticker, whitelist=False, owner=person.master)

    async def remove(self, person: Person, row: StopList) -> None:
        await self._store.save(StopListGone(row.id), self._audit(person, "list.removed", row))

    async def morning(self, person: Person, *, on: bool) -> int:
        """Every row of the person's trades in the morning session, or none does; how many changed."""
        changed = [replace(row, morning=on) for row in await self.rows(person) if row.morning is not on]
        rows = [change for row in changed for change in (StopListSet(row), self._audit(person, "list.changed", row))]
        if rows:
            await self._store.save(*rows)
        return len(changed)

    # tunables

    async def tunables(self, owner: UserId) -> Tunables:
        return self.tuned(await self._store.tunables(owner))

    def tuned(self, kept: Mapping[str, str]) -> Tunables:
        """The settings' figures with what the journal keeps of one owner over them."""
        return tuned(self._defaults, kept)

    async def tune(self, person: Person, changes: Mapping[str, Sequence[str]]) -> Tunables | Refused:
        """Set some figures, all or none. Refused bad_change."""
        kept: list[Change] = []
        for name, words in changes.items():
            value = read_tunable(name, words) if name in NAMES else None
            if value is None:
                return Refused("bad_change", {"name": name, "value": " ".join(words)})
            audited = {"key": name, "value": value}
            kept.append(TunableSet(person.master, name, value))
            kept.append(Audited(self._clock.now(), person.id, person.surface, "tunable.set", name, audited))
        if kept:
            await self._store.save(*kept)
        return await self.tunables(person.master)

    def _audit(self, person: Person, action: str, row: StopList) -> Audited:
        data = {"ticker": row.ticker, **{name: str(getattr(row, name)).lower() for name in FLAGS}}
        return Audited(self._clock.now(), person.id, person.surface, action, row.id, data)
