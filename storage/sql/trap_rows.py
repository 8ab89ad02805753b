"""Stashes and stop lists as rows."""

from __future__ import annotations

from core.values.traps import Stash, StopList, packed, unpacked
from storage.sql.columns import Row, Stored, read_time, time_text


def stash_row(stash: Stash) -> Row:
    return {
        "id": stash.id,
        "account": stash.account,
        "name": stash.name,
        "made_at": time_text(stash.made_at),
        "traps": packed(stash.traps),
        "owner": stash.owner,
    }


def read_stash(row: Stored) -> Stash:
    return Stash(
        id=row["id"],
        account=row["account"],
        name=row["name"],
        made_at=read_time(row["made_at"]),
        traps=unpacked(row["traps"]),
        owner=row["owner"],
    )


def stop_list_row(row: StopList) -> Row:
    return {
        "id": row.id,
        "ticker": row.ticker,
        "whitelist": int(row.whitelist),
        "stop_blacklist": int(row.stop_blacklist),
        "short_blacklist": int(row.short_blacklist),
        "morning": int(row.morning),
        "owner": row.owner,
    }


def read_stop_list(row: Stored) -> StopList:
    return StopList(
        id=row["id"],
        ticker=row["ticker"],
        whitelist=bool(row["whitelist"]),
        stop_blacklist=bool(row["stop_blacklist"]),
        short_blacklist=bool(row["short_blacklist"]),
        morning=bool(row["morning"]),
        owner=row["owner"],
    )
