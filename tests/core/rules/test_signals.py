"""The screen of raw alerts: newest first, few, none twice, closed by what closes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.rules.signals import Signal, screen
from core.values.ids import AlertId

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def signal(minute: int, direction: str = "BUY", name: str = "Cycle", symbol: str = "BYBIT:BTCPERP") -> Signal:
    at = NOON + timedelta(minutes=minute)
    return Signal(AlertId(f"{name}{minute}{direction}"), "7", name, symbol, direction, at, at)


def test_tv_30_newest_first_and_no_more_than_most() -> None:
    """The oldest make room."""
    assert [row.sent_at.minute for row in screen([signal(n) for n in range(12)], 10)] == list(range(11, 1, -1))
    assert screen([], 10) == []


def test_tv_31_what_closes_marks_its_rows_and_is_none() -> None:
    """Every row of its strategy and symbol, no other; any direction that begins with close."""
    rows = screen([signal(0), signal(1, "SELL"), signal(2, name="Other"), signal(3, "CLOSE ENTRY(S) ORDER LONG")], 10)
    assert [(row.name, row.closed) for row in rows] == [("Other", False), ("Cycle", True), ("Cycle", True)]


def test_tv_31_what_closes_within_the_same_second_closes() -> None:
    """It repeats the row's time, but says something else."""
    assert [(row.direction, row.closed) for row in screen([signal(0), signal(0, "CLOSE")], 10)] == [("BUY", True)]


def test_tv_31_what_closes_nothing_is_a_row() -> None:
    """Also where what it would close has made room; it is closed itself, and a second one adds nothing."""
    rows = screen(
        [signal(0), *(signal(n, name="Other") for n in range(1, 4)), signal(5, "CLOSE"), signal(6, "CLOSE")], 3
    )
    assert [(row.direction, row.closed) for row in rows] == [("CLOSE", True), ("BUY", False), ("BUY", False)]


def test_tv_31_what_comes_after_the_close_is_open() -> None:
    """A new entry of the same strategy."""
    rows = screen([signal(0), signal(1, "CLOSE"), signal(2, "SELL")], 10)
    assert [(row.direction, row.closed) for row in rows] == [("SELL", False), ("BUY", True)]


def test_tv_32_one_of_the_same_time_strategy_and_symbol_is_one_row() -> None:
    """Whatever else it says; another time or symbol is another row."""
    rows = screen([signal(0), signal(0, "SELL"), signal(0, symbol="BYBIT:ETHPERP"), signal(1)], 10)
    assert [(row.symbol, row.direction) for row in rows] == [
        ("BYBIT:BTCPERP", "BUY"),
        ("BYBIT:ETHPERP", "BUY"),
        ("BYBIT:BTCPERP", "BUY"),
    ]
