"""A strategy that is figures alone."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

YEAR_S = 366 * 86_400


@dataclass(frozen=True, slots=True)
class Rule:
    """Buy a dip, with a stop and what else ends it. `strategies.dip` trades it, and simulators play it on columns.

    dip: the bid stands so many percent below the first price of a run. money: what a bid is worth at most, and what has
    to be there. wait_s: how long it stands. From the fill on, in percent of what was paid: stop; target, where all is
    offered; trailing: sold so far below the best price since then. hold_s: sold after so long. flat_s: sold so long
    before trading ends.
    """

    dip: Decimal
    stop: Decimal
    target: Decimal | None = None
    trailing: Decimal | None = None
    money: Decimal = Decimal(6000)
    wait_s: int = 15 * 60
    hold_s: int | None = None
    flat_s: int = 30

    def __post_init__(self) -> None:
        """Raises ValueError for figures that make no trade, or one that cannot end."""
        for name in ("dip", "stop", "trailing"):
            percent = getattr(self, name)
            if percent is not None and not 0 < percent < 100:
                raise ValueError(f"{name}: must be above 0 and below 100")
        for name in ("target", "money", "wait_s", "hold_s"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"{name}: must be above 0")
        if self.flat_s < 0:
            raise ValueError("flat_s: must not be negative")
        for name in ("wait_s", "hold_s", "flat_s"):
            if (getattr(self, name) or 0) > YEAR_S:
                raise ValueError(f"{name}: must not be more than a year")
