"""Stops that come with an entry: the venue makes an order of its own of them, as large as the entry's fills."""

from __future__ import annotations

from decimal import Decimal

from brokers.paper.orders import Row
from core.values.ids import OrderId
from core.values.money import plain
from tests.servers.broker import order_request
from tests.servers.venue import VenueServer


def is_rider(row: Row) -> bool:
    return row.request.id.startswith("rider")


def guard_entries(server: VenueServer) -> None:
    """Let each attached stop follow its entry's fills; those of a position that is gone end."""
    for client_id, body in server.attached.items():
        entry = server.venue._latest.get(OrderId(client_id))
        if entry is not None:
            _follow(server, entry, body["stopLoss"])
    for row in server.rows():
        if is_rider(row) and row.working and not server.venue.ledger.quantity(row.request.ticker):
            server.venue.cancel(row)


def _follow(server: VenueServer, entry: Row, level: str) -> None:
    made = [row for row in server.rows() if row.request.id.startswith(f"rider-{entry.request.id}")]
    left = entry.filled - sum((row.request.quantity for row in made), Decimal(0))
    if left <= 0:
        return
    asked = {
        "client_id": f"rider-{entry.request.id}-{len(made)}",
        "ticker": entry.request.ticker,
        "side": entry.request.side.opposite.value,
        "type": "stop",
        "quantity": plain(left),
        "price": None,
        "stop_price": level,
        "reduce_only": True,
        "expires_at": None,
    }
    ticket = server.venue.accept(order_request(asked))
    server._write("order", client_id=asked["client_id"], broker_id=ticket.broker_id, asked=asked)
