"""The set-up tries each broker's keys before it writes anything, and each secret gets a file of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.clock import SystemClock
from openoutcry.settings import load_settings
from tests.brokers.alpaca.harness import account_settings as alpaca_settings
from tests.brokers.angelone.harness import account_settings as angelone_settings
from tests.brokers.tinvest.harness import account_settings as tinvest_settings
from tests.care.desks import prepared, run_setup
from tests.servers.alpaca import AlpacaServer
from tests.servers.angelone import AngelOneServer
from tests.servers.broker import BrokerServer, hosting
from tests.servers.tinvest import TInvestServer
from tests.servers.venue import KEY, SECRET, venue

Hosting = Callable[[Path], AbstractAsyncContextManager[tuple[BrokerServer, Mapping[str, object]]]]


@asynccontextmanager
async def tinvest(ledger: Path) -> AsyncIterator[tuple[BrokerServer, Mapping[str, object]]]:
    async with hosting(server := TInvestServer(ledger)):
        yield server, tinvest_settings(server)


@asynccontextmanager
async def alpaca(ledger: Path) -> AsyncIterator[tuple[BrokerServer, Mapping[str, object]]]:
    async with hosting(server := AlpacaServer(ledger)):
        yield server, alpaca_settings(server)


@asynccontextmanager
async def angelone(ledger: Path) -> AsyncIterator[tuple[BrokerServer, Mapping[str, object]]]:
    async with hosting(server := AngelOneServer(ledger, SystemClock())):
        yield server, angelone_settings(server)


def coins(exchange: str) -> Hosting:
    @asynccontextmanager
    async def hosted(ledger: Path) -> AsyncIterator[tuple[BrokerServer, Mapping[str, object]]]:
        async with venue(exchange, ledger) as server:
            phrase = {"api_passphrase": "phrase-of-tests"} if exchange == "okx" else {}
            yield server, {"exchange": exchange, "base_url": server.url, "api_key": KEY, "api_secret": SECRET, **phrase}

    return hosted


@dataclass(frozen=True)
class Case:
    """asked: what the set-up asks for, of the account's settings. wrong: the answer that will not do, and the words."""

    broker: str
    hosted: Hosting
    asked: tuple[str, ...]
    wrong: tuple[str, str]
    fine: str


CASES = {
    "tinvest": Case("tinvest", tinvest, ("token",), ("t.wrong", "refuses the token"), "T-Invest answers"),
    "alpaca": Case(
        "alpaca", alpaca, ("key_id", "secret_key"), ("wrong-secret", "refuses the key"), "PA3TEST may be traded"
    ),
    "angelone": Case(
        "angelone",
        angelone,
        ("client_id", "api_key", "totp_secret", "password"),
        ("9999", "refuses client_id and password"),
        "answers",
    ),
    "bybit": Case("ccxt", coins("bybit"), ("exchange", "api_key", "api_secret"), ("wrong", "refuses the key"), "BYBIT"),
    "okx": Case(
        "ccxt",
        coins("okx"),
        ("exchange", "api_key", "api_secret", "api_passphrase"),
        ("wrong", "refuses the key"),
        "OKX answers",
    ),
}
SECRETS = {"token", "key_id", "secret_key", "api_key", "api_secret", "api_passphrase", "password", "totp_secret"}

TELLING = 8
"""A shorter one may stand in any text by chance."""


def answers_of(case: Case, block: Mapping[str, object], last: str) -> str:
    """The answers file; `last` is said for what is asked last."""
    said = {key: str(block[key]) for key in case.asked} | {case.asked[-1]: last}
    more = {key: value for key, value in block.items() if key not in case.asked and key not in SECRETS}
    lines = [f'broker = "{case.broker}"', *(f'{key} = "{value}"' for key, value in said.items())]
    return "\n".join([*lines, "[account]", *(f'{key} = "{value}"' for key, value in more.items())])


@pytest.mark.parametrize("name", CASES)
async def test_a_brokers_keys_are_tried_first(tmp_path: Path, name: str) -> None:
    """By questions that read; what is refused is told in words and nothing is written. No secret is shown, or stands in
    the settings."""
    case = CASES[name]
    async with case.hosted(tmp_path / "ledger") as (server, block):
        wrong, words = case.wrong
        answers, path = prepared(tmp_path, answers_of(case, block, wrong))
        code, out = await run_setup("--settings", path, "--answers", answers)
        assert (code, words in out, path.exists()) == (1, True, False), out
        answers.write_text(answers.read_text(encoding="utf-8").replace(wrong, str(block[case.asked[-1]])), "utf-8")
        code, out = await run_setup("--settings", path, "--answers", answers)
        assert (code, case.fine in out) == (0, True), out
        assert "order" not in {line["kind"] for line in server.lines()}
    [account] = load_settings(path).accounts
    assert account.broker == case.broker
    settings = path.read_text(encoding="utf-8")
    for key in SECRETS & set(case.asked):
        secret = str(block[key])
        assert f'"{secret}"' not in settings
        assert len(secret) < TELLING or secret not in out
        assert (path.parent / "secrets" / f"account.{key}").read_text(encoding="utf-8").strip() == secret
