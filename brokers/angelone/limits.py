"""What SmartAPI offers, how often it may be asked, and who goes first.

Source: its page on rate limits; placing, changing and cancelling orders are counted together, and the rule of 2026
keeps them below ten a second. Counted by client code, so accounts of one client share their limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from weakref import WeakValueDictionary

from core.ports import Clock
from core.values.capabilities import RateBudget
from kit.rates import Rates

_TRADING = ("trading", "trading_minute", "trading_hour")
A_SECOND = 1.1
"""A little more, since what is sent evenly arrives unevenly."""
BUDGETS = (
    RateBudget("trading", 9, A_SECOND),
    RateBudget("trading_minute", 500, 60),
    RateBudget("trading_hour", 1000, 3600),
    RateBudget("details", 10, A_SECOND),
    RateBudget("orders", 1, A_SECOND),
    RateBudget("trades", 1, A_SECOND),
    RateBudget("positions", 1, A_SECOND),
    RateBudget("holdings", 1, A_SECOND),
    RateBudget("funds", 2, A_SECOND),
    RateBudget("prices", 10, A_SECOND),
    RateBudget("candles", 3, A_SECOND),
    RateBudget("candles_minute", 180, 60),
    RateBudget("login", 1, A_SECOND),
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """places: what it asks for may become an order."""

    method: str
    path: str
    budgets: tuple[str, ...]
    places: bool = False


_AUTH, _SECURE = "/rest/auth/angelbroking", "/rest/secure/angelbroking"
LOGIN = Endpoint("POST", f"{_AUTH}/user/v1/loginByPassword", ("login",))
REFRESH = Endpoint("POST", f"{_AUTH}/jwt/v1/generateTokens", ("login",))
PROFILE = Endpoint("GET", f"{_SECURE}/user/v1/getProfile", ("funds",))
FUNDS = Endpoint("GET", f"{_SECURE}/user/v1/getRMS", ("funds",))
PLACE = Endpoint("POST", f"{_SECURE}/order/v1/placeOrder", _TRADING, places=True)
CANCEL = Endpoint("POST", f"{_SECURE}/order/v1/cancelOrder", _TRADING)
ORDERS = Endpoint("GET", f"{_SECURE}/order/v1/getOrderBook", ("orders",))
TRADES = Endpoint("GET", f"{_SECURE}/order/v1/getTradeBook", ("trades",))
DETAILS = Endpoint("GET", f"{_SECURE}/order/v1/details/{{}}", ("details",))
POSITIONS = Endpoint("GET", f"{_SECURE}/order/v1/getPosition", ("positions",))
HOLDINGS = Endpoint("GET", f"{_SECURE}/portfolio/v1/getHolding", ("holdings",))
QUOTES = Endpoint("POST", f"{_SECURE}/market/v1/quote", ("prices",))
CANDLES = Endpoint("POST", f"{_SECURE}/historical/v1/getCandleData", ("candles", "candles_minute"))


class Limits:
    """One `Rates` a budget."""

    _shared: ClassVar[WeakValueDictionary[tuple[str, str], Limits]] = WeakValueDictionary()

    def __init__(self, clock: Clock) -> None:
        self._rates = {b.name: Rates(b.calls, b.per_s, b.exits, clock.now, clock.sleep) for b in BUDGETS}

    @classmethod
    def of(cls, host: str, client_id: str, clock: Clock) -> Limits:
        """Those of one client at one host."""
        return cls._shared.setdefault((host, client_id), cls(clock))

    async def take(self, endpoint: Endpoint, urgency: int) -> None:
        """Returns when it may be called."""
        for name in endpoint.budgets:
            await self._rates[name].take(urgency)

    def left(self) -> dict[str, int]:
        return {name: rates.left for name, rates in self._rates.items()}

    def pause(self, endpoint: Endpoint, seconds: float) -> None:
        self._rates[endpoint.budgets[0]].pause(seconds)
