"""What the desk writes down for people to read afterwards: about a day, and what a search has found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from core.values.ids import OWNER, AccountName, PositionId, ReportId, UserId
from core.values.money import Price

END_OF_DAY = "end_of_day"
OPTIMISATION = "optimisation"


@dataclass(frozen=True, slots=True)
class Judged:
    """A position at the end of a day. last: None where nobody could say. kept: held overnight, else to be closed."""

    position_id: PositionId
    symbol: str
    entry: Price
    last: Price | None
    kept: bool
    expiry: datetime | None = None
    strike: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """kind: END_OF_DAY or OPTIMISATION. at: the moment it speaks for. account: empty where it speaks of none. missed:
    the desk was down then, so nothing was closed. figures: of a search: what it was and what it found, as shown."""

    id: ReportId
    kind: str
    at: datetime
    account: AccountName
    positions: tuple[Judged, ...]
    missed: bool = False
    owner: UserId = OWNER
    figures: Mapping[str, str] = field(default_factory=dict)
