"""The rule on our own columns, compiled where numba is; `plain` as a third argument hides it."""

# ruff: noqa: E402 - numba is hidden before anybody looks for it

from __future__ import annotations

import sys
from collections.abc import Sequence

PLAIN = sys.argv[3:] == ["plain"]
if PLAIN:
    sys.modules["numba"] = None  # type: ignore[assignment]

from decimal import Decimal

import numpy as np

from benchmarks.peers.rule import WAIT, Figures, Trade, asked, measure
from core.values.instrument import Instrument, InstrumentKind
from core.values.money import Quantity
from core.values.rule import Rule
from simulator import grid
from simulator.brackets import LEVEL, PIECES, played
from simulator.columns import bids_of, columns_from
from simulator.market import Conditions

BARS, GRID = asked()
ONE = Quantity(Decimal(1))
SHARE = Instrument("TXN", "DEMO", InstrumentKind.SHARE, "USD", ONE, Decimal("0.01"), ONE)
AT = np.arange(len(BARS)) * 60
COLUMNS = columns_from(
    np.column_stack([AT, BARS, np.full(len(BARS), 10**9)]),
    AT >= 120,  # the other engines are asked from the second bar on, and trade on the third
    SHARE,
    60,
    Decimal(10**7),
    Conditions(),
)


if PLAIN:
    grid.WORKER = "benchmarks.peers.plain_worker"


def rule_of(figures: Figures) -> Rule:
    dip, stop, target = (Decimal(figure) / 100 for figure in figures)
    return Rule(dip, stop, target, money=Decimal(6000), wait_s=WAIT * 60 - 1)


def one(figures: Figures) -> Sequence[Trade]:
    rule = rule_of(figures)
    found = played(COLUMNS, rule, bids_of(COLUMNS, rule))
    whole = found[: len(found) // 2 * 2].reshape(-1, 2, found.shape[1])
    assert (whole[:, 0, PIECES] == -whole[:, 1, PIECES]).all()
    won = whole[:, 1, LEVEL] > whole[:, 0, LEVEL]
    return list(
        zip(*(column.tolist() for column in (whole[:, 0, 0], whole[:, 0, LEVEL], whole[:, 1, 0], won)), strict=True)
    )


def many(points: Sequence[Figures]) -> None:
    grid.run_columns(COLUMNS, [rule_of(figures) for figures in points], workers=2)


if __name__ == "__main__":
    measure(one, many if GRID else None)
