"""Alpaca (US shares and funds) over its REST API and WebSockets."""

from __future__ import annotations

from collections.abc import Mapping

from brokers.alpaca.broker import AlpacaBroker
from brokers.alpaca.client import Access, Client, secure
from core.ports import World
from core.values.accounts import Account
from core.values.errors import Broken

__all__ = ["access_of", "open_broker"]


def open_broker(account: Account, settings: Mapping[str, object], world: World) -> AlpacaBroker:
    """Settings: base_url, data_url, stream_url, key_id, secret_key, data_feed, extended_hours, fractional.

    Raises Broken for settings that cannot be used.
    """
    access = access_of(settings)
    for name in ("base_url", "data_url", "stream_url"):
        if not secure(getattr(access, name)):
            raise Broken(f"account {account.name}: {name} is neither https, wss nor this machine")
    for name in ("key_id", "secret_key"):
        if not getattr(access, name):
            raise Broken(f"account {account.name}: {name} is missing")
    return AlpacaBroker(
        account,
        Client(access, world.wire),
        world,
        extended=bool(settings.get("extended_hours")),
        fractional=bool(settings.get("fractional")),
    )


def access_of(settings: Mapping[str, object]) -> Access:
    names = ("base_url", "data_url", "stream_url", "key_id", "secret_key", "data_feed")
    return Access(*(_text(settings, name) for name in names))


def _text(settings: Mapping[str, object], name: str) -> str:
    """A secret is one that says its value only when asked."""
    value = settings.get(name) or ""
    reveal = getattr(value, "get_secret_value", None)
    return str(reveal() if reveal else value)
