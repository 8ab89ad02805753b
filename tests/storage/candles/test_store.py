"""Candles on disk: what is put in comes out, by day, exactly; a file is whole or it is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.ports.candles import CandleStore
from core.values.candles import Columns, Fault, Source, SymbolDay
from core.values.errors import Broken
from core.values.market import Candle
from core.values.money import Price, Quantity
from storage.candles import open_candles

MONDAY = date(2026, 1, 5)


def bars(day: date, *prices: str, volume: str = "7") -> list[Candle]:
    """A minute each from 14:30, flat at these prices."""
    start = datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC)
    return [
        Candle(start + timedelta(minutes=n), price, price, price, price, Quantity(Decimal(volume)))
        for n, price in enumerate(Price(Decimal(text)) for text in prices)
    ]


def a_day(day: date, *prices: str, symbol: str = "SBER", source: Source = Source.HISTORY) -> SymbolDay:
    return SymbolDay(symbol, day, bars(day, *prices), source)


@pytest.fixture
def store(tmp_path: Path) -> CandleStore:
    return open_candles(tmp_path, 60)


def closes(columns: Columns) -> list[str]:
    return [str(candle.close) for candle in columns.candles()]


def dates(store: CandleStore, symbol: str = "SBER") -> Sequence[date]:
    return [day.date for day in store.days(symbol)]


def test_tc_10_dates_on_file_ascend_and_a_day_has_its_bars(store: CandleStore) -> None:
    """Saved in any order, over months and years; each candle has its moment, four prices and volume."""
    days = [MONDAY, date(2025, 12, 31), date(2026, 2, 2), MONDAY + timedelta(days=1)]
    for day in days:
        store.save(a_day(day, "10.10", "10.25"))
    assert dates(store) == sorted(days)
    assert store.day("SBER", MONDAY) == a_day(MONDAY, "10.10", "10.25")
    assert store.symbols() == ["SBER"]


def test_a_day_is_told_without_its_bars(store: CandleStore) -> None:
    """How many, from where, with which faults, and all of them as one: first open, extremes, last close, all volume."""
    made = bars(MONDAY, "10", "12.5", "9", "11")
    store.save(SymbolDay("SBER", MONDAY, made, Source.STREAM, frozenset({Fault.GAPS, Fault.TWICE})))
    [day] = store.days("SBER")
    assert (day.bars, day.source, day.valid) == (4, Source.STREAM, False)
    assert day.faults == frozenset({Fault.GAPS, Fault.TWICE})
    one = day.daily
    assert [one.open, one.high, one.low, one.close, one.volume] == list(map(Decimal, ("10", "12.5", "9", "11", "28")))
    assert one.at == made[0].at


def test_a_saved_day_takes_the_place_of_the_one_before(store: CandleStore) -> None:
    """TC-13's ground: its neighbours stay as they are."""
    for number in range(3):
        store.save(a_day(MONDAY + timedelta(days=number), f"1{number}", source=Source.STREAM))
    store.save(a_day(MONDAY + timedelta(days=1), "21", "22", "23"))
    assert closes(store.load("SBER")) == ["10", "21", "22", "23", "12"]
    assert [day.source for day in store.days("SBER")] == [Source.STREAM, Source.HISTORY, Source.STREAM]


def test_an_empty_day_is_forgotten(store: CandleStore) -> None:
    """Saving a day without bars removes it; the last one takes the symbol with it."""
    store.save(a_day(MONDAY, "1"), a_day(MONDAY + timedelta(days=1), "2"))
    store.save(SymbolDay("SBER", MONDAY, ()))
    assert dates(store) == [MONDAY + timedelta(days=1)]
    store.save(SymbolDay("SBER", MONDAY + timedelta(days=1), ()))
    assert store.symbols() == []


def test_a_window_holds_its_days_and_no_others(store: CandleStore) -> None:
    """Over a month's end, both ends included; by the minute with `between`."""
    for offset in (-6, -5, 0, 1, 30):
        store.save(a_day(MONDAY + timedelta(days=offset), f"{offset + 50}", f"{offset + 50}.5"))
    window = store.load("SBER", MONDAY - timedelta(days=5), MONDAY)
    assert closes(window) == ["45.0", "45.5", "50.0", "50.5"]
    opening = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
    assert closes(window.between(opening, opening + timedelta(seconds=60))) == ["50.0"]


