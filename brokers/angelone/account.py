"""What an account holds: pieces, money and what is free of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from brokers.angelone.listing import Catalogue
from brokers.angelone.translate import Row
from brokers.reading import number
from core.values.accounts import Margin
from core.values.fills import Holding
from core.values.money import ZERO, Price, Quantity, plain


def holdings(positions: Sequence[Row], owned: Sequence[Row], catalogue: Catalogue) -> list[Holding]:
    """getPosition tells what was traded today and what derivatives are carried, by product; getHolding the shares of
    earlier days. Together they are what is held."""
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for row, pieces, price in (
        *((row, number(row.get("netqty")), _average(row)) for row in positions),
        *((row, number(row.get("quantity")), number(row.get("averageprice"))) for row in owned),
    ):
        instrument = catalogue.of_row(row)
        ticker = instrument.ticker if instrument else str(row.get("tradingsymbol") or "").upper()
        held, value = sums.get(ticker, (ZERO, ZERO))
        sums[ticker] = held + pieces, value + pieces * price
    return [
        Holding(ticker, Quantity(held), Price(value / held) if value * held > 0 else None)
        for ticker, (held, value) in sums.items()
        if held
    ]


def _average(row: Row) -> Decimal:
    return number(row.get("avgnetprice")) or number(row.get("netprice"))


def margin(row: Row, currency: str) -> Margin:
    """Of getRMS: `net` is what may still be used, `utiliseddebits` what positions and orders hold."""
    free = number(row["net"])
    return Margin(free + number(row.get("utiliseddebits")), free, currency)


def cash(row: Row, currency: str) -> Mapping[str, str]:
    return {currency: plain(number(row["availablecash"]))}
