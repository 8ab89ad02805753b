"""What is listed, and which option a link means of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from brokers.angelone.listing import Catalogue, Name, read
from core.rules.options import options_of, pick_option
from core.values.instrument import InstrumentKind
from core.values.links import OptionRule
from tests.servers import angelone_json as say

NOW = datetime(2026, 11, 18, 5, tzinfo=UTC)


def row(symbol: str, name: str = "SBIN", exchange: str = "NSE", kind: str = "", **changes: str) -> dict[str, str]:
    known = {"token": symbol, "symbol": symbol, "name": name, "expiry": "", "strike": "-1.000000", "lotsize": "1"}
    return {**known, "instrumenttype": kind, "exch_seg": exchange, "tick_size": "5.000000", **changes}


def option(symbol: str, strike: str, expiry: str = "24NOV2026") -> dict[str, str]:
    paise = f"{Decimal(strike) * 100:.6f}"
    return row(symbol, "NIFTY", "NFO", "OPTIDX", expiry=expiry, strike=paise, lotsize="65")


CHAIN = [
    option("NIFTY24NOV2624900CE", "24900"),
    option("NIFTY24NOV2625000CE", "25000"),
    option("NIFTY24NOV2625000PE", "25000"),
    option("NIFTY01DEC2625000CE", "25000", "01DEC2026"),
]


async def listed(*rows: Mapping[str, Any]) -> Catalogue:
    async def arriving() -> AsyncIterator[Mapping[str, Any]]:
        for one in rows:
            yield one

    catalogue = Catalogue()
    await catalogue.fill(arriving())
    return catalogue


def test_a_share() -> None:
    """NSE writes its series behind the name; ticks come in paise."""
    found = read(row("SBIN-EQ", token="3045"))
    assert found is not None
    assert (found.ticker, found.exchange, found.kind, found.currency) == ("SBIN", "NSE", InstrumentKind.SHARE, "INR")
    assert (found.tick, str(found.lot), found.calendar) == (Decimal("0.05"), "1", "NSE")
    assert Name.of(found) == Name("NSE", "3045", "SBIN-EQ")


def test_an_option() -> None:
    """Strike in paise, expiry as a day of India, quantities in lots of pieces; a call or a put by its last letters."""
    found = read(CHAIN[1])
    assert found is not None
    assert (found.kind, found.strike, found.call) == (InstrumentKind.OPTION, Decimal(25000), True)
    assert (str(found.lot), str(found.step)) == ("65", "65")
    assert found.expires_at == datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert (found.basic_asset, found.exchange, found.calendar) == ("NIFTY", "NFO", "NSE-derivatives")
    assert "NSE" in found.venues


@pytest.mark.parametrize(
    "other",
    [
        row("SBIN-BL"),
        row("GOLD24DEC26FUT", "GOLD", "MCX", "FUTCOM"),
        row("SBIN-EQ", tick_size="0.000000"),
        row("SBIN-EQ", tick_size="none"),
        row("SBIN24NOV26FUT", "SBIN", "NFO", "FUTSTK", expiry="soon"),
        {"exch_seg": "NSE"},
        {},
    ],
)
def test_what_cannot_be_traded_is_left_out(other: dict[str, str]) -> None:
    """Other series and segments, and rows that cannot be read: one of them is no reason to have none."""
    assert read(other) is None


async def test_a_share_of_both_exchanges_is_nses() -> None:
    """Whichever comes first in the list; BSE's carries its exchange."""
    catalogue = await listed(row("SBIN", exchange="BSE"), row("SBIN-EQ"), row("ONLYBSE", "ONLYBSE", "BSE"))
    assert {t: i.exchange for t, i in catalogue.by_ticker.items()} == {
        "SBIN": "NSE",
        "SBIN_BSE": "BSE",
        "ONLYBSE": "BSE",
    }


