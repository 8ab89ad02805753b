"""`openoutcry check` logs in to Angel One once, and has words for each way that can fail, saying what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.values.errors import Broken
from openoutcry.check import connections
from openoutcry.settings import load_settings
from tests.brokers.angelone.harness import account_settings
from tests.hurried import Hurried
from tests.servers.angelone import CLIENT, PIN, SECRET, AngelOneServer
from tests.servers.broker import hosting


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[AngelOneServer]:
    server = AngelOneServer(tmp_path / "ledger", SystemClock())
    async with hosting(server):
        yield server


async def said(account: dict[str, object], language: str = "en") -> list[str]:
    accounts = ({"name": "India", "broker": "angelone", **account},)
    return await connections(load_settings(None, accounts=accounts, desk={"language": language}))


async def test_an_account_that_can_trade(server: AngelOneServer) -> None:
    """Named with the client's own id, after a login and a single question."""
    [line] = await said(account_settings(server))
    assert line == f"account India: Angel One answers; {CLIENT} (A TRADER) may be traded from a registered address"
    assert server.calls == {"loginByPassword": 1, "getProfile": 1}


async def test_missing_credentials_are_paper(server: AngelOneServer) -> None:
    """Nobody is asked."""
    [line] = await said(account_settings(server) | {"totp_secret": ""})
    assert "on paper only" in line
    assert not server.calls


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"totp_secret": "short"}, "stands beside the QR code"),
        ({"password": "9999"}, "the password is the PIN of four digits"),
        ({"api_key": "old"}, "it has expired or belongs to another app; make one at smartapi.angelone.in"),
        ({"base_url": "http://127.0.0.1:1"}, "127.0.0.1:1 cannot be reached"),
    ],
)
async def test_what_is_wrong_is_said_in_words(server: AngelOneServer, changes: dict[str, str], words: str) -> None:
    """Never with a secret in them."""
    with pytest.raises(Broken, match="India") as caught:
        await said(account_settings(server) | changes)
    assert words in str(caught.value)
    assert not [secret for secret in (PIN, "9999", SECRET, "old") if secret in str(caught.value)]


async def test_a_clock_that_is_off_by_a_minute(server: AngelOneServer) -> None:
    """How far, in which direction, and what sets it right; in the desk's language."""
    server.clock = Hurried(SystemClock().now() + timedelta(seconds=90), 1)
    with pytest.raises(Broken, match=r"clock is (89|90|91) s behind the broker's.*set the clock by the network"):
        await said(account_settings(server))
    with pytest.raises(Broken, match="поставьте часы по сети"):
        await said(account_settings(server), "ru")
