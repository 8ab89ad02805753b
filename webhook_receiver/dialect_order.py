"""The order and study alerts of chart strategies (behaviour.md 2.2). Only what an alert's kind uses is judged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from core.services.directory import Finder, Named
from core.values.accounts import Account
from core.values.alerts import NO_LEVELS, Alert, AlertKind, Levels, Source
from core.values.money import Price
from core.values.orders import OrderType, Refused, Side
from kit.http import ApiError
from texts import render
from webhook_receiver.fields import Fields

T = TypeVar("T")

_TYPES = {"": OrderType.MARKET, "market": OrderType.MARKET, "limit": OrderType.LIMIT}
_SIDES = {"": None, "buy": Side.BUY, "sell": Side.SELL}


def resolve(fields: Fields, directory: Finder[Named]) -> Account:
    """The account that the alert means, which trades its ticker on its exchange. Raises ApiError 422."""
    account = directory.account(fields.text("subaccount") or None)
    if isinstance(account, Refused):
        raise _refused(fields, "subaccount", account)
    exchange = fields.text("exchange")
    found = directory.find(account.name, fields.needed_text("ticker"), exchange)
    if isinstance(found, Refused):
        unknown_exchange = found.code == "unknown_exchange" and exchange
        raise _refused(fields, "exchange" if unknown_exchange else "ticker", found)
    return account


def _refused(fields: Fields, name: str, refusal: Refused) -> ApiError:
    return ApiError(422, refusal.code, render(f"refused.{refusal.code}", refusal.params), fields.sent_as(name))


def parse_order(fields: Fields, *, source: Source, received_at: datetime, body: str, account: Account) -> Alert:
    """Raises ApiError 422 naming the first field that cannot be used."""
    message = fields.needed_text("message")
    kind = _kind(message)
    side = _one_of(fields, "action", _SIDES)
    order_type = _one_of(fields, "type", _TYPES)
    price: Price | None = None
    long = short = NO_LEVELS
    close: Decimal | None = None
    multiples: tuple[Decimal, ...] = ()
    if kind is AlertKind.ENTRY:
        if side is None:
            raise fields.refuse("action", "missing", "is missing")
        price = Price(fields.positive("price"))
        levels = _entry_levels(fields, side, price)
        long, short = (levels, NO_LEVELS) if side is Side.BUY else (NO_LEVELS, levels)
        close, multiples = _partial_targets(fields)
    elif kind is AlertKind.BREAKEVEN:
        long, short = _breakevens(fields)
    return Alert(
        source=source,
        received_at=received_at,
        body=body,
        kind=kind,
        ticker=fields.text("ticker"),
        exchange=fields.text("exchange"),
        side=side,
        order_type=order_type,
        price=price,
        long=long,
        short=short,
        close_percent=close,
        multiples=multiples,
        account=account.name,
        strategy=fields.raw("strategy") or "",
        action=side or "",
        message=message,
        interval=fields.raw("interval") or "",
        chart_url=fields.raw("chart_url") or "",
        sent_at=fields.moment("time", "timestamp", "timenow"),
        timed=fields.has("time") or fields.has("timestamp") or fields.has("id"),
        market_position=fields.market_position(),
        owner=account.owner,
    )


def _kind(message: str) -> AlertKind:
    word = message.lower()
    if word == "entry":
        return AlertKind.ENTRY
    if word == "exit":
        return AlertKind.EXIT
    return AlertKind.BREAKEVEN if word.endswith("breakeven") else AlertKind.INFO


def _one_of(fields: Fields, name: str, words: Mapping[str, T]) -> T:
    word = fields.raw(name)
    if word is None or word not in words:
        word = fields.text(name).lower()
    if word not in words:
        raise fields.refuse(name, f"unknown_{name}", f"must be one of {', '.join(filter(None, words))}")
    return words[word]


def _entry_levels(fields: Fields, side: Side, price: Price) -> Levels:
    prefix, where = ("long", "below") if side is Side.BUY else ("short", "above")
    stop = fields.positive(f"{prefix} SL")
    if stop >= price if side is Side.BUY else stop <= price:
        raise fields.refuse(f"{prefix} SL", "wrong_side", f"must be {where} the price")
    target = fields.positive_or_none(f"{prefix} TP")
    # A target there would close the position as soon as it is open.
    if target is not None and (target <= price if side is Side.BUY else target >= price):
        where = "above" if side is Side.BUY else "below"
        raise fields.refuse(f"{prefix} TP", "wrong_side", f"must be {where} the price")
    return Levels(stop=Price(stop), target=_price(target))


def _partial_targets(fields: Fields) -> tuple[Decimal | None, tuple[Decimal, ...]]:
    """Percent of the position that each intermediate target closes, and the multiples that place them."""
    multiples: list[Decimal] = []
    while (multiple := fields.positive_or_none(f"tp{len(multiples) + 1} Mult")) is not None:
        multiples.append(multiple)
    if not multiples:
        return None, ()
    close = fields.positive("tp Close")
    if close > 100:
        raise fields.refuse("tp Close", "over_100", "must be at most 100 percent")
    return close, tuple(multiples)


def _breakevens(fields: Fields) -> tuple[Levels, Levels]:
    """Which side is in use only the position knows, so one of them must be there."""
    long, short = fields.positive_or_none("long Breakeven"), fields.positive_or_none("short Breakeven")
    if long is None and short is None:
        raise fields.refuse("long Breakeven", "missing", "or short Breakeven is needed")
    return Levels(breakeven=_price(long)), Levels(breakeven=_price(short))


def _price(value: Decimal | None) -> Price | None:
    return None if value is None else Price(value)
