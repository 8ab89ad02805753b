"""Which pairs of shares and futures earn what until the later one expires (behaviour.md 1.10). Pure.

Shares and futures are grouped by what lies under them, so that only pairs that belong together are looked at. Money
is of the whole pair: one far piece and `ratio` near pieces.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext

from core.values.instrument import Instrument, InstrumentKind
from core.values.market import Quote
from core.values.money import ZERO, Price, Quantity, floor_to

LINES_MAX = 70
DIVIDEND_LINES = 50
DIVIDEND_PERCENT_MIN = Decimal(1)
NEAREST = 3
YEARLY_MAX = Decimal("999999.99")
"""More percent a year than this says only that a price is wrong."""
YEAR = 365
_CENT = Decimal("0.01")
_ONE = Decimal(1)

Prices = Mapping[str, Price]


@dataclass(frozen=True, slots=True)
class Pair:
    """Buy `ratio` pieces of near, sell one of far, hold both for `days`. margin, profit: money of the whole pair."""

    near: Instrument
    far: Instrument
    ratio: Decimal
    margin: Decimal
    profit: Decimal
    days: int
    yearly: Decimal


@dataclass(frozen=True, slots=True)
class Executable:
    """A pair at what the book shows now. pieces: far pieces there at once. fees: of one pair. affordable: far pieces
    that the account's free money carries."""

    pair: Pair
    profit: Decimal
    yearly: Decimal
    pieces: Quantity
    fees: Decimal
    affordable: Quantity


@dataclass(frozen=True, slots=True)
class Dividend:
    """What the market expects to be paid on one near piece before `far` expires. percent: of the near price. price:
    far ask - ratio * near bid. tradable: both legs can be traded now, and near be sold short."""

    near: Instrument
    far: Instrument
    ratio: Decimal
    amount: Decimal
    percent: Decimal
    days: int
    price: Decimal
    tradable: bool


def scan(instruments: Iterable[Instrument], prices: Prices, now: datetime, rate: Decimal) -> list[Pair]:
    """Pairs that earn more than `rate` percent a year at these prices, best first, LINES_MAX at most."""
    with localcontext() as context:
        context.prec = 16  # shown to two digits; a power costs the square of its digits
        found = [pair for pair in _pairs(instruments, prices, now) if pair.yearly > rate]
    return sorted(found, key=lambda pair: pair.yearly, reverse=True)[:LINES_MAX]


def yearly_percent(profit: Decimal, margin: Decimal, days: int) -> Decimal | None:
    """((1 + profit / margin) ** (365 / days) - 1) * 100, to two digits; None where it has no meaning."""
    if days <= 0 or margin <= 0 or profit <= -margin:
        return None
    percent = ((1 + profit / margin) ** (Decimal(YEAR) / days) - 1) * 100
    return min(percent, YEARLY_MAX).quantize(_CENT)


def listed(instruments: Iterable[Instrument], now: datetime) -> tuple[list[Instrument], list[Instrument]]:
    """Shares, and futures on securities that have not expired, as far as they trade on MOEX."""
    shares, futures = [], []
    for known in instruments:
        if known.exchange == "MOEX" and known.tick > 0:
            if known.kind is InstrumentKind.SHARE:
                shares.append(known)
            elif known.kind is InstrumentKind.FUTURE and known.on_security and _lives(known, now):
                futures.append(known)
    return shares, futures


def _lives(future: Instrument, now: datetime) -> bool:
    return future.expires_at is not None and future.expires_at > now


def by_asset(futures: Iterable[Instrument]) -> Mapping[str, list[Instrument]]:
    """Futures of one underlying, the next to expire first."""
    found: dict[str, list[Instrument]] = defaultdict(list)
    for future in futures:
        if future.basic_asset:
            found[future.basic_asset].append(future)
    for group in found.values():
        group.sort(key=_expiry)
    return found


def _expiry(future: Instrument) -> datetime:
    assert future.expires_at is not None, "only futures that expire are listed"
    return future.expires_at


def _pairs(instruments: Iterable[Instrument], prices: Prices, now: datetime) -> Iterable[Pair]:
    shares, futures = listed(instruments, now)
    groups = by_asset(futures)
    for share in shares:
        for future in groups.get(share.ticker, ()):
            if future.basic_asset_size:
                yield from _pair(share, future, future.basic_asset_size, prices, now)
    for group in groups.values():
        for number, near in enumerate(group):
            for far in group[:number] if _together(group, number) else ():
                yield from _calendar(near, far, prices, now)
            for far in group[number + 1 :]:
                yield from _calendar(near, far, prices, now)


def _together(group: Sequence[Instrument], number: int) -> bool:
    """Whether one before it expires at the same moment: then either may be the near one."""
    return number > 0 and group[number - 1].expires_at == group[number].expires_at


