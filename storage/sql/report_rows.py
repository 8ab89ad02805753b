"""Reports as rows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core.values.money import Price, plain
from core.values.reports import Judged, Report
from storage.sql.columns import (
    Row,
    Stored,
    encode,
    plain_or_none,
    read_list,
    read_price,
    read_texts,
    read_time,
    read_time_or_none,
    time_or_none,
    time_text,
)


def report_row(report: Report) -> Row:
    return {
        "id": report.id,
        "kind": report.kind,
        "at": time_text(report.at),
        "account": report.account,
        "positions": encode([_judged_fields(judged) for judged in report.positions]),
        "missed": int(report.missed),
        "owner": report.owner,
        "figures": encode(dict(report.figures)),
    }


def _judged_fields(judged: Judged) -> dict[str, object]:
    return {
        "position_id": judged.position_id,
        "symbol": judged.symbol,
        "entry": plain(judged.entry),
        "last": plain_or_none(judged.last),
        "kept": judged.kept,
        "expiry": time_or_none(judged.expiry),
        "strike": plain_or_none(judged.strike),
    }


def _read_judged(fields: dict[str, Any]) -> Judged:
    strike = fields["strike"]
    return Judged(
        position_id=fields["position_id"],
        symbol=fields["symbol"],
        entry=Price(Decimal(fields["entry"])),
        last=read_price(fields["last"]),
        kept=fields["kept"],
        expiry=read_time_or_none(fields["expiry"]),
        strike=None if strike is None else Decimal(strike),
    )


def read_report(row: Stored) -> Report:
    return Report(
        id=row["id"],
        kind=row["kind"],
        at=read_time(row["at"]),
        account=row["account"],
        positions=tuple(map(_read_judged, read_list(row["positions"]))),
        missed=bool(row["missed"]),
        owner=row["owner"],
        figures=read_texts(row["figures"]),
    )
