"""The rows of /spreads: kept in the journal, edited by people, counted by the job (behaviour.md 1.7, 1.12)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from core.rules.closing import SCHEDULE_AHEAD
from core.rules.spread import common_sessions, opening, ratio_of
from core.services.desk import Desk
from core.values.accounts import Account
from core.values.changes import Audited, SpreadGone, SpreadSet
from core.values.errors import Rejected
from core.values.ids import SpreadId, derive_id
from core.values.instrument import Instrument
from core.values.market import Session
from core.values.money import ZERO, Quantity, plain
from core.values.orders import Refused, Side
from core.values.people import Person
from core.values.spreads import LegDone, SpreadRow


class Pairs:
    """offset: kept from openings and closes, since a spread needs both legs' books."""

    def __init__(self, desk: Desk, offset: timedelta) -> None:
        self._desk = desk
        self._store = desk.store
        self._directory = desk.directory
        self._clock = desk.clock
        self._offset = offset
        self._sessions: dict[SpreadId, tuple[date, Sequence[Session]]] = {}
        self._uses = itertools.count()

    async def rows(self, person: Person) -> list[SpreadRow]:
        """Active ones that the person may see, oldest first."""
        return [row for row in await self._store.active_spreads() if person.sees(row.owner)]

    async def row(self, row_id: str, person: Person) -> SpreadRow | None:
        found = await self._store.spread(SpreadId(row_id))
        return found if found is not None and person.sees(found.owner) else None

    def make(
        self,
        account: Account,
        legs: tuple[Instrument, Instrument],
        side: Side,
        price: Decimal,
        amount: Decimal,
        override: Decimal = ZERO,
        cause: str = "",
    ) -> SpreadRow | Refused:
        """A new row, not written yet. legs: far and near. cause: what names it, so that a message told twice makes one.

        Refused no_ratio: the legs do not belong together. Refused zero_size: less than a lot of either leg.
        """
        far, near = legs
        ratio = ratio_of(far, near, override) if far.ticker != near.ticker else ZERO
        if not ratio:
            return Refused("no_ratio", {"far": far.ticker, "near": near.ticker})
        for leg, pieces in ((far, amount), (near, amount * ratio)):
            if not pieces >= leg.lot:
                return Refused("zero_size", {"ticker": leg.ticker, "step": plain(leg.lot)})
        now = self._clock.now()
        named = ("spread", cause) if cause else ("spread", now.isoformat(), str(next(self._uses)))
        return SpreadRow(
            id=SpreadId(derive_id(self._store.desk_id, *named)),
            account=account.name,
            far=far.ticker,
            near=near.ticker,
            side=side,
            price=price,
            amount=Quantity(amount),
            ratio=ratio,
            made_at=now,
            owner=account.owner,
        )

    async def add(self, row: SpreadRow, by: Person) -> None:
        await self._store.save(SpreadSet(row), self._audit("spread.added", row, by))

    async def change(self, row: SpreadRow, by: Person, *, wanted: bool = True) -> SpreadRow:
        """What a person made of it. It is active while something is left, unless nobody wants it."""
        judged = self._judged(row)
        changed = replace(judged, active=judged.active and wanted)
        await self._store.save(SpreadSet(changed), self._audit("spread.changed", changed, by))
        return changed

    async def progress(self, row: SpreadRow, far: LegDone, near: LegDone) -> SpreadRow:
        """What its orders brought it to; nothing is written where nothing changed."""
        if (row.far_done, row.near_done) == (far, near):
            return row
        changed = self._judged(replace(row, far_done=far, near_done=near))
        await self._store.save(SpreadSet(changed))
        return changed

    async def remove(self, row: SpreadRow, by: Person) -> None:
        await self._store.save(SpreadGone(row.id), self._audit("spread.removed", row, by))

    def legs(self, row: SpreadRow) -> tuple[Instrument, Instrument] | Refused:
        """Far and near; Refused unknown_ticker where the venue dropped one."""
        far, near = (self._directory.find(row.account, ticker) for ticker in (row.far, row.near))
        if isinstance(far, Refused):
            return far
        return near if isinstance(near, Refused) else (far, near)

    async def opens(self, row: SpreadRow) -> datetime | None:
        """When both legs trade next, by the broker's schedule, asked for once a day; now while they do; None where
        nobody knows. Raises Transient; Rejected where the venue dropped a leg."""
        now = self._clock.now()
        asked_on, sessions = self._sessions.get(row.id, (None, ()))
        if asked_on != now.date():
            legs = self.legs(row)
            if isinstance(legs, Refused):
                raise Rejected(legs.code, row.title)
            broker, since = self._desk.venues[row.account].broker, now - timedelta(hours=1) - self._offset
            far, near = [await broker.schedule(leg, since, now + SCHEDULE_AHEAD) for leg in legs]
            sessions = common_sessions(far, near, self._offset)
            self._sessions[row.id] = (now.date(), sessions)
        return opening(sessions, now)

    def _judged(self, row: SpreadRow) -> SpreadRow:
        """Active while a lot of the far leg is left to do."""
        far = self._directory.find(row.account, row.far)
        left = row.amount - row.far_done.executed
        return replace(row, active=left > 0 and (isinstance(far, Refused) or left >= far.lot))

    def _audit(self, action: str, row: SpreadRow, by: Person) -> Audited:
        return Audited(self._clock.now(), by.id, by.surface, action, row.id, spread_params(row))


def spread_params(row: SpreadRow) -> dict[str, str]:
    """For notices and the audit trail."""
    return {
        "id": row.id,
        "account": row.account,
        "side": row.side.value,
        "amount": plain(row.amount),
        "near": row.near,
        "far": row.far,
        "price": plain(row.price),
        "ratio": plain(row.ratio),
        "executed": plain(row.far_done.executed),
        "hedged": plain(row.near_done.executed),
    }
