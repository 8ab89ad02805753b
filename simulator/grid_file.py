"""What goes between a grid and its processes: columns in a file, rules and scores as lines of JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from core.values.instrument import Instrument, InstrumentKind
from core.values.money import Quantity
from core.values.rule import Rule
from simulator.brackets import Score
from simulator.columns import Columns
from simulator.market import Conditions


def write(columns: Columns, directory: Path) -> tuple[str, ...]:
    """Into a file of this directory. What `read` needs to have them again."""
    path, instrument = directory / "columns.npy", columns.instrument
    rows = (columns.at, columns.size, columns.opens, columns.closes, columns.day)
    np.save(path, np.array((*rows, *columns.price, *columns.bid, *columns.ask), np.int64))
    money = (instrument.tick, instrument.step, instrument.point_value, columns.cash, columns.conditions.fee_percent)
    return str(path), str(columns.interval_s), *map(str, money)


def read(path: str, interval_s: str, *money: str) -> Columns:
    """Mapped, not copied: every process sees the same memory."""
    table = np.load(path, mmap_mode="r")
    at, size, opens, closes, day = table[:5]
    tick, step, point_value, cash, fee = map(Decimal, money)
    pieces = Quantity(step)
    instrument = Instrument("", "", InstrumentKind.SHARE, "", pieces, tick, pieces, point_value)
    price, bid, ask = table[5:9], table[9:13], table[13:]
    conditions, may = Conditions(fee), opens != 0
    return Columns(instrument, int(interval_s), cash, conditions, at, price, bid, ask, size, may, closes, day)


def line_of_rule(rule: Rule) -> str:
    return json.dumps(asdict(rule), default=str)


def rule_of_line(line: str) -> Rule:
    return Rule(**_values(json.loads(line)))


def line_of_score(score: Score) -> str:
    return json.dumps(asdict(score) | {"days": {str(day): each for day, each in score.days.items()}}, default=str)


def line_of_refusal(error: ValueError) -> str:
    return json.dumps({"refused": str(error)})


def score_of_line(line: str) -> Score:
    """Raises the ValueError that was told instead."""
    told = json.loads(line)
    if "refused" in told:
        raise ValueError(told["refused"])
    days = {date.fromisoformat(day): each for day, each in _values(told.pop("days")).items()}
    return Score(**_values(told), days=days)


def _values(told: dict[str, Any]) -> dict[str, Any]:
    """Counts and seconds are whole numbers in JSON, money and percentages are text."""
    return {name: Decimal(value) if isinstance(value, str) else value for name, value in told.items()}
