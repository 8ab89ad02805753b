"""`openoutcry setup`: asks what a desk needs, tries every answer, and writes the settings once all of it works."""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from aiohttp import ClientSession

from core.clock import SystemClock
from core.values.errors import Broken, Rejected, Transient
from openoutcry.check import connections
from openoutcry.demo import ACCOUNT, sample_alert
from openoutcry.sections import Risk
from openoutcry.settings import Settings, SettingsError, load_settings
from openoutcry.setup_answers import Answers, Prepared, Question
from openoutcry.setup_files import Draft, write
from openoutcry.setup_telegram import API_BASE, Found, TelegramLook, looking
from texts import render

if TYPE_CHECKING:
    from openoutcry.parts import House

TELL_S = 15.0
LANGUAGE = Question("language", "en", choices=("en", "ru"))
DATA_DIR = Question("data_dir", "data")
PUBLIC_URL = Question("public_url", "")
TELEGRAM = Question("telegram_token", "", secret=True)
IS_IT_YOU = Question("is_it_you", choices=("yes", "no"))
BROKER = Question("broker", "paper", choices=("paper", "tinvest", "alpaca", "angelone", "ccxt"))
NAME = Question("account_name", "Testing")
RISK = {
    "risk_percent": Question("risk_percent", "1"),
    "order_value_max": Question("order_value_max", "0"),
    "position_max_percent": Question("position_max_percent", "20"),
    "daily_loss_percent": Question("daily_loss_percent", "3"),
}
KEYS: Mapping[str, tuple[Question, ...]] = {
    "paper": (),
    "tinvest": (Question("token", secret=True), Question("account_id", "")),
    "alpaca": (Question("key_id", secret=True), Question("secret_key", secret=True)),
    "angelone": (
        Question("client_id"),
        Question("api_key", secret=True),
        Question("password", secret=True),
        Question("totp_secret", secret=True),
    ),
    "ccxt": (
        Question("exchange", "bybit"),
        Question("api_key", secret=True),
        Question("api_secret", secret=True),
        Question("api_passphrase", "", secret=True),
    ),
}
"""What each broker is asked for; the rest of its block keeps its defaults, which are the venue's own test side where
it has one."""
ASKED = (LANGUAGE, DATA_DIR, PUBLIC_URL, TELEGRAM, IS_IT_YOU, BROKER, NAME, *RISK.values(), *chain(*KEYS.values()))
KNOWN = frozenset(question.key for question in ASKED) | {"telegram_user_id"}


