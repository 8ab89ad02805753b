"""Crypto venues through ccxt, the optional extra `crypto`: Bybit, Binance and OKX, coins and linear contracts.

The library is imported when an account of the settings uses it, and not before.
"""

from __future__ import annotations

from collections.abc import Mapping

from brokers.ccxt.binance import Binance
from brokers.ccxt.broker import CcxtBroker
from brokers.ccxt.bybit import Bybit
from brokers.ccxt.client import Client
from brokers.ccxt.dialect import Access, Dialect
from brokers.ccxt.okx import Okx
from brokers.ccxt.placing import Terms
from core.ports import World
from core.values.accounts import Account
from core.values.errors import Broken

__all__ = ["DIALECTS", "access_of", "dialect_of", "open_broker"]

DIALECTS: Mapping[str, type[Dialect]] = {"bybit": Bybit, "binance": Binance, "okx": Okx}


def open_broker(account: Account, settings: Mapping[str, object], world: World) -> CcxtBroker:
    """Settings: exchange, market, api_key, api_secret, api_passphrase, test_mode, base_url, leverage, position_mode.

    Raises Broken for settings that cannot be used.
    """
    dialect, access = dialect_of(account.name, settings, account.currency), access_of(settings)
    if not access.api_key or not access.api_secret:
        raise Broken(f"account {account.name}: api_key and api_secret are both needed")
    if dialect.phrase and not access.passphrase:
        raise Broken(f"account {account.name}: {dialect.name} has an api_passphrase as well")
    if access.test_mode not in {"live", "test", *dialect.tests}:
        modes = ", ".join(("live", *dialect.tests))
        raise Broken(f"account {account.name}: {dialect.name} has no {access.test_mode}; test_mode is one of {modes}")
    terms = Terms(int(str(settings.get("leverage") or 0)), settings.get("position_mode") == "hedge")
    return CcxtBroker(account, terms, Client(dialect, access, world.wire), world)


def dialect_of(account: str, settings: Mapping[str, object], currency: str) -> Dialect:
    """Raises Broken for a venue that is not spoken here."""
    name = _text(settings, "exchange").lower()
    if name not in DIALECTS:
        raise Broken(f"account {account}: exchange is one of {', '.join(DIALECTS)}")
    return DIALECTS[name](_text(settings, "market") or "linear", currency)


def access_of(settings: Mapping[str, object]) -> Access:
    mode = settings.get("test_mode", "live")
    word = ("test" if mode else "live") if isinstance(mode, bool) else str(mode)
    key, secret, phrase, host = (_text(settings, n) for n in ("api_key", "api_secret", "api_passphrase", "base_url"))
    return Access(key, secret, phrase, word, host)


def _text(settings: Mapping[str, object], name: str) -> str:
    """A secret is one that says its value only when asked."""
    value = settings.get(name) or ""
    reveal = getattr(value, "get_secret_value", None)
    return str(reveal() if reveal else value)
