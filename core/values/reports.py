"""What the desk writes down about a day, for people to read afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.values.ids import OWNER, AccountName, PositionId, ReportId, UserId
from core.values.money import Price

END_OF_DAY = "end_of_day"


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
    """kind: END_OF_DAY. at: the moment it speaks for. missed: the desk was down then, so nothing was closed."""

    id: ReportId
    kind: str
    at: datetime
    account: AccountName
    positions: tuple[Judged, ...]
    missed: bool = False
    owner: UserId = OWNER
