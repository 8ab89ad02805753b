"""The paper broker: made-up money on real prices, behind the same port as every other broker."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import cast

from brokers.paper.broker import Market, PaperBroker
from brokers.paper.dialects import DIALECTS
from brokers.paper.venue import Terms
from core.ports import World
from core.values.accounts import Account
from core.values.errors import Broken
from core.values.money import ZERO, parse_decimal

__all__ = ["open_broker"]


def open_broker(account: Account, settings: Mapping[str, object], world: World) -> PaperBroker:
    """Settings: cash ("1000000"), currency (the account's), fee_percent (0), latency_ms (0), dialect ("paper").

    `world.feed` also has `instruments(currency)`, as the built-in market does. Raises Broken for settings that cannot
    be used.
    """
    if not hasattr(world.feed, "instruments"):
        raise Broken(f"account {account.name}: a paper account needs a feed that lists instruments")
    dialect = str(settings.get("dialect") or "paper")
    if dialect not in DIALECTS:
        raise Broken(f"account {account.name}: dialect {dialect!r} is none of {', '.join(DIALECTS)}")
    terms = Terms(
        cash=_number(account, settings, "cash", "1000000"),
        currency=str(settings.get("currency") or account.currency),
        fee_percent=_number(account, settings, "fee_percent", "0"),
        latency_s=float(_number(account, settings, "latency_ms", "0") / 1000),
        capabilities=DIALECTS[dialect],
    )
    return PaperBroker(account, terms, cast("Market", world.feed), world)


def _number(account: Account, settings: Mapping[str, object], key: str, usual: str) -> Decimal:
    value = parse_decimal(str(settings.get(key, usual)))
    if value is None or value < ZERO:
        raise Broken(f"account {account.name}: {key} must be a number that is not negative")
    return value
