"""Alerts as rows. `encode_alert` stands on the webhook's way: every microsecond there is paid for by each alert."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring as quote

from core.values.alerts import NO_LEVELS, Alert, AlertKind, AlertRecord, AlertStatus, Levels, Source
from core.values.ids import AlertId
from core.values.money import plain
from core.values.orders import OrderType, Side
from storage.sql.columns import Stored, encode, read_price, read_time, read_time_or_none, time_text

_sent_at_text = lru_cache(maxsize=64)(time_text)  # when a bar closes, all charts send the same second


def encode_alert(alert: Alert, alert_id: AlertId, key: str, status: AlertStatus) -> str:
    """The row as a JSON array, joined by hand. Raises ValueError for text that SQLite cannot hold."""
    waits = status is AlertStatus.ACCEPTED or status is AlertStatus.RECEIVED
    done = 0 if waits and alert.source is not Source.HUB else 1
    row = (
        f"[{quote(alert_id)},{quote(key)},{quote(status)},{done},"
        f'"{time_text(alert.received_at)}","{alert.source.value}","{alert.kind.value}",'
        f"{_quote_or_null(alert.account)},{_quote_or_null(alert.link)},{quote(alert.ticker)},{quote(alert.owner)},"
        f"{quote(alert.body)},{_fields(alert)}]"
    )
    if not row.isascii():
        _refuse_surrogates(row)
    if "\\u0000" in row:
        _refuse_nul(alert_id, key, alert.account or "", alert.link or "", alert.ticker, alert.owner, alert.body)
    return row


def _quote_or_null(text: str | None) -> str:
    return "null" if text is None else quote(text)


def _refuse_surrogates(text: str) -> None:
    """One would make SQLite refuse the batch, everybody's alerts with it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate cannot be stored") from None


def _refuse_nul(*texts: str) -> None:
    """json_extract cuts a string at NUL: better refused than cut."""
    if any("\0" in text for text in texts):
        raise ValueError("a NUL character cannot be stored")


def _fields(alert: Alert) -> str:  # noqa: C901, PLR0912 - one line a field is the plainest and the fastest
    fields: list[str] = []
    if alert.exchange:
        fields.append(f'"exchange":{quote(alert.exchange)}')
    if alert.side is not None:
        fields.append(f'"side":"{alert.side.value}"')
    if alert.order_type is not OrderType.MARKET:
        fields.append(f'"order_type":"{alert.order_type.value}"')
    if alert.price is not None:
        fields.append(f'"price":"{plain(alert.price)}"')
    if alert.long is not NO_LEVELS:
        fields.append(f'"long":{_levels(alert.long)}')
    if alert.short is not NO_LEVELS:
        fields.append(f'"short":{_levels(alert.short)}')
    if alert.close_percent is not None:
        fields.append(f'"close_percent":"{plain(alert.close_percent)}"')
    if alert.multiples:
        fields.append(f'"multiples":{encode([plain(multiple) for multiple in alert.multiples])}')
    if alert.strategy:
        fields.append(f'"strategy":{quote(alert.strategy)}')
    if alert.action:
        fields.append(f'"action":{quote(alert.action)}')
    if alert.message:
        fields.append(f'"message":{quote(alert.message)}')
    if alert.interval:
        fields.append(f'"interval":{quote(alert.interval)}')
    if alert.chart_url:
        fields.append(f'"chart_url":{quote(alert.chart_url)}')
    if alert.sent_at is not None:
        fields.append(f'"sent_at":"{_sent_at_text(alert.sent_at)}"')
    if alert.timed:
        fields.append('"timed":true')
    if alert.approval:
        fields.append(f'"approval":{quote(alert.approval)}')
    if alert.market_position:
        fields.append(f'"market_position":{quote(alert.market_position)}')
    return f"{{{','.join(fields)}}}"


def _levels(levels: Levels) -> str:
    prices = (levels.stop, levels.target, levels.breakeven)
    return "[" + ",".join(["null" if price is None else f'"{plain(price)}"' for price in prices]) + "]"


def read_alert(row: Stored) -> Alert:
    fields = json.loads(row["fields"])
    return Alert(
        source=Source(row["source"]),
        received_at=read_time(row["received_at"]),
        body=row["body"],
        kind=AlertKind(row["kind"]),
        ticker=row["ticker"],
        exchange=fields.get("exchange", ""),
        side=Side(fields["side"]) if "side" in fields else None,
        order_type=OrderType(fields.get("order_type", OrderType.MARKET)),
        price=read_price(fields.get("price")),
        long=_read_levels(fields.get("long")),
        short=_read_levels(fields.get("short")),
        close_percent=read_price(fields.get("close_percent")),
        multiples=tuple(map(Decimal, fields.get("multiples", ()))),
        account=row["account"],
        link=row["link"],
        strategy=fields.get("strategy", ""),
        action=fields.get("action", ""),
        message=fields.get("message", ""),
        interval=fields.get("interval", ""),
        chart_url=fields.get("chart_url", ""),
        sent_at=read_time_or_none(fields.get("sent_at")),
        timed="timed" in fields,
        approval=fields.get("approval", ""),
        market_position=fields.get("market_position", ""),
        owner=row["owner"],
    )


def _read_levels(prices: list[str | None] | None) -> Levels:
    return NO_LEVELS if prices is None else Levels(*map(read_price, prices))


def read_record(row: Stored) -> AlertRecord:
    """Needs the column `order_ids`, a JSON array, beside those of the table."""
    return AlertRecord(
        id=row["id"],
        alert=read_alert(row),
        status=AlertStatus(row["status"]),
        done=bool(row["done"]),
        reason=row["reason"],
        proposal_id=row["proposal_id"],
        order_ids=tuple(json.loads(row["order_ids"])),
    )
