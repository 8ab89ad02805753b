"""The settings file that the set-up writes, and the secrets beside it: a file each, for their owner alone."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from openoutcry.settings import Settings, load_settings


@dataclass(slots=True)
class Draft:
    """sections: name -> keys. accounts: their blocks. secrets: the key's full name, like `telegram.token`, -> value."""

    sections: dict[str, dict[str, object]] = field(default_factory=dict)
    account: dict[str, object] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)


def write(draft: Draft, path: Path, now: datetime) -> Settings:
    """All of it, read back before it counts. What stood there before is kept aside. Raises SettingsError, OSError."""
    path = path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = path.parent / "secrets"
    if draft.secrets:
        folder.mkdir(mode=0o700, exist_ok=True)
    for name, value in draft.secrets.items():
        _write(folder / name, value + "\n")
    part = path.with_name(f"{path.name}.part")
    _write(part, _text(draft, folder))
    load_settings(part)
    if path.exists():
        path.rename(path.with_name(f"{path.name}.before-{now:%Y%m%dT%H%M%SZ}"))
    part.replace(path)
    return load_settings(path)


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _text(draft: Draft, folder: Path) -> str:
    lines = ["# Written by `openoutcry setup`. settings.example.toml explains every key there is.", ""]
    for name, section in draft.sections.items():
        lines += [f"[{name}]", *_keys(name, section, draft, folder), ""]
    lines += ["[[accounts]]", *_keys("account", draft.account, draft, folder), ""]
    return "\n".join(lines)


def _keys(name: str, section: Mapping[str, object], draft: Draft, folder: Path) -> list[str]:
    plain = [f"{key} = {_value(value)}" for key, value in section.items()]
    secrets = [full for full in draft.secrets if full.partition(".")[0] == name]
    return plain + [f"{full.partition('.')[2]}_file = {_value(str(folder / full))}" for full in secrets]


def _value(value: object) -> str:
    """As TOML has it; its strings, numbers and lists of them are JSON's."""
    return json.dumps(value, ensure_ascii=False)
