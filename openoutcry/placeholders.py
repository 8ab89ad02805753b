"""Examples for what the chart site fills in, and for fields that cannot be used: so that a message can be read on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from core.services.directory import Directory
from core.values.money import parse_decimal, plain
from webhook_receiver.fields import fold

PRICE = Decimal(100)
_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_PRICES = frozenset({"close", "open", "high", "low", "strategy.order.price"})
_AWAY = {
    "longsl": Decimal("0.98"),
    "longtp": Decimal("1.05"),
    "longbreakeven": Decimal("1.01"),
    "shortsl": Decimal("1.02"),
    "shorttp": Decimal("0.95"),
    "shortbreakeven": Decimal("0.99"),
}
"""Folded name of a level -> its place beside the price."""
_WORDS = {"action": "buy", "type": "market", "message": "entry", "direction": "BUY", "strategy": "strategy"}
_WORDS |= {"interval": "1", "id": "1", "stratid": "1", "name": "name", "stratname": "name", "tpclose": "50"}
_FILLED = {"strategy.order.action": "buy", "strategy.market_position": "long", "interval": "1", "volume": "1000"}
_FREE = ("strategy.", "syminfo.", "plot")


def filled(
    raw: Mapping[str, object], directory: Directory, now: datetime
) -> tuple[dict[str, object], list[tuple[str, str]]]:
    """The fields with an example for each placeholder; field and placeholder where the site knows none such."""
    known, unknown = dict(raw), list[tuple[str, str]]()
    for name, value in raw.items():
        for word in _PLACEHOLDER.findall(value) if isinstance(value, str) else ():
            example = _example(word, name, known, directory, now)
            if example is None:
                unknown.append((name, f"{{{{{word}}}}}"))
                example = standing_in(name, known, directory, now)
            known[name] = _PLACEHOLDER.sub(example.replace("\\", ""), str(known[name]), count=1)
    return known, unknown


def _example(word: str, name: str, known: Mapping[str, object], directory: Directory, now: datetime) -> str | None:
    if word in {"ticker", "exchange"}:
        return standing_in(word, known, directory, now)
    if word in {"timenow", "time"}:
        return _time(now)
    if word in _PRICES:
        return plain(PRICE)
    return _FILLED.get(word) or (standing_in(name, known, directory, now) if word.startswith(_FREE) else None)


def standing_in(name: str, known: Mapping[str, object], directory: Directory, now: datetime) -> str:
    """A value with which a field of this name can be used."""
    folded = fold(name)
    listed = directory.instruments(directory.accounts[0].name) if directory.accounts else ()
    if folded in {"ticker", "symbol"}:
        exchange = next((str(value).upper() for key, value in known.items() if fold(key) == "exchange"), "")
        there = [one for one in listed if exchange in {one.exchange, *one.venues}]
        return next((one.ticker for one in (*there, *listed)), "TICKER")
    if folded == "exchange":
        return listed[0].exchange if listed else ""
    if folded in {"time", "timestamp", "timenow"}:
        return _time(now)
    if folded == "subaccount":
        return directory.accounts[0].name if directory.accounts else ""
    if folded in _AWAY:
        return plain(_price(known) * _AWAY[folded])
    if folded == "price":
        return plain(_price_beside_stop(known))
    return _WORDS.get(folded, "1")


def _price(known: Mapping[str, object]) -> Decimal:
    return _number("price", known) or PRICE


def _price_beside_stop(known: Mapping[str, object]) -> Decimal:
    """So that a stop is not found on the wrong side of a price that is only an example."""
    for level in ("longsl", "shortsl"):
        if stop := _number(level, known):
            return round(stop / _AWAY[level], 8)
    return PRICE


def _number(wanted: str, known: Mapping[str, object]) -> Decimal | None:
    text = next((value for name, value in known.items() if fold(name) == wanted), None)
    number = parse_decimal(text.strip()) if isinstance(text, str) else None
    return number if number is not None and number > 0 else None


def _time(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")
