"""The queue of /sellbuy: rows that people add, and those that /buy, /sell and /dump record (behaviour.md 1.6, 1.12)."""

from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal

from core.ports import Clock, Store
from core.services.directory import Directory
from core.values.accounts import Account
from core.values.changes import Audited, QueueGone, QueueSet
from core.values.ids import QueueId, derive_id
from core.values.instrument import Instrument
from core.values.money import Price, Quantity, plain
from core.values.orders import Refused, Side
from core.values.people import Person
from core.values.tasks import QueueRow


class Worklist:
    def __init__(self, store: Store, directory: Directory, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._uses = itertools.count()

    async def rows(self, person: Person) -> list[QueueRow]:
        """Active ones that the person may see, oldest first."""
        return [row for row in await self._store.active_queue() if person.sees(row.owner)]

    async def row(self, row_id: str, person: Person) -> QueueRow | None:
        found = await self._store.queue_row(QueueId(row_id))
        return found if found is not None and person.sees(found.owner) else None

    def make(
        self, account: Account, instrument: Instrument, side: Side, amount: Decimal, command: str = "", cause: str = ""
    ) -> QueueRow:
        """A new row, not written yet. cause: what names it, so that a message told twice makes one."""
        now = self._clock.now()
        named = ("queue", cause) if cause else ("queue", now.isoformat(), str(next(self._uses)))
        return QueueRow(
            id=QueueId(derive_id(self._store.desk_id, *named)),
            account=account.name,
            ticker=instrument.ticker,
            side=side,
            amount=Quantity(amount),
            made_at=now,
            active=amount >= instrument.lot,
            command=command,
            owner=account.owner,
        )

    async def add(self, row: QueueRow, by: Person) -> None:
        await self._store.save(QueueSet(row), self._audit("queue.added", row, by))

    async def progress(self, row_id: QueueId, executed: Quantity, average: Price | None) -> None:
        """What a task brought it to; nothing is written where nothing changed (TM-17)."""
        row = await self._store.queue_row(row_id)
        if row is not None and (row.executed, row.average_price) != (executed, average):
            await self._store.save(QueueSet(self._counted(row, executed=executed, average_price=average)))

    async def close(self, row_id: QueueId) -> None:
        """An ad-hoc command is over, whatever it left undone: /sellbuy must not take it up again."""
        row = await self._store.queue_row(row_id)
        if row is not None and row.command and row.active:
            await self._store.save(QueueSet(replace(row, active=False)))

    async def correct(
        self,
        row: QueueRow,
        by: Person,
        amount: Decimal | None = None,
        executed: Decimal | None = None,
        average: Decimal | None = None,
        side: Side | None = None,
    ) -> QueueRow | Refused:
        """A person knows better than the row; None: as it is. Refused bad_change: a figure that is not positive, what
        was executed without its price, the other side of what was executed."""
        counted = executed is not None or average is not None
        amount, side = row.amount if amount is None else amount, side or row.side
        executed = row.executed if executed is None else executed
        average = row.average_price if average is None else average
        figures = {"amount": amount} | ({"executed": executed, "avg_exec_price": average} if counted else {})
        for name, value in figures.items():
            if value is None or not value > 0:
                return Refused("bad_change", {"name": name, "value": "" if value is None else plain(value)})
        if side is not row.side and executed:
            return Refused("bad_change", {"name": "sell", "value": side.value})
        price = None if average is None else Price(average)
        changed = self._counted(
            row, side=side, amount=Quantity(amount), executed=Quantity(executed), average_price=price
        )
        await self._store.save(QueueSet(changed), self._audit("queue.corrected", changed, by))
        return changed

    async def remove(self, row: QueueRow, by: Person) -> None:
        await self._store.save(QueueGone(row.id), self._audit("queue.removed", row, by))

    def instrument(self, row: QueueRow) -> Instrument | None:
        """None where the venue dropped it."""
        found = self._directory.find(row.account, row.ticker)
        return None if isinstance(found, Refused) else found

    def _counted(self, row: QueueRow, **changes: object) -> QueueRow:
        """With `active` as TM-18 has it: at least a lot of the amount is left."""
        changed: QueueRow = replace(row, **changes)  # type: ignore[arg-type]  # names of our own fields
        instrument = self.instrument(row)
        left = changed.amount - changed.executed
        return replace(changed, active=instrument is not None and left >= instrument.lot)

    def _audit(self, action: str, row: QueueRow, by: Person) -> Audited:
        data = {
            "account": row.account,
            "ticker": row.ticker,
            "side": row.side.value,
            "amount": plain(row.amount),
            "executed": plain(row.executed),
            "average": plain(row.average_price) if row.average_price is not None else "",
        }
        return Audited(self._clock.now(), by.id, by.surface, action, row.id, data)
