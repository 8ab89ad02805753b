"""What the venue lists and when it trades, as the desk knows instruments and sessions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from brokers.tinvest import listing
from brokers.tinvest.account import cash, holdings, margin
from brokers.tinvest.listing import Catalogue
from brokers.tinvest.translate import quotation
from core.values.accounts import Margin
from core.values.fills import Holding
from core.values.instrument import InstrumentKind
from core.values.money import Price, Quantity

D = Decimal
DAY = datetime(2026, 11, 18, tzinfo=UTC)


def row(ticker: str, **more: Any) -> dict[str, Any]:
    return {
        "ticker": ticker,
        "classCode": "TQBR",
        "uid": f"uid-{ticker}-{more.get('classCode', 'TQBR')}",
        "positionUid": f"p-{ticker}",
        "exchange": "MOEX_PLUS",
        "realExchange": "REAL_EXCHANGE_MOEX",
        "currency": "rub",
        "lot": 10,
        "minPriceIncrement": quotation(D("0.01")),
        "apiTradeAvailableFlag": True,
        "shortEnabledFlag": True,
        **more,
    }


def money(value: str, currency: str = "rub") -> dict[str, Any]:
    return {**quotation(D(value)), "currency": currency}


def catalogue(kind: InstrumentKind, *rows: dict[str, Any], into: Catalogue | None = None) -> Catalogue:
    found = into or Catalogue()
    found.add(kind, [listing.listed(one, kind) for one in rows if listing.tradable(one)])
    return found


def test_a_share() -> None:
    """Money a piece; the lot is the step; alerts may call the exchange by any of its names."""
    sber = catalogue(InstrumentKind.SHARE, row("sber", name="Цб")).by_ticker["SBER"]
    assert (sber.lot, sber.step, sber.tick, sber.point_value, sber.currency) == (D(10), D(10), D("0.01"), D(1), "RUB")
    assert sber.venues >= {"MOEX", "MISX", "RUS", "TQBR"}
    assert (sber.exchange, sber.calendar, sber.shortable) == ("MOEX", "MOEX-shares", True)


def test_a_future_counts_in_points_and_knows_its_share() -> None:
    """A tick of 5 points is worth 2.50: half a rouble a point. What it is on is joined by the venue's id."""
    found = catalogue(InstrumentKind.SHARE, row("SBER"))
    future = row(
        "SRZ6",
        classCode="SPBFUT",
        realExchange="REAL_EXCHANGE_RTS",
        lot=1,
        minPriceIncrement=quotation(D(5)),
        minPriceIncrementAmount=quotation(D("2.5")),
        basicAsset="Sberbank ordinary",
        basicAssetPositionUid="p-SBER",
        basicAssetSize=quotation(D(100)),
        expirationDate="2026-12-17T00:00:00Z",
        initialMarginOnBuy=money("6000"),
        initialMarginOnSell=money("6500"),
    )
    sr = catalogue(InstrumentKind.FUTURE, future, into=found).by_ticker["SRZ6"]
    assert (sr.point_value, sr.basic_asset, sr.basic_asset_size) == (D("0.5"), "SBER", D(100))
    assert sr.expires_at == datetime(2026, 12, 17, tzinfo=UTC)
    assert (sr.margin_buy, sr.margin_sell, sr.calendar) == (D(6000), D(6500), "MOEX-futures")
    assert "FORTS" in sr.venues


def test_a_bond_is_quoted_in_percent_of_its_nominal() -> None:
    """98.5 of a nominal of 1,000 is 985 money."""
    bond = catalogue(InstrumentKind.BOND, row("SU26", lot=1, nominal=money("1000"))).by_ticker["SU26"]
    assert bond.notional(D("98.5"), D(1)) == 985


def test_a_currency_is_quoted_for_its_nominal() -> None:
    """A price for 100 units: one unit costs a hundredth."""
    found = catalogue(InstrumentKind.CURRENCY, row("KZT", lot=100, nominal=money("100", "kzt")))
    assert found.by_ticker["KZT"].notional(D(17), D(100)) == 17


def test_a_ticker_of_two_boards_is_the_exchanges() -> None:
    """The dealer's board is called as the venue itself writes it."""
    dealer = row("SBER", classCode="SPEQ", realExchange="REAL_EXCHANGE_DEALER")
    found = catalogue(InstrumentKind.SHARE, dealer, row("SBER"))
    assert {name: i.exchange for name, i in found.by_ticker.items()} == {"SBER": "MOEX", "SBER_SPEQ": "TINVEST"}


@pytest.mark.parametrize("more", [{"apiTradeAvailableFlag": False}, {"minPriceIncrement": quotation(D(0))}])
def test_what_cannot_be_traded_by_program_is_left_out(more: dict[str, Any]) -> None:
    """Or has no tick to round to."""
    assert catalogue(InstrumentKind.SHARE, row("SBER", **more)).by_ticker == {}