def test_prices_are_kept_exactly_in_whatever_scale_comes(store: CandleStore) -> None:
    """A finer price makes no other one coarser, in a month and over months; volumes have a scale of their own."""
    store.save(a_day(MONDAY, "64000.5"))
    fine = SymbolDay("SBER", MONDAY + timedelta(days=1), bars(MONDAY + timedelta(days=1), "0.00000123", volume="0.015"))
    store.save(fine)
    store.save(a_day(date(2026, 2, 2), "1E+3"))
    found = store.load("SBER").candles()
    assert [bar.close for bar in found] == [Decimal("64000.5"), Decimal("0.00000123"), Decimal(1000)]
    assert [bar.volume for bar in found] == [Decimal(7), Decimal("0.015"), Decimal(7)]


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "1e-13", "12345678901234567890"])
def test_what_cannot_be_kept_exactly_is_refused(store: CandleStore, bad: str) -> None:
    """And what was there stays."""
    store.save(a_day(MONDAY, "1"))
    with pytest.raises(ValueError, match=r"."):
        store.save(a_day(MONDAY, "1", bad))
    assert closes(store.load("SBER")) == ["1"]


def test_bars_out_of_order_are_refused(store: CandleStore) -> None:
    """Whoever collects puts them in order; the store keeps no second at the same moment either."""
    twice = bars(MONDAY, "1", "2")
    with pytest.raises(ValueError, match="not in order"):
        store.save(SymbolDay("SBER", MONDAY, twice[::-1]))
    with pytest.raises(ValueError, match="not in order"):
        store.save(SymbolDay("SBER", MONDAY, [twice[0], twice[0]]))


def test_forgetting_takes_the_range_of_one_symbol(store: CandleStore) -> None:
    """Days before and after stay, and so do other symbols."""
    days = [MONDAY + timedelta(days=10 * number) for number in range(6)]
    for day in days:
        store.save(a_day(day, "1"), a_day(day, "2", symbol="GAZP"))
    assert store.forget("SBER", days[1], days[4]) == 4
    assert dates(store) == [days[0], days[5]]
    assert dates(store, "GAZP") == days


@pytest.mark.parametrize("symbol", ["BTC/USDT:USDT", "..", "BRK.B", "привет"])
def test_any_name_stays_inside_the_directory(tmp_path: Path, symbol: str) -> None:
    """Names are quoted: none is a path."""
    store = open_candles(tmp_path / "candles", 60)
    store.save(a_day(MONDAY, "1", symbol=symbol))
    assert store.symbols() == [symbol]
    assert closes(store.load(symbol)) == ["1"]
    assert {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*.parquet")} == {"candles"}


def test_lengths_of_bars_are_kept_apart(tmp_path: Path) -> None:
    """Bars of five seconds are not bars of a minute."""
    open_candles(tmp_path, 60).save(a_day(MONDAY, "1"))
    assert open_candles(tmp_path, 5).symbols() == []


def test_a_damaged_file_is_told_set_aside_and_collected_anew(store: CandleStore, tmp_path: Path) -> None:
    """One changed byte in a page is seen by its checksum; afterwards its days are missing, not wrong."""
    store.save(a_day(MONDAY, *(f"{n}.5" for n in range(1, 300))), a_day(date(2026, 2, 2), "2"))
    [path] = tmp_path.rglob("2026-01.parquet")
    whole = bytearray(path.read_bytes())
    whole[400] ^= 0xFF
    path.write_bytes(whole)
    with pytest.raises(Broken, match="2026-01"):
        store.load("SBER")
    assert store.mend("SBER") == ["2026-01.parquet"]
    assert dates(store) == [date(2026, 2, 2)]


def test_a_file_that_is_cut_short_is_told(store: CandleStore, tmp_path: Path) -> None:
    """Also where only days are asked for."""
    store.save(a_day(MONDAY, "1"))
    [path] = tmp_path.rglob("*.parquet")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(Broken, match="2026-01"):
        store.days("SBER")


def test_what_a_writer_left_unfinished_is_not_read(store: CandleStore, tmp_path: Path) -> None:
    """A kill between writing and renaming leaves the month before."""
    store.save(a_day(MONDAY, "1"))
    [path] = tmp_path.rglob("*.parquet")
    path.with_suffix(".part").write_bytes(b"half a file")
    assert closes(store.load("SBER")) == ["1"]
    store.save(a_day(MONDAY, "2"))
    assert closes(store.load("SBER")) == ["2"]