class Wizard:
    def __init__(self, answers: Answers, options: argparse.Namespace) -> None:
        self._answers = answers
        self._options = options
        self._language = options.language or "en"
        self._draft = Draft()

    async def run(self) -> None:
        """Nothing is written before the last answer did. Raises SettingsError, DeskError, OSError."""
        draft = self._draft
        if self._options.language is None:
            self._language = await self._ask(LANGUAGE)
        data_dir = self._options.data_dir or await self._ask(DATA_DIR)
        draft.sections["desk"] = {"data_dir": data_dir, "mode": "paper", "language": self._language}
        url = (await self._ask(PUBLIC_URL)).rstrip("/")
        if url:
            draft.sections["server"] = {"public_url": url}
        draft.secrets["webhook.passphrase"] = passphrase = secrets.token_urlsafe(18)
        draft.sections["webhook"] = {}
        found = await self._telegram()
        await self._account()
        await self._risk()
        settings, kept = write(draft, self._options.settings, SystemClock().now())
        self._say("written", {"path": str(self._options.settings)})
        if kept:
            self._say("kept", {"files": "\n  ".join(map(str, kept))})
        self._show_message(url or "https://YOUR-HOST", passphrase)
        await self._try_out(settings, found)
        self._say("done", {"path": str(self._options.settings)})

    async def _ask(self, question: Question) -> str:
        return await self._answers.ask(question, self._language)

    def _say(self, key: str, params: Mapping[str, str] | None = None) -> None:
        self._answers.say(render(f"setup.{key}", params, self._language))

    async def _telegram(self) -> Found | None:
        """Whose chat it is, found by their /start: nobody has to look up an id."""
        base = self._options.api_base
        while token := await self._ask(TELEGRAM):
            try:
                async with looking(base, token) as look:
                    found = await self._met(look)
            except (Rejected, Transient) as error:
                self._answers.wrong(TELEGRAM.key, error.reason)
                continue
            self._draft.secrets["telegram.token"] = token
            self._draft.sections["telegram"] = {"allowed_user_ids": [found.user], "chat_id": found.chat}
            if base != API_BASE:
                self._draft.sections["telegram"] |= {"api_base": base}
            return found
        return None

    async def _met(self, look: TelegramLook) -> Found:
        """Raises Rejected for a token or a person that is not the right one, Transient."""
        bot, now = await look.name(), await look.now()
        person = self._answers.person if isinstance(self._answers, Prepared) else None
        self._say("write_start", {"bot": bot})
        found = await look.first_start(now, self._options.wait, person)
        self._say("started", {"name": found.name, "id": str(found.user)})
        if person is None and await self._ask(IS_IT_YOU) != "yes":
            raise Rejected("not_you", render("setup.not_you", {}, self._language))
        await look.say(found, render("setup.hello", {}, self._language))
        return found

    async def _account(self) -> None:
        """Its keys are tried by one question that changes nothing."""
        while True:
            broker = await self._ask(BROKER)
            name = await self._ask(NAME)
            said = {question: await self._ask(question) for question in KEYS[broker]}
            more = self._answers.account if isinstance(self._answers, Prepared) else {}
            plain = {q.key: value for q, value in said.items() if not q.secret and value} | dict(more)
            secret = {q.key: value for q, value in said.items() if q.secret and value}
            block: dict[str, object] = {"name": name, "broker": broker, **plain}
            try:
                tried = load_settings(None, desk={"language": self._language}, accounts=({**block, **secret},))
                for line in await connections(tried):
                    self._answers.say(line)
            except (Broken, SettingsError) as error:
                self._answers.wrong(BROKER.key, str(error))
                continue
            self._draft.account = block
            self._draft.secrets |= {f"account.{key}": value for key, value in secret.items()}
            return

    async def _risk(self) -> None:
        while True:
            said = {name: await self._ask(question) for name, question in RISK.items()}
            share = said.pop("risk_percent")
            try:
                load_settings(None, risk=said, accounts=({**ACCOUNT, "risk_percent": share},))
            except SettingsError as error:
                self._answers.wrong("risk", str(error))
                continue
            self._draft.account["risk_percent"] = share
            self._draft.sections["risk"] = dict(said)
            return

    def _show_message(self, url: str, passphrase: str) -> None:
        self._say("paste", {"url": f"{url}/tradingview-to-webhook-order"})
        account = str(self._draft.account["name"])
        self._answers.say(alert_message(account, passphrase))

    async def _try_out(self, settings: Settings, found: Found | None) -> None:
        """A desk of a moment with these settings takes its first alert, on paper and in a folder that goes away."""
        with TemporaryDirectory(prefix="openoutcry-setup-") as scratch:
            status = await first_alert(settings, Path(scratch))
        if status != "accepted":
            raise Broken(f"the test alert was answered {status!r}")
        self._say("tried" if found is None else "tried_and_told")


def alert_message(account: str, passphrase: str) -> str:
    """What goes into TradingView's message box; the chart fills in what stands in braces."""
    lines = (
        '"ticker": "{{ticker}}", "exchange": "{{exchange}}", "time": "{{timenow}}",',
        '"action": "buy", "type": "market", "message": "entry",',
        '"price": {{close}}, "long SL": {{plot("SL")}}, "long TP": {{plot("TP")}},',
        f'"subaccount": {json.dumps(account)}, "passphrase": {json.dumps(passphrase)}',
    )
    return "\n".join(["{", *(f"  {line}" for line in lines), "}"])


async def first_alert(settings: Settings, scratch: Path) -> str:
    """The word with which a desk of these settings answers a sample alert on a paper account. Chats hear of it."""
    from openoutcry.parts import Mood, open_house  # noqa: PLC0415 - whoever gives up before needs none of it

    passphrase = settings.webhook.passphrase.get_secret_value()
    changes = {
        "desk": settings.desk.model_copy(update={"data_dir": scratch}),
        "server": settings.server.model_copy(update={"port": 0}),
        "accounts": load_settings(None, accounts=(ACCOUNT,)).accounts,
        "risk": Risk(),  # the sample's size is for a large paper account, not for anybody's own limits
    }
    async with open_house(settings.model_copy(update=changes), Mood()) as house, ClientSession() as session:
        url = f"{house.url}/tradingview-to-webhook-order"
        async with session.post(url, json=sample_alert(house.desk, passphrase)) as answer:
            said = await answer.json()
        if settings.telegram.token.get_secret_value():
            await _told(house)
        return str(said.get("status", said.get("error", "")))


async def _told(house: House) -> None:
    """Until the chat has the trade's notices, or cannot be reached in time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(TELL_S):
            while not house.desk.ledger.positions or await house.store.undelivered("telegram", 1):
                await house.desk.wire.sleep(0.1)
