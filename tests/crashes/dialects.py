"""The venues of the crash matrix: whose server stands for each, what is traded there, and as whom the desk comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.servers.angelone import CLIENT, KEY, PIN, SECRET

BITCOIN = {"bybit": "BTCUSDT", "binance": "BTCUSDT", "okx": "BTC-USDT-SWAP"}
"""What crypto venues call BTCPERP."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """server: a module of tests/servers. keys: a repeated id is one order. rests: orders that stand beside a position;
    a target rests only where stops reduce. hurried: how many seconds pass in one, where the venue sleeps at night."""

    server: str = "broker"
    keys: bool = True
    rests: int = 1
    hurried: int = 0


DIALECTS: Mapping[str, Dialect] = {
    "always": Dialect(rests=2),
    "plain": Dialect(),
    "bare": Dialect(rests=0),
    "while_open": Dialect(keys=False, rests=2),
    "never": Dialect(keys=False, rests=2),
    "tinvest": Dialect("tinvest"),
    "alpaca": Dialect("alpaca"),
    "angelone": Dialect("angelone", keys=False, hurried=10),
    **dict.fromkeys(BITCOIN, Dialect("venue", keys=False, rests=2)),
}


def account_of(dialect: str, url: str) -> dict[str, Any]:
    """A block of the settings for the broker that answers there."""
    known = {"name": "Testing", "broker": dialect, "base_url": url}
    streams = url.replace("http", "ws")
    if dialect in BITCOIN:
        keys = {"api_key": "key-of-tests", "api_secret": "secret-of-tests", "api_passphrase": "phrase-of-tests"}
        return {**known, "broker": "ccxt", "exchange": dialect, **keys}
    if dialect == "tinvest":
        return {**known, "base_url": f"{url}/rest", "stream_url": f"{streams}/ws", "token": "t.full"}
    if dialect == "alpaca":
        keys = {"key_id": "PKTEST", "secret_key": "a-secret-of-alpaca"}
        return {**known, "data_url": url, "stream_url": streams, **keys}
    if dialect == "angelone":
        return {**known, "client_id": CLIENT, "api_key": KEY, "password": PIN, "totp_secret": SECRET}
    return {**known, "broker": "tinvest", "account_id": dialect}
