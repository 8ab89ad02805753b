"""What a broker can do. Services branch on these, never on a venue's name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Idempotency(StrEnum):
    """What our order id means to the broker when the same request arrives twice."""

    ALWAYS = "always"
    """Re-sending under the same id is safe."""
    WHILE_OPEN = "while_open"
    """Only as long as the first order rests: a filled one could be doubled."""
    NEVER = "never"


class IdEncoding(StrEnum):
    UUID = "uuid"
    HEX32 = "hex32"
    BASE32_20 = "base32_20"


@dataclass(frozen=True, slots=True)
class RateBudget:
    """`calls` per `per_s` seconds for one group of methods.

    exits, polling, entries: shares reserved of 1, the rest is for traps; what one does not use falls to the next.
    """

    name: str
    calls: int
    per_s: float
    exits: float = 0.4
    polling: float = 0.3
    entries: float = 0.2

    def seconds_for(self, calls: int) -> float:
        """How long `calls` calls take when nothing else is asked."""
        return max(0.0, (calls - self.calls) / self.calls * self.per_s)

    @property
    def trap_every_s(self) -> float:
        """Seconds between two traps that are spread evenly over what exits and polling leave."""
        return self.per_s / (self.calls * (1 - self.exits - self.polling))


@dataclass(frozen=True, slots=True)
class Capabilities:
    idempotency: Idempotency
    id_encoding: IdEncoding = IdEncoding.UUID
    native_stops: bool = True
    native_brackets: bool = False
    stops_wait: bool = True
    """A reduce-only stop may be placed before there is anything to reduce."""
    stop_events: bool = True
    """The stream tells when a stop order fires or ends; otherwise it must be polled."""
    market_orders: bool = True
    short_selling: bool = True
    reduce_only: bool = True
    trailing_stops: bool = False
    finds_by_order_id: bool = True
    budgets: tuple[RateBudget, ...] = ()

    def budget(self, *names: str) -> RateBudget | None:
        """The first that has one of these names; venues call theirs place, cancel, stops (placing and cancelling
        them) or trading (all of it)."""
        known = {budget.name: budget for budget in self.budgets}
        return next((known[name] for name in names if name in known), None)