def _calendar(near: Instrument, far: Instrument, prices: Prices, now: datetime) -> Iterable[Pair]:
    """Two futures on one asset, the cheaper one not the later one to expire."""
    cheap, dear = _money(near, prices), _money(far, prices)
    if not (cheap and dear) or cheap >= dear or not far.shortable or near.ticker[:2] != far.ticker[:2]:
        return
    if _expiry(near) <= _expiry(far):
        yield from _pair(near, far, _ONE, prices, now)


def _pair(near: Instrument, far: Instrument, ratio: Decimal, prices: Prices, now: datetime) -> Iterable[Pair]:
    cheap, dear = _money(near, prices), _money(far, prices)
    bought = cheap if near.kind is InstrumentKind.SHARE else near.margin_buy
    if cheap is None or dear is None or bought is None or far.margin_sell is None:
        return
    profit, margin = dear - ratio * cheap, bought * ratio + far.margin_sell
    days = (_expiry(far) - now).days
    yearly = yearly_percent(profit, margin, days)
    if yearly is not None:
        yield Pair(near, far, ratio, margin, profit, days, yearly)


def _money(instrument: Instrument, prices: Prices) -> Decimal | None:
    """What one piece is worth; None where nobody says."""
    price = prices.get(instrument.ticker)
    return price * instrument.point_value if price else None


def executable(
    pair: Pair, near: Quote | None, far: Quote | None, free: Decimal, fee_rate: Decimal
) -> Executable | None:
    """The pair taken from the book: near bought at its ask, far sold at its bid, fees paid on both going in.

    free: the account's money; fee_rate: of each trade's value. None: a side is empty, or there is no meaning in it.
    """
    if near is None or far is None or near.ask is None or far.bid is None:
        return None
    paid, got = near.ask * pair.near.point_value * pair.ratio, far.bid * pair.far.point_value
    fees = (paid + got) * fee_rate
    profit = got - paid - fees
    yearly = yearly_percent(profit, pair.margin, pair.days)
    if yearly is None:
        return None
    there = min(far.bid_size, near.ask_size / pair.ratio)
    affordable = max(ZERO, free) / pair.margin
    pieces, carried = (Quantity(floor_to(each, pair.far.step)) for each in (there, affordable))
    return Executable(pair, profit, yearly, pieces, fees, carried)


def dividends(
    instruments: Iterable[Instrument],
    quotes: Mapping[str, Quote],
    prices: Prices,
    now: datetime,
    rate: Decimal,
    lines: int = DIVIDEND_LINES,
) -> list[Dividend]:
    """Dividends that far prices imply at `rate` percent of interest a year, the highest yield first."""
    found = []
    for near, far, ratio in dividend_pairs(instruments, now):
        implied = _implied(near, far, ratio, _Market(quotes, prices), (_expiry(far) - now).days, rate)
        if implied is not None and implied.percent >= DIVIDEND_PERCENT_MIN:
            found.append(implied)
    return sorted(found, key=lambda dividend: dividend.percent, reverse=True)[:lines]


def dividend_pairs(instruments: Iterable[Instrument], now: datetime) -> list[tuple[Instrument, Instrument, Decimal]]:
    """Each share with its NEAREST next futures, and each of those with the later ones: sold leg, bought leg, ratio."""
    shares, futures = listed(instruments, now)
    groups = by_asset(futures)
    found: list[tuple[Instrument, Instrument, Decimal]] = []
    for share in shares:
        nearest = groups.get(share.ticker, [])[:NEAREST]
        found += [(share, future, future.basic_asset_size) for future in nearest if future.basic_asset_size]
        found += [(near, far, _ONE) for number, near in enumerate(nearest) for far in nearest[number + 1 :]]
    return found


@dataclass(frozen=True, slots=True)
class _Market:
    quotes: Mapping[str, Quote]
    prices: Prices

    def price(self, instrument: Instrument, side: str) -> Decimal | None:
        """Money for a piece: the book's side while it trades, else what it traded at last."""
        quote = self.quotes.get(instrument.ticker)
        booked: Price | None = getattr(quote, side) if quote is not None and quote.trading else None
        price = booked or self.prices.get(instrument.ticker) or (quote.last if quote is not None else None)
        return price * instrument.point_value if price else None

    def trades(self, instrument: Instrument) -> bool:
        quote = self.quotes.get(instrument.ticker)
        return quote is not None and quote.trading


def _implied(
    near: Instrument, far: Instrument, ratio: Decimal, market: _Market, days: int, rate: Decimal
) -> Dividend | None:
    """fair = near bid * ratio * (1 + rate / 100) ** (days / 365); what the far ask lacks to it is paid out."""
    bid, ask = market.price(near, "bid"), market.price(far, "ask")
    if bid is None or ask is None or days <= 0:
        return None
    amount = (bid * ratio * (1 + rate / 100) ** (Decimal(days) / YEAR) - ask) / ratio
    if amount <= 0:
        return None
    tradable = market.trades(near) and market.trades(far) and near.shortable
    return Dividend(near, far, ratio, amount, amount / bid * 100, days, ask - bid * ratio, tradable)
