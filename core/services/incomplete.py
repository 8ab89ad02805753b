"""What became of a bracket of which something could not be placed: told once, with all that stands."""

from __future__ import annotations

from collections.abc import Sequence

from core.services import telling
from core.services.desk import Desk
from core.values.changes import NoticeMade
from core.values.fills import Position
from core.values.orders import OrderState, PartTarget


async def tell_incomplete(desk: Desk, position: Position, missing: Sequence[tuple[PartTarget, str]]) -> None:
    """missing: targets that were given up, and why."""
    entry = await desk.ledger.entry_of(position)
    causes = entry.request.because[:1] if entry else ()
    orders = [order for cause in causes for order in await desk.store.orders_because(cause.kind.value, cause.id)]
    placed = [o for o in orders if o.filled or o.state not in {OrderState.REJECTED, OrderState.INTENDED}]
    notice = telling.incomplete(desk.desk_id, position, placed, missing, desk.clock.now())
    await desk.store.save(NoticeMade(notice))
