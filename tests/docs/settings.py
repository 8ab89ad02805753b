"""docs/settings.md: names, defaults and choices from the models; meanings from the comments of settings.example.toml,
where they stand once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from openoutcry.in_force import BROKERS
from openoutcry.sections import AccountSection, EndOfDay, PersonSection
from openoutcry.settings import Settings

EXAMPLE_FILE = Path(__file__).resolve().parents[2] / "settings.example.toml"
HEAD = Path(__file__).with_name("settings_head.md")
HEADER = ["", "| setting | default | for example | meaning |", "|---|---|---|---|"]
SECTION = re.compile(r"(?:# )?\[+([\w.]+)\]+(?:\s+# (.*))?$")
KEY = re.compile(r"(?:# )?(\w+) = (\"[^\"]*\"|\[.*?\]|\{.*?\}|\S+)(?:\s+# (.*))?$")
EXAMPLES: Mapping[str, object] = {
    "desk.at_start": ["/scan 7.5", "/queue"],
    "desk.database_url": "",
    "server.host": "0.0.0.0",
    "server.public_url": "https://desk.example",
    "server.hosts": ["desk.example"],
    "server.trusted_proxies": ["10.0.0.0/8"],
    "hub.cors_origin": "https://charts.example",
    "hub.follow": "wss://other.example/wsalerts",
    "telegram.allowed_user_ids": [123456789],
    "telegram.chat_id": -1001234567890,
    "discord.gateway_url": "",
    "discord.guild_id": 1,
    "discord.study_channel_id": 2,
    "discord.log_channel_id": 3,
    "discord.error_channel_id": 4,
    "discord.approver_user_ids": [11],
    "discord.approver_role_ids": [5],
    "discord.trader_user_ids": [12],
    "discord.trader_role_ids": [6],
    "noise.quiet": "23:00-07:00",
    "noise.first": "discord",
    "people.name": "anna",
    "people.role": "approver",
    "people.telegram_id": 123456789,
    "people.discord_id": 11,
    "risk.order_value_max": "100000",
    "risk.order_value_max_percent": 10,
    "risk.position_max_percent": 25,
    "risk.gross_max_percent": 200,
    "risk.daily_loss_percent": 3,
    "proposals.two_person_above": "500000",
    "market.feed": "Broker",
    "market.prices": {"BTCPERP": "40000"},
    "prices.tickers": ["SBER"],
    "backup.directory": "/mnt/usb/openoutcry",
    "collect.symbols": ["SBER", "Broker/GAZP"],
    "strategies.dip.trailing": "0.25",
    "strategies.dip.hold_s": 3600,
    "day_trading.account": "Testing",
    "day_trading.strategies": ["cycle"],
    "day_trading.symbols": ["SBER"],
    "end_of_day.at": "15:10",
    "end_of_day.accounts": ["India"],
    "accounts.paper.name": "Testing",
    "accounts.tinvest.name": "Broker",
    "accounts.tinvest.account_id": "2000000000",
    "accounts.tinvest.ca_file": "national-ca.pem",
    "accounts.ccxt.name": "Coins",
    "accounts.ccxt.exchange": "bybit",
    "accounts.ccxt.leverage": 3,
    "accounts.ccxt.base_url": "",
    "accounts.alpaca.name": "America",
    "accounts.angelone.name": "India",
    "accounts.angelone.client_id": "A12345",
    "accounts.angelone.public_ip": "203.0.113.7",
    "accounts.angelone.underlyings": ["NIFTY", "SBIN"],
    "targets.graphite.host": "127.0.0.1",
    "targets.tcp.host": "127.0.0.1",
    "targets.udp.host": "127.0.0.1",
    "targets.http.url": "https://mine.example/alerts",
    "targets.mqtt.host": "127.0.0.1",
    "targets.mqtt.username": "desk",
}
"""Where the default shows nobody what one would write."""
SHARED = frozenset({"broker", *AccountSection.model_fields})
"""Keys that each account has."""


@dataclass(frozen=True, slots=True)
class Setting:
    """path: dotted; accounts have their broker behind the section's name. default: None where one must be given."""

    path: str
    default: object
    choices: tuple[object, ...]
    secret: bool

    @property
    def section(self) -> str:
        return self.path.rpartition(".")[0]

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def example(self) -> str:
        """A line of the file."""
        if self.secret:
            return f'{self.name}_file = "{self.path.removeprefix("accounts.")}"'
        return f"{self.name} = {toml(self._usual())}"

    def _usual(self) -> object:
        if self.path in EXAMPLES:
            return EXAMPLES[self.path]
        others = [choice for choice in self.choices if choice != self.default]
        return others[-1] if others else self.default


