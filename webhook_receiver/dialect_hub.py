"""The hub's alerts (behaviour.md 3.2), under the names of both generations: stratId/stratName and id/name."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from core.values.alerts import Alert, AlertKind, Source
from core.values.money import Price
from core.values.orders import Side
from core.values.raw import RawAlert
from webhook_receiver.fields import Fields

_INTEGER = re.compile(r"\d{1,18}", re.ASCII)
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_DIRECTIONS = {"BUY": (AlertKind.ENTRY, Side.BUY), "SELL": (AlertKind.ENTRY, Side.SELL)}


def parse_raw(fields: Fields, zone: tzinfo = UTC) -> RawAlert:
    """Raises ApiError 422 naming the field. zone: the desk's, for `utcoffset`."""
    id_name = _either(fields, "id", "stratId")
    number = _whole(fields, id_name, least=0)
    name = fields.needed_text(_either(fields, "name", "stratName"))
    symbol = fields.needed_text("symbol")
    interval = _whole(fields, "interval", least=1)
    direction = _direction(fields)
    priceless = id_name == "stratId" and not fields.has("price")  # the older generation had none
    price = None if priceless else Price(fields.positive("price"))
    sent_at = _timestamp(fields)
    offset = sent_at.astimezone(zone).utcoffset() or timedelta(0)
    return RawAlert(number, name, symbol, interval, direction, price, sent_at, int(offset.total_seconds()))


def as_alert(raw: RawAlert, *, received_at: datetime, body: str) -> Alert:
    """The alert to be kept: `strategy` is its name, `action` its direction."""
    kind, side = _DIRECTIONS.get(raw.direction, (AlertKind.EXIT, None))
    exchange, _, ticker = raw.symbol.rpartition(":")
    return Alert(
        source=Source.HUB,
        received_at=received_at,
        body=body,
        kind=kind,
        ticker=ticker,
        exchange=exchange,
        side=side,
        price=raw.price,
        strategy=raw.name,
        action=raw.direction,
        interval=str(raw.interval),
        sent_at=raw.sent_at,
        timed=True,
    )


def parse_hub(fields: Fields, *, received_at: datetime, body: str) -> Alert:
    """Both steps at once. Raises ApiError 422 naming the field."""
    return as_alert(parse_raw(fields), received_at=received_at, body=body)


def _either(fields: Fields, name: str, old_name: str) -> str:
    return old_name if old_name in fields and name not in fields else name


def _whole(fields: Fields, name: str, least: int) -> int:
    text = fields.needed_text(name)
    if not _INTEGER.fullmatch(text) or int(text) < least:
        raise fields.refuse(name, "not_an_integer", f"must be a whole number from {least}")
    return int(text)


def _direction(fields: Fields) -> str:
    """`buy`, `sell`, or anything that begins with `close` ("Close entry(s) order long"), in any case; in upper case."""
    word = fields.needed_text("direction").upper()
    if word not in _DIRECTIONS and not word.startswith("CLOSE"):
        raise fields.refuse("direction", "unknown_direction", "must be buy, sell or close...")
    return word


def _timestamp(fields: Fields) -> datetime:
    text = fields.needed_text("timestamp")
    try:
        if _TIMESTAMP.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:  # month 13
        pass
    raise fields.refuse("timestamp", "not_a_time", "must be YYYY-MM-DDTHH:MM:SSZ")
