"""What T-Invest allows, and who goes first. Source: its page on limits (a minute's calls, by service and method).

Counted together by the venue for all accounts of one user, so accounts with the same token share their limits.
"""

from __future__ import annotations

from typing import ClassVar
from weakref import WeakValueDictionary

from core.ports import Clock
from core.values.capabilities import RateBudget
from kit.rates import Rates

BUDGETS = (
    RateBudget("place", 300, 60),
    RateBudget("cancel", 100, 60),
    RateBudget("orders", 200, 60),
    RateBudget("order", 100, 60),
    # Traps come evenly, so that a turn for an exit is free every other second; that is why so little is held back.
    RateBudget("stops", 50, 60, exits=0.02, polling=0.04, entries=0.0),
    RateBudget("operations", 200, 60),
    RateBudget("prices", 600, 60),
    RateBudget("instruments", 200, 60),
    RateBudget("users", 100, 60),
)
_OF_METHOD = {"PostOrder": "place", "CancelOrder": "cancel", "GetOrders": "orders"}
_OF_SERVICE = {
    "OrdersService": "order",
    "StopOrdersService": "stops",
    "OperationsService": "operations",
    "MarketDataService": "prices",
    "InstrumentsService": "instruments",
    "UsersService": "users",
}


class Limits:
    """One `Rates` a budget."""

    _shared: ClassVar[WeakValueDictionary[tuple[str, str], Limits]] = WeakValueDictionary()

    def __init__(self, clock: Clock) -> None:
        self._rates = {b.name: Rates(b.calls, b.per_s, b.exits, clock.now, clock.sleep) for b in BUDGETS}

    @classmethod
    def of(cls, host: str, token: str, clock: Clock) -> Limits:
        """Those of one user at one host."""
        return cls._shared.setdefault((host, token), cls(clock))

    async def take(self, method: str, urgency: int) -> None:
        """method: `Service/Method`. Returns when it may be called."""
        await self._of(method).take(urgency)

    def left(self) -> dict[str, int]:
        return {name: rates.left for name, rates in self._rates.items()}

    def pause(self, method: str, seconds: float) -> None:
        self._of(method).pause(seconds)

    def _of(self, method: str) -> Rates:
        service, _, name = method.partition("/")
        return self._rates[_OF_METHOD.get(name) or _OF_SERVICE[service]]
