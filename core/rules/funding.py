"""What a perpetual that is sold earns against the coin that is bought, by the funding of now. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from core.rules.yields import Pair, yearly_percent
from core.values.instrument import Instrument, InstrumentKind
from core.values.market import Funding

HELD_DAYS = 30
"""A perpetual never expires: reckoned as if it were held so long at the funding of now, and left without a premium."""
_ONE = Decimal(1)


def carries(
    instruments: Iterable[Instrument], funding: Sequence[Funding], leverage: Decimal, rate: Decimal
) -> list[Pair]:
    """Coin bought, perpetual sold, where that earns more than `rate` percent a year, best first.

    profit = mark - index + mark * funding rate * 24 / hours * HELD_DAYS; margin = index + mark / leverage, since the
    coin is paid for in full and the perpetual is not.
    """
    listed = {known.ticker: known for known in instruments if known.kind is InstrumentKind.PERPETUAL}
    found = []
    for told in funding:
        perpetual = listed.get(told.ticker)
        if perpetual is None or told.hours <= 0 or leverage <= 0:
            continue
        earned = told.mark * told.rate * 24 / told.hours * HELD_DAYS
        profit, margin = told.mark - told.index + earned, told.index + told.mark / leverage
        yearly = yearly_percent(profit, margin, HELD_DAYS)
        if yearly is not None and yearly > rate:
            found.append(Pair(_coin(perpetual), perpetual, _ONE, margin, profit, HELD_DAYS, yearly))
    return sorted(found, key=lambda pair: pair.yearly, reverse=True)


def _coin(perpetual: Instrument) -> Instrument:
    """The coin under it, as people write its market: BTC/USDT."""
    name = f"{perpetual.basic_asset}/{perpetual.currency}"
    return replace(perpetual, ticker=name, name=name, kind=InstrumentKind.CURRENCY, shortable=False, broker_key="")