async def test_a_share_with_futures_ends_earlier() -> None:
    """A closing auction follows its continuous trading."""
    future = row("SBIN24NOV26FUT", "SBIN", "NFO", "FUTSTK", expiry="24NOV2026", lotsize="750")
    catalogue = await listed(row("SBIN-EQ"), row("INFY-EQ", "INFY"), future)
    calendars = {ticker: catalogue.by_ticker[ticker].calendar for ticker in ("SBIN", "INFY", "SBIN24NOV26FUT")}
    assert calendars == {"SBIN": "NSE-with-derivatives", "INFY": "NSE", "SBIN24NOV26FUT": "NSE-derivatives"}
    assert catalogue.by_token["NSE", "SBIN-EQ"].calendar == "NSE-with-derivatives"


async def test_derivatives_of_named_underlyings_alone() -> None:
    """A hundred thousand options are more than a small machine wants; shares are all there."""

    async def arriving() -> AsyncIterator[Mapping[str, Any]]:
        for one in (row("SBIN-EQ"), row("SBIN24NOV26FUT", "SBIN", "NFO", "FUTSTK", expiry="24NOV2026"), *CHAIN):
            yield one

    catalogue = Catalogue()
    await catalogue.fill(arriving(), {"SBIN"})
    assert list(catalogue.by_ticker) == ["SBIN", "SBIN24NOV26FUT"]


async def test_an_order_is_known_by_token_or_by_name() -> None:
    """The book has been seen without tokens."""
    catalogue = await listed(row("SBIN-EQ", token="3045"))
    for told in (
        {"exchange": "NSE", "symboltoken": "3045", "tradingsymbol": "?"},
        {"exchange": "NSE", "symboltoken": None, "tradingsymbol": "SBIN-EQ"},
    ):
        found = catalogue.of_row(told)
        assert found is not None
        assert found.ticker == "SBIN"
    assert catalogue.of_row({"exchange": "MCX", "symboltoken": "3045", "tradingsymbol": "GOLD"}) is None


async def test_what_is_listed_no_longer_can_still_be_read_of() -> None:
    """An option that expired yesterday: not for sale, but its orders are told."""
    catalogue = await listed(*CHAIN)
    catalogue.become(await listed(row("SBIN-EQ")))
    assert list(catalogue.by_ticker) == ["SBIN"]
    assert catalogue.of_row({"exchange": "NFO", "tradingsymbol": CHAIN[0]["symbol"]}) is not None


async def test_indices_have_prices_and_are_not_for_sale() -> None:
    """Those that options are on are known by the name that their options give."""
    bank = {**say.INDEX, "token": "99926009", "symbol": "Nifty Bank", "name": "BANKNIFTY"}
    catalogue = await listed(say.INDEX, bank, *CHAIN)
    assert "NIFTY" not in catalogue.by_ticker
    assert list(catalogue.with_options()) == ["NIFTY"]
    assert catalogue.priced("nifty") is not None


@pytest.mark.parametrize(
    ("rule", "last", "chosen"),
    [
        (OptionRule(), "24960", "NIFTY24NOV2625000CE"),
        (OptionRule(), "24940", "NIFTY24NOV2624900CE"),
        (OptionRule(date(2026, 12, 1)), "1", "NIFTY01DEC2625000CE"),
        (OptionRule(strike=Decimal(24900)), None, "NIFTY24NOV2624900CE"),
        (OptionRule(strike=Decimal(24950)), "24950", None),
        (OptionRule(date(2026, 12, 8)), "25000", None),
        (OptionRule(), None, None),
    ],
)
async def test_w_45_a_links_rule_names_one_option_of_the_chain(
    rule: OptionRule, last: str | None, chosen: str | None
) -> None:
    """By expiry and strike; a strike, a day or a price that is not there names none, and nothing near is taken."""
    options = options_of(list((await listed(say.INDEX, *CHAIN)).by_ticker.values()), "NSE:NIFTY")
    price = None if last is None else Decimal(last)
    found = pick_option(options, rule, call=True, last=price, now=NOW)
    assert (found and found.ticker) == chosen
