"""Which pairs earn what, and what prices say of dividends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.rules.yields import LINES_MAX, Pair, dividends, executable, scan, yearly_percent
from core.values.instrument import Instrument, InstrumentKind
from core.values.market import Quote
from core.values.money import Price, Quantity

D = Decimal
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ONE = Quantity(D(1))


def share(ticker: str = "SBER", **changes: Any) -> Instrument:
    lot = Quantity(D(10))
    return replace(Instrument(ticker, "MOEX", InstrumentKind.SHARE, "RUB", lot, D("0.01"), lot), **changes)


def future(ticker: str = "SRU6", days: int = 73, asset: str = "SBER", **changes: Any) -> Instrument:
    made = Instrument(
        ticker,
        "MOEX",
        InstrumentKind.FUTURE,
        "RUB",
        ONE,
        D(1),
        ONE,
        expires_at=NOW + timedelta(days=days, hours=1),
        basic_asset=asset,
        basic_asset_size=Quantity(D(100)),
        margin_buy=D(2900),
        margin_sell=D(3000),
    )
    return replace(made, **changes)


def prices(**texts: str) -> dict[str, Price]:
    return {ticker: Price(D(text)) for ticker, text in texts.items()}


def scanned(*instruments: Instrument, rate: str = "0", **texts: str) -> list[tuple[str, str, str]]:
    found = scan(instruments, prices(**texts), NOW, D(rate))
    return [(pair.near.ticker, pair.far.ticker, f"{pair.yearly:.2f}") for pair in found]


def test_tm_55_the_yearly_figure() -> None:
    """Share 150, size 100, future 15600, margin 3000, 73 days: profit 600 on 18000, 17.82 % a year."""
    [pair] = scan([share(), future()], prices(SBER="150", SRU6="15600"), NOW, D(0))
    assert (pair.profit, pair.margin, f"{pair.days}", f"{pair.yearly}") == (D(600), D(18000), "73", "17.82")
    assert yearly_percent(D(70000), D(70000), 364) == D("100.38")


def test_tm_55_the_best_comes_first() -> None:
    """Sorted by the figure, descending."""
    later = future("SRZ6", 164, margin_sell=D(3000))
    found = scanned(share(), future(), later, SBER="150", SRU6="15600", SRZ6="16500")
    figures = [D(row[2]) for row in found]
    assert len(found) == 3
    assert figures == sorted(figures, reverse=True)


def test_w_04_a_future_counts_as_money_not_as_points() -> None:
    """A point worth 10: 1560 points are 15600."""
    [pair] = scan([share(), future(point_value=D(10))], prices(SBER="150", SRU6="1560"), NOW, D(0))
    assert pair.profit == 600


def test_tm_56_a_rate_hides_what_does_not_beat_it() -> None:
    """17.82 is above 17.81, not above itself or 18."""
    for rate, count in (("17.81", 1), ("17.82", 0), ("18", 0)):
        assert len(scanned(share(), future(), rate=rate, SBER="150", SRU6="15600")) == count


def test_tm_56_no_more_than_seventy_lines() -> None:
    """The best seventy of eighty."""
    shares = [share(f"S{n:02}") for n in range(80)]
    futures = [future(f"F{n:02}", asset=f"S{n:02}") for n in range(80)]
    known = {f"S{n:02}": "150" for n in range(80)} | {f"F{n:02}": str(15500 + n) for n in range(80)}
    found = scanned(*shares, *futures, **known)
    assert len(found) == LINES_MAX == 70
    assert found[0][1] == "F79"


@pytest.mark.parametrize(
    "changes",
    [
        {"shortable": False},
        {"ticker": "XXZ6"},
        {"basic_asset": "GAZP"},
        {"expires_at": NOW + timedelta(days=10)},
        {"exchange": "OTC"},
        {"tick": D(0)},
        {"on_security": False},
    ],
)
def test_tm_56_which_futures_make_a_pair(changes: dict[str, Any]) -> None:
    """One asset, the same two letters, the cheaper one not later, the far one shortable, on MOEX and on a security."""
    near, far = future("SRU6"), future("SRZ6", 164)
    assert len(scanned(near, far, SRU6="15600", SRZ6="15900")) == 1
    far = replace(far, **changes)
    assert scanned(near, far, SRU6="15600", **{far.ticker: "15900"}) == []
    assert scanned(near, replace(far, **changes), SRU6="15600", SRZ6="15600") == []


def test_tm_56_two_of_one_expiry_make_one_pair() -> None:
    """Whichever is listed first: the cheaper one is the near leg."""
    one, other = future("SRU6"), future("SRU7")
    assert [row[:2] for row in scanned(one, other, SRU6="15900", SRU7="15600")] == [("SRU7", "SRU6")]
    assert [row[:2] for row in scanned(one, other, SRU6="15600", SRU7="15900")] == [("SRU6", "SRU7")]


@pytest.mark.parametrize(
    ("far", "known"),
    [
        (future(days=0), {"SBER": "150", "SRU6": "15600"}),
        (future(days=-1), {"SBER": "150", "SRU6": "15600"}),
        (future(), {"SBER": "150"}),
        (future(), {"SRU6": "15600"}),
        (future(), {"SBER": "150", "SRU6": "0"}),
        (future(margin_sell=None), {"SBER": "150", "SRU6": "15600"}),
        (future(margin_sell=D(1)), {"SBER": "30000", "SRU6": "1"}),
        (future(expires_at=None), {"SBER": "150", "SRU6": "15600"}),
        (future(basic_asset=None), {"SBER": "150", "SRU6": "15600"}),
        (future(basic_asset_size=None), {"SBER": "150", "SRU6": "15600"}),
    ],
)
def test_tm_57_what_cannot_be_reckoned_is_left_out(far: Instrument, known: dict[str, str]) -> None:
    """Expired, without a price or margin, or lost whole: never a crash, and the others are told."""
    good = [share("GAZP"), future("GZU6", asset="GAZP")]
    found = scanned(share(), far, *good, GAZP="150", GZU6="15600", **known)
    assert [row[1] for row in found] == ["GZU6"]


@pytest.mark.parametrize(("profit", "margin", "days"), [(1, 0, 9), (-10, 10, 9), (-11, 10, 9), (1, 1, 0), (1, -1, 9)])
def test_tm_57_no_figure_without_meaning(profit: int, margin: int, days: int) -> None:
    """No margin, all of it lost, or no days left."""
    assert yearly_percent(D(profit), D(margin), days) is None


def test_tm_57_a_wrong_price_makes_no_endless_figure() -> None:
    """A margin doubled in a day would be a number of a hundred digits."""
    assert yearly_percent(D(100), D(100), 1) == D("999999.99")


def quote(ticker: str, bid: str | None, ask: str | None, size: str = "1000", **changes: Any) -> Quote:
    sides = [None if text is None else Price(D(text)) for text in (bid, ask)]
    made = Quote(ticker, NOW, sides[0], sides[1], Quantity(D(size)), Quantity(D(size)))
    return replace(made, **changes)


def test_the_executable_figure_pays_for_both_books_and_fees() -> None:
    """Bought at 151, sold at 15590, 0.01 % each: 490 less 3.07; 3 far pieces' worth of 350 shares are there."""
    [pair] = scan([share(), future()], prices(SBER="150", SRU6="15600"), NOW, D(0))
    far, near = quote("SRU6", "15590", "15600"), quote("SBER", "150", "151", "350")
    found = executable(pair, near, far, D(50000), D("0.0001"))
    assert found is not None
    assert (found.profit, found.fees) == (D("486.9310"), D("3.0690"))
    assert found.yearly == yearly_percent(D("486.9310"), D(18000), 73)
    assert (f"{found.pieces}", f"{found.affordable}") == ("3", "2")


