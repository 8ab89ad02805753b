"""What a strategy is, and what it sees. The same class runs live, on paper and simulated: it knows nothing else.

A strategy says what it wants to stand, and whoever runs it makes it so. It never waits, and never sees a broker.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import ClassVar, Protocol
from zoneinfo import ZoneInfo

from core.values.instrument import Instrument
from core.values.money import NO_QUANTITY, ZERO, Price, Quantity
from core.values.orders import ExitRule

RECENT = 300


@dataclass(frozen=True, slots=True)
class Update:
    """A price as it came in. bid, ask: None where that side is empty."""

    at: datetime
    price: Price
    bid: Price | None = None
    ask: Price | None = None


@dataclass(frozen=True, slots=True)
class Bid:
    """A limit order that is to open a position. rule: how it is protected; it names a stop."""

    price: Price
    quantity: Quantity
    rule: ExitRule


@dataclass(frozen=True, slots=True)
class Window:
    """When a strategy may begin, in the exchange's own time: from `start`, and before `end`."""

    start: time
    end: time
    zone: ZoneInfo

    def left(self, now: datetime) -> timedelta | None:
        """How long it stays open; None while it is shut."""
        local = now.astimezone(self.zone)
        if not self.start <= local.time() < self.end:
            return None
        return datetime.combine(local.date(), self.end, self.zone) - local


@dataclass(slots=True)
class Environment:
    """One run on one symbol. What is so is filled in before each call; what the strategy wants is read after it.

    closes_at: None where trading does not end. held: signed pieces of this run. average: what they cost. cash: money
    that is free, in the account's currency.
    """

    instrument: Instrument
    now: datetime
    closes_at: datetime | None = None
    held: Quantity = NO_QUANTITY
    average: Price | None = None
    cash: Decimal = ZERO
    recent: deque[Update] = field(default_factory=lambda: deque(maxlen=RECENT))

    bid: Bid | None = None
    """Wanted: this order to buy stands; None: none does."""
    offer: Price | None = None
    """Wanted: all that is held is offered at this price; None: only its stop stands."""
    over: bool = False
    """Wanted: an end of this run, with nothing left standing or held."""

    @property
    def last(self) -> Update:
        return self.recent[-1]

    def left_s(self) -> float:
        """Seconds until trading ends; infinite where it does not."""
        return float("inf") if self.closes_at is None else (self.closes_at - self.now).total_seconds()


class Strategy(Protocol):
    """`strategies.api` holds the class to inherit from. One object is one run on one symbol.

    bought: set by the strategy; from then on `sell_logic` is asked. experimental: never run with real money.
    """

    name: ClassVar[str]
    experimental: ClassVar[bool]
    bought: bool
    env: Environment

    def buy_logic(self) -> None:
        """On each update until `bought`. `env.last` is the update."""

    def sell_logic(self) -> None:
        """On each update from then on."""

    def quiet(self) -> tuple[Price, datetime] | None:
        """Below this price and before this moment, being asked changes nothing while its bid waits, so that simulators
        need not ask; None: always ask."""

    def make_execution_result(self) -> Mapping[str, str]:
        """What is kept with the run's record, in its own words."""


class StrategyKind(Protocol):
    """A strategy as it is offered: its name, when it may begin, and how a run is made."""

    @property
    def name(self) -> str: ...

    @property
    def experimental(self) -> bool: ...

    @property
    def window(self) -> Window: ...

    def begin(self, env: Environment) -> Strategy: ...


@dataclass(frozen=True, slots=True)
class Trip:
    """One run that is over. percent: what it earned of what it bought, before fees; None: it never bought."""

    percent: Decimal | None


class Analyst(Protocol):
    """Who says whether a symbol is worth a strategy, and which of several is to be traded."""

    async def ready(self) -> bool:
        """Whether what it judges by is loaded. Nothing is traded before."""

    async def first_round(self, strategy: str, instrument: Instrument, now: datetime) -> bool:
        """By what was learned before today. Asked of every symbol, so it asks for no candles."""

    async def second_round(self, strategy: str, instrument: Instrument, now: datetime) -> bool:
        """By the last two hours as well. Raises Transient or Rejected where they cannot be had."""

    def choose(self, trips: Mapping[str, Sequence[Trip]]) -> str | None:
        """One of the names, by how its runs went; None of none."""


class WeightSearch(Protocol):
    """Looks for the weights of models by which a strategy would have earned most on a symbol."""

    def last(self, symbol: str, strategy: str) -> datetime | None:
        """When this pair was searched; None: never."""

    async def search(self, symbol: str, calendar: str, strategy: str, now: datetime) -> None:
        """Search it and keep what is found, for whoever asks models next. Raises Transient."""
