"""Whether an account's broker answers, asked just now."""

from __future__ import annotations

from dataclasses import dataclass

from core.services.desk import Desk
from core.values.accounts import Account, Margin
from core.values.errors import DeskError
from core.values.orders import Refused
from core.values.people import Person, Role


@dataclass(frozen=True, slots=True)
class Probe:
    """margin: None where the broker did not answer, and `why` not. fed: heartbeats of its prices arrive."""

    account: Account
    margin: Margin | None
    fed: bool
    why: str = ""


async def probe(desk: Desk, name: str, by: Person) -> Probe | Refused:
    """Asks for the money, which changes nothing. Refused: unknown_id (also another owner's), not_allowed."""
    venue = next((v for v in desk.venues.values() if v.account.name.casefold() == name.casefold()), None)
    if venue is None or not by.sees(venue.account.owner):
        return Refused("unknown_id", {"id": name[:100]})
    if not by.may(Role.TRADER):
        return Refused("not_allowed", {"role": Role.TRADER.word})
    try:
        margin = await venue.broker.margin()
    except DeskError as error:
        return Probe(venue.account, None, venue.feed.alive(), str(error))
    return Probe(venue.account, margin, venue.feed.alive())