def toml(value: object) -> str:
    """As it stands in the file."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value:g}" if isinstance(value, float) else str(value)
        case Enum():
            return toml(value.value)
        case Decimal():
            return f"{value:f}"
        case tuple() | list():
            return f"[{', '.join(map(toml, value))}]"
        case dict():
            return "{" + ", ".join(f"{key} = {toml(each)}" for key, each in value.items()) + "}"
        case _:
            return json.dumps(str(value), ensure_ascii=False)


def settings() -> Iterator[Setting]:
    """Every one there is, in the file's order; accounts once a broker."""
    for name, info in Settings.model_fields.items():
        if name == "accounts":
            for broker, model in BROKERS.items():
                yield from _of(f"accounts.{broker}", model)
        elif name != "tickers":  # a table of the reader's own words
            kind = {"people": PersonSection, "end_of_day": EndOfDay}.get(name, info.annotation)
            yield from _of(name, kind)


def _of(section: str, model: Any) -> Iterator[Setting]:
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from _of(f"{section}.{name}", info.annotation)
            continue
        default = None if info.is_required() else "" if info.default is None else info.default  # empty: it is left out
        choices = tuple(_choices(info.annotation))
        if name == "broker":
            default = choices[0]
        yield Setting(f"{section}.{name}", default, choices, info.annotation is SecretStr)


def _choices(kind: object) -> Iterator[object]:
    if kind is bool:
        yield from (True, False)
    elif isinstance(kind, type) and issubclass(kind, Enum):
        yield from kind
    elif get_origin(kind) is Literal:
        yield from get_args(kind)
    elif get_origin(kind) in {Union, UnionType}:
        for part in get_args(kind):
            yield from _choices(part)


def meanings() -> Mapping[str, str]:
    """What the example file says of each key and section. A key that all accounts have is explained at the first."""
    found: dict[str, str] = {}
    section = ""
    for line in EXAMPLE_FILE.read_text(encoding="utf-8").splitlines():
        if match := SECTION.match(line):
            section, comment = match[1], match[2]
            found.setdefault(section, comment or "")
        elif section and (match := KEY.match(line)):
            key, value, comment = match.groups()
            if section.startswith("accounts") and key == "name":
                section = "accounts"
            elif section == "accounts" and key == "broker":
                section = f"accounts.{json.loads(value)}"
            found.setdefault(f"{section}.{key}", comment or "")
    return found


def meaning(setting: Setting, said: Mapping[str, str]) -> str:
    """Empty where the example file says nothing."""
    own = said.get(setting.path, "")
    shared = setting.path.startswith("accounts.") and setting.name in SHARED
    return own or (said.get(f"accounts.{setting.name}") or said.get(f"accounts.paper.{setting.name}", "")) * shared


def page() -> str:
    said = meanings()
    lines = [HEAD.read_text(encoding="utf-8").rstrip()]
    section = ""
    for setting in settings():
        if setting.section != section:
            section = setting.section
            lines += ["", *_heading(section, said)]
        lines.append(_row(setting, said))
    return "\n".join([*lines, ""])


def _heading(section: str, said: Mapping[str, str]) -> Sequence[str]:
    top, _, broker = section.partition(".")
    if top == "accounts":
        title = f'[[accounts]] with broker = "{broker}"'
    else:
        title = f"[[{section}]]" if section == "people" else f"[{section}]"
    about = said.get(section, "")
    return [f"## {title}", *(["", f"{_sentence(about)}"] if about else []), *HEADER]


def _row(setting: Setting, said: Mapping[str, str]) -> str:
    if setting.secret or setting.default == "":
        default = "empty"
    else:
        default = "must be given" if setting.default is None else f"`{toml(setting.default)}`"
    about = meaning(setting, said).replace("|", "\\|")
    return f"| `{setting.name}` | {default} | `{setting.example}` | {about} |"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""
