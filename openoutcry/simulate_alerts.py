"""`openoutcry simulate --alerts`: the alerts of a desk's journal, traded again on its candles."""

from __future__ import annotations

import argparse
import asyncio
from datetime import datetime, timedelta

from core.values.alerts import AlertRecord
from core.values.errors import DeskError
from openoutcry.journal import open_reader
from openoutcry.pasts import FiledPast, Misuse
from openoutcry.settings import Settings, SettingsError, load_settings
from simulator.alerts import AlertPlan, Otherwise, chosen
from simulator.market import Conditions

PAGE = 1000
DAY = timedelta(days=1)


def planned_alerts(options: argparse.Namespace, past: FiledPast, conditions: Conditions) -> AlertPlan:
    """Those of one ticker within the candles, and within --from and --to. The journal is only read: a desk may run on
    it. Raises Misuse."""
    try:
        settings = load_settings(options.settings)
    except SettingsError as error:
        raise Misuse(str(error)) from None
    if not past.days or not len(past.columns):
        raise Misuse(f"--symbol: no whole day of {options.symbol} is on file")
    first, last = past.columns.candle(0).at, past.columns.candle(len(past.columns) - 1).at
    until = last + timedelta(seconds=past.interval_s)
    came = chosen(_came(settings), options.symbol)
    alerts = tuple(alert for alert in came if first <= alert.received_at < until and _asked(options, alert.received_at))
    if not alerts:
        raise Misuse(f"--alerts: none of {options.symbol} came while there are candles, from {first:%F} to {last:%F}")
    otherwise = Otherwise(options.stop_percent, options.target_percent)
    return AlertPlan(alerts, past, until, otherwise, options.cash, options.risk_percent, conditions)


def _asked(options: argparse.Namespace, moment: datetime) -> bool:
    day = moment.date()
    return (options.first is None or options.first <= day) and (options.last is None or day <= options.last)


def _came(settings: Settings) -> list[AlertRecord]:
    try:
        return asyncio.run(_journal(settings))
    except (SettingsError, DeskError) as error:
        raise Misuse(f"--settings: {error}") from None


async def _journal(settings: Settings) -> list[AlertRecord]:
    reader = await open_reader(settings)
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
