"""`openoutcry simulate --alerts`: the alerts of a desk's journal, traded again on its candles."""

from __future__ import annotations

import argparse
import asyncio
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from core.values.alerts import AlertRecord
from openoutcry.pasts import FiledPast, Misuse
from openoutcry.settings import SettingsError, load_settings
from simulator.alerts import AlertPlan, Otherwise, chosen
from simulator.market import Conditions
from storage.sqlite.connection import Connection, connect_reader
from storage.sqlite.reader import Reader

PAGE = 1000
DAY = timedelta(days=1)


def planned_alerts(options: argparse.Namespace, past: FiledPast, conditions: Conditions) -> AlertPlan:
    """Those of one ticker within the candles, and within --from and --to. The journal is only read: a desk may run on
    it. Raises Misuse."""
    try:
        path = load_settings(options.settings).desk.data_dir / "desk.sqlite3"
    except SettingsError as error:
        raise Misuse(str(error)) from None
    if not path.exists():
        raise Misuse(f"--settings: {path}: there is no journal yet")
    if not past.days or not len(past.columns):
        raise Misuse(f"--symbol: no whole day of {options.symbol} is on file")
    first, last = past.columns.candle(0).at, past.columns.candle(len(past.columns) - 1).at
    until = last + timedelta(seconds=past.interval_s)
    came = chosen(asyncio.run(_journal(path)), options.symbol)
    alerts = tuple(alert for alert in came if first <= alert.received_at < until and _asked(options, alert.received_at))
    if not alerts:
        raise Misuse(f"--alerts: none of {options.symbol} came while there are candles, from {first:%F} to {last:%F}")
    otherwise = Otherwise(options.stop_percent, options.target_percent)
    return AlertPlan(alerts, past, until, otherwise, options.cash, options.risk_percent, conditions)


def _asked(options: argparse.Namespace, moment: datetime) -> bool:
    day = moment.date()
    return (options.first is None or options.first <= day) and (options.last is None or day <= options.last)


async def _journal(path: Path) -> list[AlertRecord]:
    connection = Connection(partial(connect_reader, path))
    await connection
    reader = Reader(connection)
    try:
        found: list[AlertRecord] = []
        after = None
        while True:
            page = await reader.alerts(PAGE, after)
            found += page.items
            after = page.next
            if after is None:
                return found
    finally:
        await reader.close()
