"""Alerts as Carbon's plaintext lines, in the formats of both generations (behaviour.md 3.4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from core.values.money import plain
from core.values.raw import RawAlert

SELL, OUTDATED, BUY = 15, 50, 85
"""Red, orange and green on the dashboard; a closed position is neither."""
_UNSAFE = re.compile(r"[^A-Za-z0-9_!-]")
_PART_MAX = 100


def part(text: str, *, keep: str = "") -> str:
    """One part of a metric's path: whatever could end the part, the line or a file's name becomes an underscore."""
    return _UNSAFE.sub(lambda found: found[0] if found[0] in keep else "_", text[:_PART_MAX])


def seed_line(alert: RawAlert, now: datetime, timeout: timedelta) -> str:
    """`strat.NAME.INTERVAL.SYMBOL VALUE TIMESTAMP`: 85 for buy, 15 for sell, 50 once closed or older than `timeout`."""
    value = {"BUY": BUY, "SELL": SELL}.get(alert.direction, OUTDATED)
    if now - alert.sent_at > timeout:
        value = OUTDATED
    return f"strat.{part(alert.name)}.{alert.interval}.{part(alert.symbol, keep=':')} {value} {alert.epoch}\n"


def seed_lines(now: Callable[[], datetime], timeout: timedelta) -> Callable[[RawAlert], str]:
    """`seed_line`, judged at the moment of writing."""
    return lambda alert: seed_line(alert, now(), timeout)


def distributor_lines(alert: RawAlert) -> str:
    """`tvt_agents.NAME.EXCHANGE.TICKER.INTERVAL.direction`: 1 buy, -1 sell, 0 else; `...price` where there is one."""
    symbol = ".".join(part(piece) for piece in alert.symbol.split(":"))
    path = f"tvt_agents.{part(alert.name)}.{symbol}.{alert.interval}"
    value = {"BUY": 1, "SELL": -1}.get(alert.direction, 0)
    lines = f"{path}.direction {value} {alert.epoch}\n"
    return lines if alert.price is None else f"{lines}{path}.price {plain(alert.price)} {alert.epoch}\n"