def test_what_is_listed_no_longer_can_still_be_read_of() -> None:
    """It cannot be traded, but an old order of it is not a riddle."""
    before, after = catalogue(InstrumentKind.SHARE, row("OLD")), catalogue(InstrumentKind.SHARE, row("NEW"))
    before.become(after)
    assert set(before.by_ticker) == {"NEW"}
    assert set(before.by_key) == {"uid-OLD-TQBR", "uid-NEW-TQBR"}


# sessions


def at(hour: int, minute: int = 0) -> str:
    return f"2026-11-18T{hour:02}:{minute:02}:00Z"


def hours(day: dict[str, Any], start: int = 0, end: int = 24) -> list[tuple[int, int]]:
    found = listing.sessions([day], DAY + timedelta(hours=start), DAY + timedelta(hours=end))
    return [(s.opens_at.hour, s.closes_at.hour) for s in found]


def test_a_day_by_its_intervals() -> None:
    """Auctions and clearings are no continuous trading; stretches that touch are one."""
    named = [
        ("OPENING_AUCTION", 6, 7),
        ("REGULAR_TRADING_SESSION_MORNING", 7, 10),
        ("REGULAR_TRADING_SESSION", 10, 15),
        ("CLEARING_SESSION", 15, 16),
        ("REGULAR_TRADING_SESSION_EVENING", 16, 20),
    ]
    rows = [{"type": kind, "interval": {"startTs": at(a), "endTs": at(b)}} for kind, a, b in named]
    assert hours({"isTradingDay": True, "intervals": rows, "startTime": at(1), "endTime": at(2)}) == [(7, 15), (16, 20)]


def test_a_day_by_its_flat_fields() -> None:
    """Where there are no intervals; a clearing cuts the main session in two."""
    day = {
        "isTradingDay": True,
        "startTime": at(7),
        "endTime": at(15),
        "clearingStartTime": at(11),
        "clearingEndTime": at(12),
        "eveningStartTime": at(16),
        "eveningEndTime": at(20),
        "premarketStartTime": None,
    }
    assert hours(day) == [(7, 11), (12, 15), (16, 20)]
    assert hours(day, 13, 14) == [(12, 15)]


def test_a_day_off_has_no_session() -> None:
    """Whatever its fields say."""
    assert hours({"isTradingDay": False, "startTime": at(7), "endTime": at(15)}) == []


# the account


def test_holdings_count_what_orders_block_too() -> None:
    """Forty free and ten blocked by a sell order are fifty held; a future's average is told in points."""
    found = catalogue(InstrumentKind.SHARE, row("SBER"))
    catalogue(InstrumentKind.FUTURE, row("SRZ6", lot=1, classCode="SPBFUT"), into=found)
    positions = {
        "securities": [
            {"instrumentUid": "uid-SBER-TQBR", "balance": "40", "blocked": "10"},
            {"instrumentUid": "uid-GONE", "ticker": "gone", "balance": "0", "blocked": "0"},
        ],
        "futures": [{"instrumentUid": "uid-SRZ6-SPBFUT", "balance": "-3", "blocked": "0"}],
    }
    portfolio = {
        "positions": [
            {"instrumentUid": "uid-SBER-TQBR", "averagePositionPrice": money("301.5")},
            {"instrumentUid": "uid-SRZ6-SPBFUT", "averagePositionPricePt": quotation(D(30005))},
        ]
    }
    assert holdings(positions, portfolio, found) == [
        Holding("SBER", Quantity(D(50)), Price(D("301.5"))),
        Holding("SRZ6", Quantity(D(-3)), Price(D(30005))),
    ]


def test_a_holding_that_is_not_listed_is_told_all_the_same() -> None:
    """It is there, whether or not it may be traded."""
    positions = {"securities": [{"instrumentUid": "u", "ticker": "gone", "balance": "5"}]}
    assert holdings(positions, {}, Catalogue()) == [Holding("GONE", Quantity(D(5)), None)]


def test_cash_adds_what_is_blocked_in_either_case_of_a_currencys_name() -> None:
    """rub and RUB are one; the account's own currency is always there."""
    row_ = {"money": [money("100"), money("5", "USD")], "blocked": [money("20", "RUB")]}
    assert cash(row_, "RUB") == {"RUB": "120", "USD": "5"}
    assert cash({}, "RUB") == {"RUB": "0"}


def test_margin_by_the_venues_attributes() -> None:
    """What positions and working orders hold is the corrected margin."""
    told = {"liquidPortfolio": money("1000"), "startingMargin": money("300"), "correctedMargin": money("400")}
    assert margin(told, {}, {}, "RUB") == Margin(D(1000), D(600), "RUB")


def test_margin_where_the_venue_tells_zeros() -> None:
    """The sandbox does: the portfolio's worth, and its free money."""
    zeros = {"liquidPortfolio": money("0"), "startingMargin": money("0"), "correctedMargin": money("0")}
    found = margin(zeros, {"totalAmountPortfolio": money("1000")}, {"money": [money("250")]}, "RUB")
    assert found == Margin(D(1000), D(250), "RUB")
