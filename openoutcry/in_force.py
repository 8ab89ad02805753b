"""What the dashboard may know of the settings: each value in force, where it comes from, and never a secret."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from core.services.people import Member
from core.values.people import Role
from dashboard.roof import AccountField, Reading, Roof, Setting
from openoutcry.lint import lint
from openoutcry.sections import (
    AccountSection,
    AlpacaAccount,
    AngelOneAccount,
    CcxtAccount,
    PaperAccount,
    TInvestAccount,
)
from openoutcry.settings import PREFIX, Settings
from webhook_receiver.hub import HubDoor

BROKERS: Mapping[str, type[AccountSection]] = {
    "paper": PaperAccount,
    "tinvest": TInvestAccount,
    "ccxt": CcxtAccount,
    "alpaca": AlpacaAccount,
    "angelone": AngelOneAccount,
}
ELSEWHERE = frozenset({"name", "broker"})
"""Keys of an account that its form asks for apart."""


def roof_of(settings: Settings, door: HubDoor) -> Roof:
    def read(message: bytes) -> Reading:
        report = lint(message, settings)
        return Reading(tuple(report.says), tuple(report.problems))

    members = [
        Member(person.name, Role[person.role.upper()], person.telegram_id, person.discord_id)
        for person in settings.people
    ]
    return Roof(
        settings=list(in_force(settings)),
        limits_off=settings.risk.off(),
        members=members,
        brokers={broker: list(_fields(section)) for broker, section in BROKERS.items()},
        publish=door.publish,
        lint=read,
    )


def in_force(settings: Settings) -> Iterator[Setting]:
    """Every value, in the file's order. Accounts and people have pages of their own."""
    written = _file(type(settings).toml)
    for section, model in settings:
        if section in {"accounts", "people"} or model is None:
            continue
        if isinstance(model, BaseModel):
            yield from _section(section, model, type(model)(), written.get(section, {}))
        else:
            for name, value in model.items():
                in_file = name in written.get(section, {})
                yield Setting(f"{section}.{name}", _text(value), _source(section, in_file=in_file, changed=True))


def _section(path: str, model: BaseModel, usual: BaseModel, written: Mapping[str, Any]) -> Iterator[Setting]:
    for name, value in model:
        key, before = f"{path}.{name}", getattr(usual, name)
        if isinstance(value, BaseModel):
            yield from _section(key, value, before, written.get(name, {}))
            continue
        in_file = name in written or f"{name}_file" in written
        source = _source(key, in_file=in_file, changed=value != before)
        if isinstance(value, SecretStr):
            yield Setting(key, "set" if value.get_secret_value() else "", source, secret=True)
        else:
            yield Setting(key, _text(value), source)


def _source(key: str, *, in_file: bool, changed: bool) -> str:
    """start: the command line, or what a demo furnishes itself with."""
    variable = PREFIX + key.replace(".", "__")
    section = PREFIX + key.partition(".")[0]
    named = {name.upper() for name in os.environ}
    if {variable.upper(), f"{variable}_FILE".upper(), section.upper()} & named:
        return "environment"
    return "file" if in_file else "start" if changed else "default"


def _file(path: Path | None) -> Mapping[str, Any]:
    if path is None:
        return {}
    found: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return found


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple | list):
        return ", ".join(_text(each) for each in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {_text(each)}" for name, each in value.items())
    if isinstance(value, Decimal | float):
        return f"{value:f}" if isinstance(value, Decimal) else f"{value:g}"
    return str(value)


def _fields(section: type[AccountSection]) -> Iterator[AccountField]:
    """What the form of a broker's accounts asks for. Files of this machine are nobody's to name there."""
    for name, info in section.model_fields.items():
        if name not in ELSEWHERE and not name.endswith("_file"):
            yield _field(name, info)


def _field(name: str, info: FieldInfo) -> AccountField:
    secret = info.annotation is SecretStr
    usual = "" if info.is_required() or secret else _text(info.default)
    choices = tuple(_text(choice) for choice in _choices(info.annotation))
    if info.annotation is bool:
        kind = "flag"
    elif choices:
        kind = "choice"
    else:
        kind = "text" if info.annotation is str or secret else "number"
    return AccountField(name, kind, usual, choices, secret, info.is_required())


def _choices(annotation: object) -> list[object]:
    """Of `Literal["a", "b"]`, and of such a thing beside a bool."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    if get_origin(annotation) in {Union, UnionType}:
        return [choice for part in get_args(annotation) for choice in _choices(part)]
    return []
