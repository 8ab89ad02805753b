"""Alerts as rows. `encode_alert` stands on the webhook's way: every microsecond there is paid for by each alert."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from typing import Any

from core.values.alerts import NO_LEVELS, Alert, AlertKind, AlertRecord, AlertStatus, Levels, Source
from core.values.ids import AlertId
from core.values.money import plain
from core.values.orders import OrderType, Side
from storage.sqlite.columns import encode, plain_or_none, read_price, read_time, read_time_or_none, time_text

# One statement a batch: ?1 is a JSON array of `encode_alert` rows, ?2 the seq of the first. A row that is not written
# leaves a hole in seq, which is how duplicates are told.
INSERT_ALERTS = """
INSERT INTO alerts (seq, id, dedupe_key, status, done, received_at, source, kind, account, link, ticker, owner, body,
                    fields)
WITH batch AS MATERIALIZED (SELECT key, value FROM json_each(?1)) -- else each json_extract would build value anew
SELECT ?2 + key, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
       json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'),
       json_extract(value, '$[6]'), json_extract(value, '$[7]'), json_extract(value, '$[8]'),
       json_extract(value, '$[9]'), json_extract(value, '$[10]'), json_extract(value, '$[11]'),
       json_extract(value, '$[12]')
FROM batch
WHERE true -- tells the parser that ON CONFLICT is no join
ON CONFLICT (dedupe_key) DO NOTHING
ON CONFLICT (id) DO NOTHING
"""


def encode_alert(alert: Alert, alert_id: AlertId, key: str, status: AlertStatus) -> str:
    """The row as a JSON array. Raises ValueError for text that SQLite cannot hold."""
    row = encode(
        [
            alert_id,
            key,
            status,
            0 if status is AlertStatus.ACCEPTED else 1,
            time_text(alert.received_at),
            alert.source,
            alert.kind,
            alert.account,
            alert.link,
            alert.ticker,
            alert.owner,
            alert.body,
            _fields(alert),
        ]
    )
    if not row.isascii():
        _refuse_surrogates(row)
    if "\\u0000" in row:
        _refuse_nul(alert_id, key, alert.account or "", alert.link or "", alert.ticker, alert.owner, alert.body)
    return row


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


def _fields(alert: Alert) -> dict[str, Any]:  # noqa: C901, PLR0912 - one line a field is the plainest and the fastest
    fields: dict[str, Any] = {}
    if alert.exchange:
        fields["exchange"] = alert.exchange
    if alert.side is not None:
        fields["side"] = alert.side
    if alert.order_type is not OrderType.MARKET:
        fields["order_type"] = alert.order_type
    if alert.price is not None:
        fields["price"] = plain(alert.price)
    if alert.long is not NO_LEVELS:
        fields["long"] = _levels(alert.long)
    if alert.short is not NO_LEVELS:
        fields["short"] = _levels(alert.short)
    if alert.close_percent is not None:
        fields["close_percent"] = plain(alert.close_percent)
    if alert.multiples:
        fields["multiples"] = [plain(multiple) for multiple in alert.multiples]
    if alert.strategy:
        fields["strategy"] = alert.strategy
    if alert.action:
        fields["action"] = alert.action
    if alert.message:
        fields["message"] = alert.message
    if alert.interval:
        fields["interval"] = alert.interval
    if alert.chart_url:
        fields["chart_url"] = alert.chart_url
    if alert.sent_at is not None:
        fields["sent_at"] = time_text(alert.sent_at)
    if alert.timed:
        fields["timed"] = True
    if alert.approval:
        fields["approval"] = alert.approval
    return fields


def _levels(levels: Levels) -> list[str | None]:
    return [plain_or_none(levels.stop), plain_or_none(levels.target), plain_or_none(levels.breakeven)]


def read_alert(row: sqlite3.Row) -> Alert:
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
        owner=row["owner"],
    )


def _read_levels(prices: list[str | None] | None) -> Levels:
    return NO_LEVELS if prices is None else Levels(*map(read_price, prices))


def read_record(row: sqlite3.Row) -> AlertRecord:
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
