"""Prices as rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from core.values.market import Quote
from storage.sqlite.columns import encode, plain_or_none, read_price, read_time, time_text

# One statement for all of a moment: ?1 is a JSON array of `encode_quotes`.
INSERT_PRICES = """
INSERT INTO prices (ticker, at, bid, ask, last)
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
       json_extract(value, '$[3]'), json_extract(value, '$[4]')
FROM json_each(:rows)
"""


def encode_quotes(quotes: Sequence[Quote]) -> str:
    rows = [
        [q.ticker, time_text(q.at), plain_or_none(q.bid), plain_or_none(q.ask), plain_or_none(q.last)] for q in quotes
    ]
    return encode(rows)


def read_quote(row: sqlite3.Row) -> Quote:
    """Without sizes: they are not kept."""
    return Quote(
        ticker=row["ticker"],
        at=read_time(row["at"]),
        bid=read_price(row["bid"]),
        ask=read_price(row["ask"]),
        last=read_price(row["last"]),
    )
