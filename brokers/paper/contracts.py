"""What the built-in market lists, and at what prices it starts. Instruments carry the currency of whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from core.values.instrument import Instrument, InstrumentKind
from core.values.money import Price, Quantity

CURRENCY = "RUB"
CARRY_PERCENT = Decimal(18)
"""A year's interest in a future's price over its share."""
MARGIN_PERCENT = Decimal(20)
PAPER_VENUES = frozenset({"DEMO", "PAPER"})
SHARE_VENUES = PAPER_VENUES | {"MOEX", "MISX", "RUS", "TQBR"}
FUTURE_VENUES = PAPER_VENUES | {"MOEX", "FORTS", "RUS", "SPBFUT"}
PERPETUAL_VENUES = PAPER_VENUES | {"BYBIT", "BINANCE", "OKX", "FTX", "DERIBIT"}
_QUARTERS = {3: "H", 6: "M", 9: "U", 12: "Z"}


@dataclass(frozen=True, slots=True)
class Listing:
    """start: the price it opens at. depth: a typical size of the book, in steps."""

    instrument: Instrument
    start: Price
    depth: int


def listings(now: datetime, prices: Mapping[str, Decimal], *, exchange_hours: bool) -> tuple[Listing, ...]:
    """Everything listed at `now`; `prices` overrides start prices. Raises ValueError for a ticker that is not listed
    or a price that is not positive."""
    wanted = {ticker.upper(): price for ticker, price in prices.items()}
    shares, futures = ("MOEX-shares", "MOEX-futures") if exchange_hours else ("24/7", "24/7")
    sber = _priced(_share("SBER", "Sberbank", shares), Decimal("300.00"), 1500, wanted)
    rows = [sber, _priced(_share("GAZP", "Gazprom", shares), Decimal("130.00"), 2500, wanted)]
    for expires_at in _next_quarters(now, 2):
        fair = fair_price(sber.start, expires_at, now)
        rows.append(_priced(_future(expires_at, fair, futures), fair, 400, wanted))
    rows.append(_priced(_perpetual("BTCPERP", "Bitcoin", "0.5", "0.001"), Decimal(64000), 6000, wanted))
    rows.append(_priced(_perpetual("ETHPERP", "Ether", "0.05", "0.01"), Decimal(3200), 9000, wanted))
    if wanted:
        raise ValueError(f"the built-in market does not list {', '.join(sorted(wanted))}")
    return tuple(rows)


def fair_price(share: Decimal, expires_at: datetime, now: datetime) -> Decimal:
    """Of a future on 100 shares: their price with interest until it expires (cost of carry), to whole points."""
    days = max(0, (expires_at - now).days)
    return (100 * share * (1 + CARRY_PERCENT / 100 * days / 365)).quantize(Decimal(1))


def _priced(instrument: Instrument, usual: Decimal, depth: int, wanted: dict[str, Decimal]) -> Listing:
    start = instrument.price_nearest(wanted.pop(instrument.ticker, usual))
    if start <= 2 * instrument.tick:
        raise ValueError(f"{instrument.ticker} cannot start at {start}")
    return Listing(instrument, start, depth)


def _share(ticker: str, name: str, calendar: str) -> Instrument:
    lot = Quantity(Decimal(10))
    return Instrument(
        ticker,
        "MOEX",
        InstrumentKind.SHARE,
        CURRENCY,
        lot,
        Decimal("0.01"),
        lot,
        name=name,
        venues=SHARE_VENUES,
        calendar=calendar,
    )


def _future(expires_at: datetime, price: Decimal, calendar: str) -> Instrument:
    one, ticker = Quantity(Decimal(1)), f"SR{_QUARTERS[expires_at.month]}{expires_at.year % 10}"
    margin = (price * MARGIN_PERCENT / 100).quantize(Decimal("0.01"))
    return Instrument(
        ticker,
        "MOEX",
        InstrumentKind.FUTURE,
        CURRENCY,
        one,
        Decimal(1),
        one,
        name=f"Sberbank {expires_at:%B %Y}",
        venues=FUTURE_VENUES,
        calendar=calendar,
        expires_at=expires_at,
        basic_asset="SBER",
        basic_asset_size=Quantity(Decimal(100)),
        margin_buy=margin,
        margin_sell=margin,
    )


def _perpetual(ticker: str, name: str, tick: str, step: str) -> Instrument:
    lot = Quantity(Decimal(step))
    plain = Instrument(ticker, "BYBIT", InstrumentKind.PERPETUAL, CURRENCY, lot, Decimal(tick), lot)
    return replace(plain, name=f"{name} perpetual", venues=PERPETUAL_VENUES)


def _next_quarters(now: datetime, count: int) -> list[datetime]:
    """The next expiries: third Thursdays of March, June, September and December, 14:00 in Moscow."""
    months = ((now.year + number // 12, number % 12 + 1) for number in range(now.month - 1, now.month + 15))
    dates = (_third_thursday(year, month) for year, month in months if month in _QUARTERS)
    expiries = (datetime.combine(day, time(11), UTC) for day in dates)
    return [moment for moment in expiries if moment > now + timedelta(days=1)][:count]


def _third_thursday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 14)
