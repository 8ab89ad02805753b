"""Angel One (India) over its SmartAPI: REST, SmartStream 2.0 for prices, and its stream of order updates."""

from __future__ import annotations

from collections.abc import Mapping

import pyotp

from brokers.angelone.access import Access, secure
from brokers.angelone.broker import AngelOneBroker, Terms
from brokers.angelone.client import Client
from brokers.angelone.limits import Limits
from core.ports import World
from core.values.accounts import Account
from core.values.errors import Broken

__all__ = ["access_of", "open_broker"]


def open_broker(account: Account, settings: Mapping[str, object], world: World) -> AngelOneBroker:
    """Settings: base_url, stream_url, orders_url, instruments_url, client_id, api_key, password, totp_secret,
    public_ip, product, underlyings.

    Raises Broken for settings that cannot be used.
    """
    access = access_of(settings)
    why = unusable(access)
    if why:
        raise Broken(f"account {account.name}: {why}")
    limits = Limits.of(access.base_url, access.client_id, world.wire)
    names = settings.get("underlyings")
    underlyings = frozenset(str(name).upper() for name in (names if isinstance(names, tuple | list) else ()))
    terms = Terms(_text(settings, "product") == "delivery", underlyings)
    return AngelOneBroker(account, terms, Client(access, limits, world.wire), world)


def access_of(settings: Mapping[str, object]) -> Access:
    names = ("base_url", "client_id", "api_key", "password", "totp_secret", "stream_url", "orders_url")
    access = {name: _text(settings, name) for name in (*names, "instruments_url", "public_ip")}
    return Access(**{**access, "totp_secret": access["totp_secret"].replace(" ", "").upper()})


def unusable(access: Access) -> str:
    """What is wrong with it, in words; empty when nothing is."""
    for name in ("client_id", "api_key", "password", "totp_secret"):
        if not getattr(access, name):
            return f"{name} is missing"
    if any(not secure(url) for url in access.addresses):
        return "an address is neither https, wss nor this machine"
    try:
        pyotp.TOTP(access.totp_secret).at(0)
    except ValueError as error:
        return f"totp_secret is not the text of letters and digits 2 to 7 that stands beside the QR code: {error}"
    return ""


def _text(settings: Mapping[str, object], name: str) -> str:
    """A secret is one that says its value only when asked."""
    value = settings.get(name) or ""
    reveal = getattr(value, "get_secret_value", None)
    return str(reveal() if reveal else value)
