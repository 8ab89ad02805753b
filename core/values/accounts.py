"""Trading accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
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
class Halt:
    """Why trading is halted, by whom and since when."""

    at: datetime
    by: str
    reason: str


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


@dataclass(frozen=True, slots=True)
class DayEquity:
    """What an account was worth when it was last looked at on a UTC day."""

    account: AccountName
    at: datetime
    equity: Decimal
    currency: str
    owner: UserId = OWNER

    @property
    def day(self) -> date:
        return self.at.astimezone(UTC).date()


@dataclass(frozen=True, slots=True)
class AddedAccount:
    """An account that a person added to those of the settings file. settings: by the keys of the settings file, its
    secrets left out: those are in the vault."""

    name: AccountName
    broker: str
    made_at: datetime
    settings: Mapping[str, str] = field(default_factory=dict)
    deleted_at: datetime | None = None
    owner: UserId = OWNER


_TWIN = "~paper"
"""No account of the settings or of a person may end so."""


def twin_of(name: AccountName) -> AccountName:
    """The paper account beside a live one, on which links marked `paper` trade."""
    return AccountName(f"{name}{_TWIN}")


def is_twin(name: AccountName) -> bool:
    return name.casefold().endswith(_TWIN)


def beside(twin: AccountName) -> AccountName:
    """The account that a twin stands beside."""
    return AccountName(twin.removesuffix(_TWIN))
