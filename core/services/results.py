"""What became of a trade that a person approved, told once its position is closed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from core.services.desk import Desk
from core.values.changes import Change, NoticeMade, PositionSet
from core.values.errors import DeskError
from core.values.fills import Position
from core.values.ids import NoticeId, derive_id
from core.values.money import plain
from core.values.notices import Notice, NoticeKind
from core.values.orders import CauseKind

log = logging.getLogger(__name__)


class Results:
    """Listens to the journal from the start; best effort: the figures stay in the journal in any case."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._tasks: set[asyncio.Task[None]] = set()
        desk.store.listen(self._heard)

    def _heard(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if isinstance(change, PositionSet) and not change.position.is_open and change.position.plan_order:
                task = asyncio.create_task(self._tell(change.position), name="result")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _tell(self, position: Position) -> None:
        try:
            order = await self._desk.store.order(position.plan_order) if position.plan_order else None
            causes = order.request.because if order else ()
            proposal = next((cause.id for cause in causes if cause.kind is CauseKind.PROPOSAL), None)
            if proposal is not None:
                await self._desk.store.save(NoticeMade(self._notice(position, proposal)))
        except DeskError as error:
            log.warning("a result was not told", extra={"position": position.id, "reason": str(error)})

    def _notice(self, position: Position, proposal: str) -> Notice:
        gain = position.realised * self._desk.directory.point_value(position.account, position.ticker)
        return Notice(
            id=NoticeId(derive_id(self._desk.desk_id, "notice", "result", position.id)),
            at=self._desk.clock.now(),
            kind=NoticeKind.INFO,
            key="position.result",
            params={
                "account": position.account,
                "ticker": position.ticker,
                "gain": plain(round(gain, 2)),
                "fees": plain(round(position.fees, 2)),
                "after": plain(round(gain - position.fees, 2)),
            },
            about=(f"proposal:{proposal}", f"position:{position.id}"),
            owner=position.owner,
        )

    async def close(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)
