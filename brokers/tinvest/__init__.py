"""T-Invest (the broker T-Bank) over its official REST gateway and JSON WebSocket."""

from __future__ import annotations

from collections.abc import Mapping

from brokers.tinvest.broker import Terms, TInvestBroker
from brokers.tinvest.client import Access, Client, secure
from brokers.tinvest.limits import Limits
from core.ports import World
from core.values.accounts import Account
from core.values.errors import Broken

__all__ = ["access_of", "open_broker"]


def open_broker(account: Account, settings: Mapping[str, object], world: World) -> TInvestBroker:
    """Settings: base_url, stream_url, token, readonly_token, account_id, ca_file, confirm_margin_trade.

    Raises Broken for settings that cannot be used.
    """
    access = access_of(settings)
    for name, url in (("base_url", access.base_url), ("stream_url", access.stream_url)):
        if not secure(url):
            raise Broken(f"account {account.name}: {name} is neither https, wss nor this machine")
    if not access.reading:
        raise Broken(f"account {account.name}: token is missing")
    terms = Terms(_text(settings, "account_id"), bool(settings.get("confirm_margin_trade")))
    limits = Limits.of(access.base_url, access.token or access.reading, world.wire)
    return TInvestBroker(account, terms, Client(access, limits), world)


def access_of(settings: Mapping[str, object]) -> Access:
    names = ("base_url", "stream_url", "token", "readonly_token", "ca_file")
    return Access(*(_text(settings, name) for name in names))


def _text(settings: Mapping[str, object], name: str) -> str:
    """A secret is one that says its value only when asked."""
    value = settings.get(name) or ""
    reveal = getattr(value, "get_secret_value", None)
    return str(reveal() if reveal else value)
