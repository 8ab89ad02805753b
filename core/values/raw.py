"""A raw alert: what the hub takes in and hands out. Flat, small, and the same for sockets, targets and other desks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from core.values.money import Price, plain


@dataclass(frozen=True, slots=True)
class RawAlert:
    """One message of behaviour.md 3.2.

    number: the sender's id of its strategy, from 0. symbol: as sent, normally EXCHANGE:TICKER. interval: minutes.
    direction: upper case; BUY, SELL or a text that begins with CLOSE. price: None only under the old field names.
    sent_at: the sender's time, aware UTC. utcoffset: seconds that the desk's zone was ahead of UTC then.
    """

    number: int
    name: str
    symbol: str
    interval: int
    direction: str
    price: Price | None
    sent_at: datetime
    utcoffset: int = 0

    @property
    def epoch(self) -> int:
        """Whole seconds, true UTC."""
        return int(self.sent_at.timestamp())

    def to_json(self) -> str:
        """As sockets get it, on one line; the price is a JSON number with exactly the digits it has."""
        return (
            f'{{"id": {self.number}, "name": {json.dumps(self.name)}, "symbol": {json.dumps(self.symbol)}, '
            f'"interval": {self.interval}, "direction": {json.dumps(self.direction)}, '
            f'"price": {"null" if self.price is None else plain(self.price)}, '
            f'"timestamp": {self.epoch}, "utcoffset": {self.utcoffset}}}'
        )
