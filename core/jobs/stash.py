"""Stop orders put aside under a name, and what would bring them back (behaviour.md 1.9).

Only stop orders, whoever placed them: never working limit orders, and never what protects a managed position.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.crashpoints import crashpoint
from core.rules.traps import Return, returning, trap_of
from core.services.desk import Desk
from core.services.guardian import PROTECTIVE
from core.values.accounts import Account
from core.values.changes import Audited, StashSet
from core.values.ids import StashId, UserId, derive_id
from core.values.money import plain
from core.values.orders import OrderTicket, Refused
from core.values.people import Person
from core.values.traps import Stash, Trap

UNDO = "undo"
"""What stood before the last restore."""


async def standing(desk: Desk, account: Account) -> list[OrderTicket]:
    """The account's stop orders at its broker, without those that protect. Raises Transient."""
    return [ticket for ticket in await desk.venues[account.name].broker.stop_orders() if not protects(desk, ticket)]


def protects(desk: Desk, ticket: OrderTicket) -> bool:
    order = desk.ledger.orders.get(ticket.order_id) if ticket.order_id else None
    return order is not None and order.request.role in PROTECTIVE


async def stash(desk: Desk, account: Account, name: str, by: Person) -> Stash | Refused:
    """Keep what stands, all of it or none, in place of the stash of this name. Refused nothing_to_stash: nothing
    stands, and the old stash stays."""
    traps = [trap_of(ticket) for ticket in await standing(desk, account)]
    if not traps:
        return Refused("nothing_to_stash", {"account": account.name})
    crashpoint("stash.mid")
    return await put_aside(desk, account, name, traps, desk.clock.now(), by)


async def put_aside(
    desk: Desk, account: Account, name: str, traps: Sequence[Trap], at: datetime, by: Person | None = None
) -> Stash:
    made = Stash(_id(desk, account, name), account.name, name, at, tuple(traps), account.owner)
    who, where = (by.id, by.surface) if by is not None else (UserId("desk"), "desk")
    data = {"account": account.name, "name": name, "orders": str(len(made.traps))}
    await desk.store.save(StashSet(made), Audited(at, who, where, "stash.made", made.id, data))
    return made


async def kept(desk: Desk, account: Account, name: str) -> Stash | Refused:
    """Refused nothing_stashed."""
    wanted = _id(desk, account, name)
    found = next((each for each in await desk.store.stashes(account.owner) if each.id == wanted), None)
    return found or Refused("nothing_stashed", {"account": account.name, "name": name})


async def compare(desk: Desk, account: Account, found: Stash, *, all_: bool) -> tuple[Return, list[OrderTicket]]:
    """What restoring it now would do, and what stands now. Raises Transient."""
    tickets = await standing(desk, account)
    known = {instrument.ticker for instrument in desk.directory.instruments(account.name)}
    prices = await desk.venues[account.name].feed.last_prices({trap.ticker for trap in found.traps} & known)
    return returning(found.traps, tickets, prices, desk.clock.now(), all_=all_), tickets


def told(trap: Trap) -> dict[str, str]:
    """As parameters of a notice."""
    return {
        "ticker": trap.ticker,
        "side": trap.side.value,
        "type": trap.type.value,
        "quantity": plain(trap.quantity),
        "stop_price": plain(trap.stop_price),
        "price": plain(trap.price) if trap.price is not None else "market",
    }


def _id(desk: Desk, account: Account, name: str) -> StashId:
    return StashId(derive_id(desk.desk_id, "stash", account.name, name.casefold()))
