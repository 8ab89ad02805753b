"""Executions, the round trips they add up to, and what those say of a strategy (behaviour.md 4.5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from statistics import median

from core.values.money import ZERO
from core.values.orders import Side


@dataclass(frozen=True, slots=True)
class Execution:
    """quantity: pieces, positive. fee: money, positive = paid."""

    at: datetime
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True)
class Trade:
    """One round trip, from flat to flat. entry, exit: average prices. profit: money, fees taken off."""

    opened_at: datetime
    closed_at: datetime
    side: Side
    quantity: Decimal
    entry: Decimal
    exit: Decimal
    fees: Decimal
    profit: Decimal


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an engine made of a plan. runs: when each began, of which `entered` bought something. executions: those of
    one moment, side and price as one, so that engines can be compared."""

    executions: tuple[Execution, ...]
    runs: tuple[datetime, ...]
    entered: int
    orders: int
    bars: int
    days: tuple[date, ...]


def joined(executions: Iterable[Execution]) -> tuple[Execution, ...]:
    """Those that follow each other at one moment, side and price as one: which order took how much is no matter."""
    found: list[Execution] = []
    for each in executions:
        last = found[-1] if found else None
        if last is not None and (last.at, last.side, last.price) == (each.at, each.side, each.price):
            found[-1] = Execution(last.at, last.side, last.quantity + each.quantity, last.price, last.fee + each.fee)
        else:
            found.append(each)
    return tuple(found)


def trades_of(executions: Sequence[Execution], point_value: Decimal = Decimal(1)) -> tuple[Trade, ...]:
    """Oldest first; what is still held at the end is no trade yet."""
    found: list[Trade] = []
    mine: list[Execution] = []
    held = ZERO
    for each in executions:
        mine.append(each)
        held += each.quantity * each.side.sign
        if held == 0:
            found.append(_trade(mine, point_value))
            mine = []
    return tuple(found)


def _trade(executions: Sequence[Execution], point_value: Decimal) -> Trade:
    side = executions[0].side
    values = {one: [each for each in executions if each.side is one] for one in Side}
    pieces = sum((each.quantity for each in values[side]), ZERO)
    entry, left = (
        sum((each.quantity * each.price for each in values[one]), ZERO) / pieces for one in (side, side.opposite)
    )
    fees = sum((each.fee for each in executions), ZERO)
    gained = sum((each.quantity * each.price * -each.side.sign for each in executions), ZERO) * point_value
    return Trade(executions[0].at, executions[-1].at, side, pieces, entry, left, fees, gained - fees)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """TC-39. Profits are money after fees, by trade. win_ratio: wins / losses, of which at least one is counted."""

    days: int
    days_viable: int
    days_entered: int
    attempts: int
    entry_ratio: Decimal
    trades: int
    trades_a_day: Decimal
    wins: int
    losses: int
    win_ratio: Decimal
    net_profit: Decimal
    mean_profit: Decimal
    median_profit: Decimal
    fees: Decimal
    drawdown: Decimal
    """The deepest fall of the sum of profits below its highest, money, positive."""


def evaluate(outcome: Outcome, point_value: Decimal = Decimal(1)) -> Evaluation:
    trades = trades_of(outcome.executions, point_value)
    profits = [trade.profit for trade in trades]
    wins, losses = sum(profit > 0 for profit in profits), sum(profit < 0 for profit in profits)
    days, attempts = len(outcome.days), len(outcome.runs)
    net = sum(profits, ZERO)
    return Evaluation(
        days=days,
        days_viable=len({run.date() for run in outcome.runs}),
        days_entered=len({each.at.date() for each in outcome.executions if each.side is Side.BUY}),
        attempts=attempts,
        entry_ratio=Decimal(outcome.entered) / max(1, attempts),
        trades=len(trades),
        trades_a_day=Decimal(len(trades)) / max(1, days),
        wins=wins,
        losses=losses,
        win_ratio=Decimal(wins) / max(1, losses),
        net_profit=net,
        mean_profit=net / max(1, len(trades)),
        median_profit=median(profits) if profits else ZERO,
        fees=sum((each.fee for each in outcome.executions), ZERO),
        drawdown=drawdown(profits),
    )


def drawdown(profits: Iterable[Decimal]) -> Decimal:
    """The deepest fall of their sum below its highest so far, money, positive."""
    total = top = deepest = ZERO
    for profit in profits:
        total += profit
        top = max(top, total)
        deepest = max(deepest, top - total)
    return deepest