@pytest.mark.parametrize(("near", "far"), [(None, "1"), ("1", None)])
def test_a_side_without_a_price_cannot_be_had(near: str | None, far: str | None) -> None:
    """No figure, no crash; the same where nobody quotes at all."""
    pair = Pair(share(), future(), D(100), D(18000), D(600), 73, D("17.82"))
    assert executable(pair, quote("SBER", "1", near), quote("SRU6", far, "1"), D(1), D(0)) is None
    assert executable(pair, None, None, D(1), D(0)) is None


def test_tm_58_a_dividend_that_a_future_expects() -> None:
    """Bid 300, 18 % for 73 days on 100 shares are 31010; an ask of 30000 lacks 10.1 a share, 3.37 %."""
    quotes = {"SBER": quote("SBER", "300", "301"), "SRU6": quote("SRU6", "29990", "30000")}
    [found] = dividends([share(), future()], quotes, {}, NOW, D(18))
    assert (round(found.amount, 2), round(found.percent, 2), found.days) == (D("10.10"), D("3.37"), 73)
    assert not found.price
    assert found.tradable


def test_tm_58_less_than_a_percent_is_not_told() -> None:
    """An ask just below the fair price is interest, not a dividend."""
    quotes = {"SBER": quote("SBER", "300", "301"), "SRU6": quote("SRU6", "29990", "30750")}
    assert dividends([share(), future()], quotes, {}, NOW, D(18)) == []


def test_tm_58_only_the_three_nearest_futures() -> None:
    """Share to each of three, and those among themselves: six pairs; the fourth is left out; rows are limited."""
    futures = [future(f"SR{n}", 90 * n) for n in range(1, 5)]
    known = {"SBER": "300"} | {f"SR{n}": str(29000 - 1000 * n) for n in range(1, 5)}
    found = dividends([share(), *futures], {}, prices(**known), NOW, D(18))
    assert {(row.near.ticker, row.far.ticker) for row in found} == {
        ("SBER", "SR1"),
        ("SBER", "SR2"),
        ("SBER", "SR3"),
        ("SR1", "SR2"),
        ("SR1", "SR3"),
        ("SR2", "SR3"),
    }
    assert [row.percent for row in found] == sorted((row.percent for row in found), reverse=True)
    assert len(dividends([share(), *futures], {}, prices(**known), NOW, D(18), 2)) == 2
    assert not any(row.tradable for row in found)


def test_tm_58_outside_of_hours_last_prices_count() -> None:
    """A book that does not trade says nothing, and what is found cannot be traded now."""
    closed = quote("SRU6", "1", "2", trading=False, last=Price(D(30000)))
    quotes = {"SBER": quote("SBER", "300", "301"), "SRU6": closed}
    [found] = dividends([share(), future()], quotes, {}, NOW, D(18))
    assert not found.price
    assert not found.tradable
