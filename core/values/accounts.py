"""Trading accounts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from core.values.ids import OWNER, AccountName, UserId


class Mode(StrEnum):
    PAPER = "paper"
    LIVE = "live"


class RiskState(StrEnum):
    """ACTIVE trades; REDUCING lets only exits through; HALTED blocks all new risk until a person arms the desk."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


@dataclass(frozen=True, slots=True)
class Account:
    """risk_percent: of free collateral, lost at the stop of one entry."""

    name: AccountName
    broker: str
    mode: Mode
    currency: str
    risk_percent: Decimal = Decimal(1)
    leverage_max: Decimal = Decimal(5)
    owner: UserId = OWNER


@dataclass(frozen=True, slots=True)
class Margin:
    """Money of an account, in its currency. free: equity less what positions and working orders hold as margin."""

    equity: Decimal
    free: Decimal
    currency: str
