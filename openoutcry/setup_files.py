"""The settings file that the set-up writes, and the secrets beside it: a file each, for their owner alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
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


def write(draft: Draft, path: Path, now: datetime) -> tuple[Settings, list[Path]]:
    """All of it, read back before anything that stands there gives way; what was otherwise is kept aside then: the
    files. Raises SettingsError, OSError."""
    path = path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = path.parent / "secrets"
    if draft.secrets:
        folder.mkdir(mode=0o700, exist_ok=True)
    parts = [_part(folder / name) for name in draft.secrets]
    try:
        for name, value in draft.secrets.items():
            _write(_part(folder / name), value + "\n")
        _write(_part(path), _text(draft, folder, _part))
        load_settings(_part(path))
        kept = [_replace(folder / name, now) for name in draft.secrets]
        _write(_part(path), _text(draft, folder))
        kept.append(_replace(path, now))
    finally:
        for part in (*parts, _part(path)):
            part.unlink(missing_ok=True)
    return load_settings(path), [each for each in kept if each is not None]


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _replace(path: Path, now: datetime) -> Path | None:
    """By its part; what else stood there stays under another name, which is returned."""
    kept = None
    if path.exists() and path.read_bytes() != _part(path).read_bytes():
        kept = path.rename(path.with_name(f"{path.name}.before-{now:%Y%m%dT%H%M%SZ}"))
    _part(path).replace(path)
    return kept


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _text(draft: Draft, folder: Path, where: Callable[[Path], Path] = lambda path: path) -> str:
    """where: a secret's file is, while it has not got its name."""
    files = {full: str(where(folder / full)) for full in draft.secrets}
    lines = ["# Written by `openoutcry setup`. settings.example.toml explains every key there is.", ""]
    for name, section in draft.sections.items():
        lines += [f"[{name}]", *_keys(name, section, files), ""]
    lines += ["[[accounts]]", *_keys("account", draft.account, files), ""]
    return "\n".join(lines)


def _keys(name: str, section: Mapping[str, object], files: Mapping[str, str]) -> list[str]:
    """files: a secret's full name -> its file."""
    plain = [f"{key} = {_value(value)}" for key, value in section.items()]
    secrets = [full for full in files if full.partition(".")[0] == name]
    return plain + [f"{full.partition('.')[2]}_file = {_value(files[full])}" for full in secrets]


def _value(value: object) -> str:
    """As TOML has it; its strings, numbers and lists of them are JSON's."""
    return json.dumps(value, ensure_ascii=False)
