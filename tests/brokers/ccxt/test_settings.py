"""One block of the settings switches a venue on; what cannot be used is said before anything is asked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from brokers.ccxt import DIALECTS, access_of, dialect_of, open_broker
from brokers.ccxt.client import Client
from core.clock import SystemClock
from core.ports import World
from core.values.accounts import Account, Mode
from core.values.capabilities import Idempotency, IdEncoding
from core.values.errors import Broken
from core.values.ids import AccountName
from openoutcry.settings import SettingsError, load_settings
from tests.brokers.ccxt.test_proofs import library
from tests.process import HOUSE

KEYS: dict[str, object] = {"api_key": "k", "api_secret": "s"}


def aimed(exchange: str, **settings: object) -> Any:
    """The library's class of a venue, pointed where the settings say."""
    settings = {"exchange": exchange, **KEYS, **settings}
    made, _ = library(exchange)
    dialect_of("Coins", settings, "USDT").aim(made, access_of(settings))
    return made


@pytest.mark.parametrize(
    ("exchange", "mode", "host"),
    [
        ("bybit", False, "https://api.{hostname}"),
        ("bybit", "live", "https://api.{hostname}"),
        ("bybit", True, "https://api-testnet.{hostname}"),
        ("bybit", "testnet", "https://api-testnet.{hostname}"),
        ("bybit", "demo", "https://api-demo.{hostname}"),
    ],
)
def test_test_modes_of_bybit(exchange: str, mode: object, host: str) -> None:
    """Two of them, and the testnet where no more is said than that it is a test."""
    assert aimed(exchange, test_mode=mode).urls["api"]["private"] == host


@pytest.mark.parametrize(
    ("mode", "host"),
    [
        (False, "https://fapi.binance.com/fapi/v1"),
        (True, "https://demo-fapi.binance.com/fapi/v1"),
        ("demo", "https://demo-fapi.binance.com/fapi/v1"),
        ("testnet", "https://testnet.binancefuture.com/fapi/v1"),
    ],
)
def test_test_modes_of_binance(mode: object, host: str) -> None:
    """Demo trading is the usual one: it has spot and contracts under one key."""
    assert aimed("binance", test_mode=mode).urls["api"]["fapiPrivate"] == host


def test_the_test_mode_of_okx_is_a_header() -> None:
    """The same host; every request says that it is simulated."""
    assert aimed("okx", test_mode=True).headers["x-simulated-trading"] == "1"
    assert "x-simulated-trading" not in (aimed("okx", test_mode=False).headers or {})


def test_a_test_mode_that_a_venue_has_not_is_refused() -> None:
    """Rather than trading for money by mistake."""
    with pytest.raises(Broken, match="okx has no demo"):
        opened(exchange="okx", test_mode="demo", api_passphrase="p", **KEYS)


def opened(**settings: object) -> object:
    account = Account(AccountName("Coins"), "ccxt", Mode.LIVE, "USDT")
    clock = SystemClock()
    return open_broker(account, settings, World(clock, clock))


def test_an_unknown_venue_is_refused_by_name() -> None:
    """With those that there are."""
    with pytest.raises(Broken, match="exchange is one of bybit, binance, okx"):
        opened(exchange="ftx", **KEYS)


@pytest.mark.parametrize("missing", ["api_key", "api_secret"])
def test_half_a_key_is_refused(missing: str) -> None:
    """Before anything is asked."""
    with pytest.raises(Broken, match="both needed"):
        opened(exchange="bybit", **{**KEYS, missing: ""})


def test_okx_needs_its_passphrase() -> None:
    """Which was chosen when the key was made."""
    with pytest.raises(Broken, match="api_passphrase"):
        opened(exchange="okx", **KEYS)


def test_le_09_venues_are_named_in_any_case() -> None:
    """As people write them."""
    assert {dialect_of("A", {"exchange": name}, "USDT").exchange for name in ("ByBit", "BYBIT", "bybit")} == {"BYBIT"}


@pytest.mark.parametrize("name", DIALECTS)
def test_capabilities_promise_no_more_than_is_known(name: str) -> None:
    """Ids while an order rests; a stop before the entry only where none can ride on it."""
    linear, spot = (DIALECTS[name](market, "USDT").capabilities for market in ("linear", "spot"))
    assert {linear.idempotency, spot.idempotency} == {Idempotency.WHILE_OPEN}
    assert {linear.id_encoding, spot.id_encoding} == {IdEncoding.HEX32}
    assert linear.reduce_only
    assert linear.stops_wait is not linear.native_brackets
    assert not spot.reduce_only
    assert not spot.short_selling


def test_the_settings_block_is_read() -> None:
    """With its defaults: a test mode, contracts in USDT, one-way."""
    section = {"name": "Coins", "broker": "ccxt", "exchange": "bybit"}
    [account] = load_settings(None, accounts=(section,)).accounts
    read = account.model_dump()
    assert (read["test_mode"], read["market"], read["currency"], read["position_mode"]) == (
        True,
        "linear",
        "USDT",
        "one-way",
    )


def test_the_block_of_the_set_up_page_loads(tmp_path: Path) -> None:
    """What docs/crypto.md tells people to paste is one that the program takes."""
    [block] = re.findall(r"```toml\n(.*?)```", (HOUSE / "docs" / "crypto.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "settings.toml").write_text(block, encoding="utf-8")
    settings = load_settings(tmp_path / "settings.toml")
    assert [account.broker for account in settings.accounts] == ["ccxt"]
    assert settings.tickers["bybit"]["BTCPERP"] == "BTCUSDT"


def test_plain_http_is_for_this_machine_alone() -> None:
    """A key travels over it."""
    section = {"name": "Coins", "broker": "ccxt", "exchange": "bybit", "base_url": "http://example.com"}
    with pytest.raises(SettingsError, match="base_url"):
        load_settings(None, accounts=(section,))


def test_a_client_that_was_never_opened_can_be_closed() -> None:
    """A start that fails early leaves nothing behind."""
    client = Client(DIALECTS["bybit"]("linear", "USDT"), access_of(KEYS), SystemClock())
    assert client.exchange is None
    assert set(client.left()) == {"trading", "asking"}
