"""Prices as rows."""

from __future__ import annotations

from core.values.market import Quote
from storage.sql.columns import Row, Stored, plain_or_none, read_price, read_time, time_text


def price_row(quote: Quote) -> Row:
    return {
        "ticker": quote.ticker,
        "at": time_text(quote.at),
        "bid": plain_or_none(quote.bid),
        "ask": plain_or_none(quote.ask),
        "last": plain_or_none(quote.last),
    }


def read_quote(row: Stored) -> Quote:
    """Without sizes: they are not kept."""
    return Quote(
        ticker=row["ticker"],
        at=read_time(row["at"]),
        bid=read_price(row["bid"]),
        ask=read_price(row["ask"]),
        last=read_price(row["last"]),
    )
