"""`openoutcry check` of a crypto account: one look, and words for each way it can fail."""

from __future__ import annotations

import pytest

from core.values.errors import Broken
from openoutcry.check import connections
from openoutcry.settings import load_settings
from tests.servers.venue import KEY, SECRET, VenueServer


async def said(server: VenueServer, **changes: object) -> list[str]:
    account = {"name": "Coins", "broker": "ccxt", "exchange": server.exchange, "base_url": server.url}
    keys = {"api_key": KEY, "api_secret": SECRET, "api_passphrase": "phrase-of-tests"}
    return await connections(load_settings(None, accounts=({**account, **keys, **changes},)))


async def test_an_account_that_can_trade(server: VenueServer) -> None:
    """How much it may trade is told, and no order is made."""
    [line] = await said(server)
    assert f"{server.exchange.upper()} answers; 2 symbols (linear)" in line


async def test_no_key_is_paper(server: VenueServer) -> None:
    """Nobody is asked."""
    [line] = await said(server, api_key="")
    assert "on paper only" in line
    assert server.calls == {}


async def test_a_key_that_may_withdraw_is_refused_with_a_warning(server: VenueServer) -> None:
    """And with what to do about it."""
    server.withdraws = True
    with pytest.raises(Broken, match="may withdraw money, which the desk never needs"):
        await said(server)


async def test_a_wrong_key(server: VenueServer) -> None:
    """By the venue's own word."""
    with pytest.raises(Broken, match="refuses the key"):
        await said(server, api_key="another")


async def test_another_position_mode(server: VenueServer) -> None:
    """Which the account is in is told."""
    with pytest.raises(Broken, match="one-way mode"):
        await said(server, position_mode="hedge")


async def test_nobody_there(server: VenueServer) -> None:
    """The host does not answer."""
    with pytest.raises(Broken, match="cannot be reached"):
        await said(server, base_url="http://127.0.0.1:9")


@pytest.mark.parametrize("exchange", ["okx"])
async def test_a_missing_passphrase(server: VenueServer) -> None:
    """Of the one venue that has it."""
    with pytest.raises(Broken, match="api_passphrase"):
        await said(server, api_passphrase="")
