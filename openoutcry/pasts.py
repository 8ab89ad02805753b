"""Pasts that a simulation can be played on: the built-in market's, made as it is asked for, and candles on file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from brokers.paper import contracts, walk
from core.ports.candles import CandleStore
from core.rules.sessions import ALWAYS, CALENDARS
from core.values.candles import Columns
from core.values.instrument import Instrument, InstrumentKind
from core.values.money import Price, Quantity
from simulator.market import Bar, bars_of

MINUTE = 60
LAST_DAY = date(2025, 12, 31)
"""The built-in market's past has no end of its own: the same command is to say the same next year."""
_ENDS = datetime(LAST_DAY.year + 1, 1, 1, tzinfo=UTC)


class Misuse(ValueError):
    """What was asked and cannot be done, with its name."""


@dataclass(frozen=True, slots=True)
class MadeUpPast:
    """A `simulator.script.History` of one instrument of the built-in market."""

    seed: int
    instrument: Instrument
    anchor: Price
    interval_s: int = MINUTE

    def bars(self, start: datetime, end: datetime) -> Iterator[Bar]:
        past = walk.bars(self.seed, self.instrument, self.anchor, _ENDS, start, end, self.interval_s)
        return bars_of(past, self.instrument)


def made_up(symbol: str, seed: int) -> MadeUpPast:
    """Raises Misuse for what is not listed."""
    listed = {row.instrument.ticker: row for row in contracts.listings(_ENDS, {}, exchange_hours=False)}
    row = listed.get(symbol.upper())
    if row is None:
        raise Misuse(f"--symbol: there is no {symbol!r}; there are {', '.join(listed)}")
    return MadeUpPast(seed, row.instrument, row.start)


@dataclass(frozen=True, slots=True)
class FiledPast:
    """Candles as they were collected. days: the market days on file, oldest first."""

    store: CandleStore
    instrument: Instrument
    interval_s: int
    columns: Columns
    days: tuple[date, ...]

    def bars(self, start: datetime, end: datetime) -> Iterator[Bar]:
        part = self.columns.between(start, end)
        return bars_of((part.candle(number) for number in range(len(part))), self.instrument)


def on_file(settings_file: Path | None, symbol: str, tick: Decimal | None, lot: Decimal, calendar: str) -> FiledPast:
    """tick: None: the last digit that its prices have. Raises Misuse, and Broken where the library that reads candles
    is not installed."""
    from openoutcry.collecting import candle_store  # noqa: PLC0415 - the demo's past needs neither settings nor files
    from openoutcry.settings import SettingsError, load_settings  # noqa: PLC0415 - as above

    if calendar != ALWAYS and calendar not in CALENDARS:
        raise Misuse(f"--calendar: there is no {calendar!r}; there are {ALWAYS}, {', '.join(CALENDARS)}")
    if not lot or (tick is not None and not tick):
        raise Misuse("--tick, --lot: must be above 0")
    try:
        store = candle_store(load_settings(settings_file))
    except SettingsError as error:
        raise Misuse(str(error)) from None
    if symbol not in store.symbols():
        there = ", ".join(store.symbols()) or "none at all"
        raise Misuse(f"--symbol: no candles of {symbol!r} are on file; there are {there}")
    columns = store.load(symbol)
    pieces, smallest = Quantity(lot), tick or Decimal(1).scaleb(-columns.scale)
    instrument = Instrument(symbol, "PAPER", InstrumentKind.SHARE, "", pieces, smallest, pieces, calendar=calendar)
    return FiledPast(
        store, instrument, store.interval_s, columns, tuple(day.date for day in store.days(symbol) if day.valid)
    )
