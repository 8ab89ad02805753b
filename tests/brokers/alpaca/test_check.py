"""`openoutcry check` looks at an Alpaca account once, and has words for each way that can fail."""

from __future__ import annotations

import pytest

from core.values.errors import Broken
from openoutcry.check import connections
from openoutcry.settings import load_settings
from tests.brokers.alpaca.harness import account_settings
from tests.servers.alpaca import AlpacaServer


async def said(**account: object) -> list[str]:
    return await connections(load_settings(None, accounts=({"name": "America", "broker": "alpaca", **account},)))


async def test_an_account_that_can_trade(server: AlpacaServer) -> None:
    """Named with the venue's own number, after a single call that reads."""
    [line] = await said(**account_settings(server))
    assert "PA3TEST may be traded" in line
    assert server.calls == {"/v2/account": 1}


async def test_day_trades_that_are_left_are_told(server: AlpacaServer) -> None:
    """Where the venue counts them."""
    server.fields = {"daytrade_count": 1, "equity": "5000"}
    [line] = await said(**account_settings(server))
    assert "2 day trades left" in line


async def test_no_key_is_paper(server: AlpacaServer) -> None:
    """Nobody is asked."""
    [line] = await said(key_id="PK")
    assert "on paper only" in line


@pytest.mark.parametrize(
    ("changes", "fields", "words"),
    [
        ({"secret_key": "wrong-secret"}, {}, "refuses the key"),
        ({"base_url": "http://127.0.0.1:1"}, {}, "127.0.0.1:1 cannot be reached"),
        ({}, {"status": "ONBOARDING"}, "no orders (ONBOARDING)"),
    ],
)
async def test_what_is_wrong_is_said_in_words(
    server: AlpacaServer, changes: dict[str, str], fields: dict[str, str], words: str
) -> None:
    """Never with the secret in them."""
    server.fields = fields
    with pytest.raises(Broken, match="America") as caught:
        await said(**account_settings(server) | changes)
    assert words in str(caught.value)
    assert "wrong-secret" not in str(caught.value)
