"""What works beside trading: the processes of research, their visuals, their health checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from core.services.health_checks import HealthChecks
from core.services.visuals import Visuals
from core.values.orders import Refused


class ProcessState(StrEnum):
    OFF = "off"
    LOADING = "loading"
    WAITING = "waiting"
    """For data that are loaded by another."""
    RUNNING = "running"


PROCESSES = ("collector", "optimiser", "day_trader", "swing_trader")


def _off() -> ProcessState:
    return ProcessState.OFF


@dataclass(frozen=True, slots=True)
class Research:
    """states: by the names of PROCESSES; what is not named is off. symbols: what is collected. recollect: as
    `Collecting.recollect`.

    None: that part is off, since nothing is collected.
    """

    states: Mapping[str, Callable[[], ProcessState]] = field(default_factory=dict)
    symbols: Sequence[str] = ()
    visuals: Visuals | None = None
    checks: HealthChecks | None = None
    recollect: Callable[[str | None, date | None], Refused | None] | None = None

    def processes(self) -> Mapping[str, ProcessState]:
        """Every process that there is, and what it does."""
        return {name: self.states.get(name, _off)() for name in PROCESSES}
