"""Equity as rows, a row an account and day."""

from __future__ import annotations

from decimal import Decimal

from core.values.accounts import DayEquity
from storage.sql.columns import Row, Stored, plain_or_none, read_time, time_text


def equity_row(kept: DayEquity) -> Row:
    return {
        "account": kept.account,
        "day": kept.day.isoformat(),
        "at": time_text(kept.at),
        "equity": plain_or_none(kept.equity),
        "currency": kept.currency,
        "owner": kept.owner,
    }


def read_equity(row: Stored) -> DayEquity:
    return DayEquity(
        account=row["account"],
        at=read_time(row["at"]),
        equity=Decimal(row["equity"]),
        currency=row["currency"],
        owner=row["owner"],
    )
