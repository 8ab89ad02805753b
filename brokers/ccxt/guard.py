"""No entry without its stop. What a venue cannot do is refused here, before the library makes something else of it:
where it knows no attached stop it sends the entry bare and says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from brokers.ccxt.dialect import Dialect
from brokers.ccxt.translate import Row
from core.values.errors import Rejected
from core.values.money import plain
from core.values.orders import OrderRequest, OrderType, Purpose, TimeInForce


class Way(Enum):
    """How an order's stop comes to stand."""

    UNASKED = "it needs none"
    STANDS = "it was placed before the entry"
    RIDES = "it goes out with the entry"
    FOLLOWS = "coins cannot be sold before they are there: the desk's guardian places it upon the first fill"


def features(exchange: Any, *, spot: bool) -> Mapping[str, Any]:
    """The library's table of what a venue takes with an order."""
    table = exchange.features["spot"] if spot else exchange.features["swap"]["linear"]
    found: Mapping[str, Any] = table["createOrder"]
    return found


def protection(request: OrderRequest, dialect: Dialect, table: Mapping[str, Any], *, standing: bool) -> Way:
    """standing: a stop of the same trade was taken by the venue. Raises Rejected no_stop."""
    plan = request.plan
    if request.purpose is not Purpose.ENTRY or plan is None or plan.stop is None:
        return Way.UNASKED
    if standing:
        return Way.STANDS
    if dialect.spot:
        return Way.FOLLOWS
    if dialect.attaches and table.get("stopLoss"):
        return Way.RIDES
    raise Rejected("no_stop", f"{dialect.name} takes no stop with an entry, and none stands")


def check(request: OrderRequest, dialect: Dialect, table: Mapping[str, Any]) -> None:
    """Raise Rejected for what the venue's table has not: no_stops or bad_time_in_force."""
    if request.type.triggered and not (table.get("stopLossPrice") or table.get("triggerPrice")):
        raise Rejected("no_stops", f"{dialect.name} keeps no stop orders")
    immediate = request.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL and request.type is OrderType.LIMIT
    if immediate and not (table.get("timeInForce") or {}).get("IOC"):
        raise Rejected("bad_time_in_force", f"{dialect.name} takes no immediate orders")


def riding(request: OrderRequest, dialect: Dialect) -> dict[str, Any]:
    """Parameters of an entry whose stop rides on it."""
    assert request.plan is not None
    assert request.plan.stop is not None
    return {"stopLoss": {"triggerPrice": plain(request.plan.stop)}, **dialect.riding}


def rides(built: Row, dialect: Dialect, way: Way) -> None:
    """Raise Rejected no_stop where the library has left the stop out of what it is about to send."""
    if way is Way.RIDES and not dialect.rides(built):
        raise Rejected("no_stop", f"ccxt would send {dialect.name} this entry without its stop")
