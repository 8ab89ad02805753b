"""Day trades: what was opened and closed on one day. Small accounts may make few of them (behaviour.md 4.5).

The exchange's rule: four or more in five market days make a pattern, for which 25,000 of equity is asked. The limits
here keep clear of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from core.rules.candles import day_before, zone
from core.values.fills import Fill
from core.values.orders import Side

MARKET_DAYS = 5
MADE_MAX = 2
EQUITY_FREE = Decimal(28000)


def may_day_trade(made: int, equity: Decimal) -> bool:
    """Not after more than two within five market days, unless the account is worth more than 28,000."""
    return made <= MADE_MAX or equity > EQUITY_FREE


def day_trades(fills: Iterable[Fill], calendar: str, today: date) -> int:
    """Of the five market days that end with `today`: how often a symbol was bought and then sold on one day, or sold
    and bought back. fills: of one account."""
    first = today
    for _ in range(MARKET_DAYS - 1):
        first = day_before(calendar, first)
    by_day: dict[tuple[str, date], list[Side]] = {}
    for fill in sorted(fills, key=lambda fill: fill.at):
        day = fill.at.astimezone(zone(calendar)).date()
        if first <= day <= today:
            by_day.setdefault((fill.ticker, day), []).append(fill.side)
    return sum(_turns(sides) for sides in by_day.values())


def _turns(sides: Sequence[Side]) -> int:
    """Round trips; a fill in parts is one."""
    turns = [side for before, side in zip((None, *sides), sides, strict=False) if side is not before]
    return len(turns) // 2
