"""Spreads as rows."""

from __future__ import annotations

from decimal import Decimal

from core.values.money import Quantity, plain
from core.values.orders import Side
from core.values.spreads import LegDone, SpreadRow
from storage.sql.columns import Row, Stored, plain_or_none, read_price, read_time, time_text


def spread_row(row: SpreadRow) -> Row:
    return {
        "id": row.id,
        "account": row.account,
        "far": row.far,
        "near": row.near,
        "side": row.side,
        "price": plain(row.price),
        "amount": plain(row.amount),
        "ratio": plain(row.ratio),
        "made_at": time_text(row.made_at),
        "active": int(row.active),
        "far_executed": plain(row.far_done.executed),
        "far_average": plain_or_none(row.far_done.average),
        "near_executed": plain(row.near_done.executed),
        "near_average": plain_or_none(row.near_done.average),
        "owner": row.owner,
    }


def read_spread(row: Stored) -> SpreadRow:
    return SpreadRow(
        id=row["id"],
        account=row["account"],
        far=row["far"],
        near=row["near"],
        side=Side(row["side"]),
        price=Decimal(row["price"]),
        amount=Quantity(Decimal(row["amount"])),
        ratio=Decimal(row["ratio"]),
        made_at=read_time(row["made_at"]),
        active=bool(row["active"]),
        far_done=LegDone(Quantity(Decimal(row["far_executed"])), read_price(row["far_average"])),
        near_done=LegDone(Quantity(Decimal(row["near_executed"])), read_price(row["near_average"])),
        owner=row["owner"],
    )
