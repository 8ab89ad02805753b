"""Known secrets in every place that takes one, everything stirred; then all that came of it is searched for them."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.chats import API_TOKEN, PASSPHRASE, Trio, both_chats
from tests.process import HOUSE
from tests.servers.discord import TOKEN as DISCORD_TOKEN

PASSWORD = "canary password of mallory"
PIN = "9753"
"""Not searched for: four digits stand in many a number."""
ACCOUNTS: dict[str, dict[str, str]] = {
    "tinvest": {"token": "t.canary-of-tinvest-canary-of-tinvest-canary-x"},
    "alpaca": {"key_id": "PKCANARY", "secret_key": "canary-of-alpaca"},
    "ccxt": {"exchange": "bybit", "api_key": "canary-key-of-bybit", "api_secret": "canary-of-bybit"},
    "angelone": {
        "client_id": "A1",
        "api_key": "canary-key-of-angel",
        "password": "9753",
        "totp_secret": "CANARYOTPSECRET2",
    },
}
NO_SECRETS = {"exchange", "client_id", "key_id"}
SHORT = {"9753"}
"""Four digits stand in many a number."""
COMMANDS = ["/help", "/health", "/status", "/positions", "/orders", "/links", "/report", "/reload", "/proposals"]
LISTS = [
    "alerts",
    "proposals",
    "orders",
    "fills",
    "positions",
    "tasks",
    "accounts",
    "instruments",
    "links",
    "users",
    "notices",
    "reports",
    "log",
    "stashes",
    "audit",
    "settings",
    "health",
    "prices",
    "me",
    "tunables",
]
SCREENS = ["/", "/alerts", "/log", "/settings", "/people", "/links", "/console", "/metrics", "/openapi.json", "/livez"]


def forms(secret: str) -> Iterator[bytes]:
    """As it may be written: plain, in JSON, in an address, in base 64 at each offset, in hex."""
    yield from {secret.encode(), json.dumps(secret)[1:-1].encode(), quote(secret, safe="").encode()}
    yield secret.encode().hex().encode()
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + secret.encode())
        yield whole[4 if offset else 0 : -4]


def found(where: str, text: bytes, secrets: set[str]) -> list[str]:
    return [f"{where}: {secret}" for secret in secrets for form in forms(secret) if form in text]


async def stirred(trio: Trio, links: list[str]) -> list[bytes]:
    """Use everything, rightly and wrongly; every answer. links: filled with what may be told once."""
    answers: list[bytes] = []

    async def ask(method: str, path: str, body: Any = None, token: str | None = None, **headers: str) -> Any:
        status, answer = await asyncio.to_thread(trio.desk.ask, method, path, body, token, headers)
        answers.append(json.dumps([method, path.partition("?")[0], status, answer]).encode())
        return answer

    alert = {
        "ticker": "SBER", "exchange": "MOEX", "action": "buy", "message": "entry", "price": "300", "long SL": "290",
        "long TP": "330", "subaccount": "Testing", "passphrase": PASSPHRASE,
    }  # fmt: skip
    for path in ("/tradingview-to-webhook-order", "/tradingview-to-discord-study"):
        await ask("POST", path, alert, "")
        await ask("POST", path, {**alert, "price": "NaN"}, "")
        await ask("POST", path, {**alert, "chart_url": f"https://x.example/?{PASSPHRASE}", "id": PASSPHRASE}, "")
        await ask("POST", path, {**alert, "comment": PASSPHRASE}, "")
        await ask("POST", path, json.dumps(alert).encode()[:-3], "")
        await ask("POST", f"{path}?passphrase={quote(PASSPHRASE)}", {"passphrase": "wrong"}, "")
    for broker, credentials in ACCOUNTS.items():
        plain = {name: value for name, value in credentials.items() if name in NO_SECRETS}
        secret = {name: value for name, value in credentials.items() if name not in NO_SECRETS}
        address = {} if broker == "ccxt" else {"base_url": "http://127.0.0.1:9"}
        body = {"name": f"Of {broker}", "broker": broker, **plain, **address, "credentials": secret}
        await ask("POST", "/api/v1/accounts", body)
        await ask("PATCH", f"/api/v1/accounts/Of%20{broker}", {"credentials": secret})
    await ask("POST", "/api/v1/users", {"username": "mallory", "password": PASSWORD, "role": "trader"})
    await ask("POST", "/api/token", {"username": "mallory", "password": PASSWORD + "x"}, "")
    made = await ask("POST", "/api/v1/links", {"name": "l", "account": "Testing", "strategy": "s"})
    if isinstance(made, dict) and "token" in made:
        links.append(str(made["token"]))
        answers.pop()  # it is told here, once
        await ask("POST", f"/hook/{made['token']}", {"strategy": "s", "symbol": "SBER", "action": "BUY"}, "")
        await ask("POST", f"/hook/{made['token']}x", {"strategy": "s"}, "")
    for text in COMMANDS:
        await ask("POST", "/api/v1/commands", {"text": text})
        await trio.telegram.say(text.split()[0])
    for path in (*(f"/api/v1/{name}" for name in LISTS), *SCREENS):
        await ask("GET", path)
        await ask("GET", path, None, API_TOKEN[:-1])
    return answers


async def test_i_14_no_secret_is_in_anything_that_came_of_it(tmp_path: Path) -> None:
    """Answers, both chats, the journal, the log and every other file of the data directory; also after a chat broke
    off."""
    links: list[str] = []
    async with both_chats(tmp_path) as trio:
        await trio.telegram.shown("The desk is open")
        answers = await stirred(trio, links)
        said = trio.everything_said().encode()
        telegram = trio.telegram.token
        await trio.discord.stop()
        await asyncio.to_thread(trio.desk.ask, "POST", "/api/v1/commands", {"text": "/health"})
        trio.desk.stop()
    secrets = {value for fields in ACCOUNTS.values() for name, value in fields.items() if name not in NO_SECRETS}
    secrets = (secrets - {PIN}) | {PASSWORD, PASSPHRASE, API_TOKEN, telegram, DISCORD_TOKEN, *links}
    told = [hit for answer in answers for hit in found(answer[:300].decode(), answer, secrets)]
    told += found("a chat", said, secrets)
    for path in (path for path in (tmp_path / "d").rglob("*") if path.is_file()):
        told += found(str(path.relative_to(tmp_path)), path.read_bytes(), secrets)
    assert told == []


def test_every_library_is_held_to_its_bytes() -> None:
    """Each line of each lock has its hashes: what an index serves later under the same number is refused."""
    for lock in sorted((HOUSE / "requirements").glob("*.txt")):
        entries = [line for line in lock.read_text(encoding="utf-8").splitlines() if line and line[0] not in " #-"]
        assert entries, lock.name
        text = lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
        bare = [line for line in text if "==" in line and line[0] not in " #" and "--hash=sha256:" not in line]
        assert bare == [], lock.name
