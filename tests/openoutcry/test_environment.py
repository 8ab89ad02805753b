"""Settings by the environment."""

from __future__ import annotations

import json
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from openoutcry.settings import PREFIX, Settings
from tests.process import HOUSE, environment, run_program

SECRET = "a-secret-nobody-may-read"
SCRIPT = """
import json
from pydantic import SecretStr
from openoutcry.settings import load_settings
settings = load_settings(None)
print(repr(settings), settings.model_dump(), settings.model_dump_json(), file=__import__("sys").stderr)
print(json.dumps({f"{section}.{key}": %r in value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    for section, values in settings for key, value in (values if hasattr(values, "model_fields_set") else ())}))
"""
BY_NAME = {
    "desk.timezone": "Asia/Kolkata", "server.host": "localhost", "market.feed": "Main",
    "server.trusted_proxies": '["10.0.0.0/8"]', "market.prices": '{"SBER": "301"}',
    "collect.interval_s": "30", "backup.at": "03:30", "noise.quiet": "22:00-06:00",
    "desk.database_url": f"postgresql://desk:{SECRET}@localhost/desk",
}  # fmt: skip


def sample(name: str, field: FieldInfo) -> str:
    """Another value than the default."""
    default: Any = field.get_default(call_default_factory=True)
    if name in BY_NAME:
        return BY_NAME[name]
    words = [*get_args(field.annotation)] if get_origin(field.annotation) is Literal else []
    words += list(type(default)) if isinstance(default, StrEnum) else []
    if words:
        return next(str(word) for word in words if word != default)
    if isinstance(default, SecretStr):
        return SECRET
    if isinstance(default, bool):
        return str(not default).lower()
    if isinstance(default, tuple):
        return '["other"]' if "str" in str(field.annotation) else "[7]"
    if isinstance(default, str | Path):
        return "https://other.example" if "_base" in name or "_url" in name else "other"
    return str(default + 1)


def leaves() -> dict[str, FieldInfo]:
    """Every plain setting of the file's sections."""
    found = {}
    for section, value in Settings():
        for key, field in type(value).model_fields.items() if isinstance(value, BaseModel) else ():
            default = field.get_default(call_default_factory=True)
            if not isinstance(default, BaseModel) and not key.startswith("follow"):
                found[f"{section}.{key}"] = field
    return found


def test_ao_40_every_setting_is_effective_by_the_environment() -> None:
    """And no secret is in anything that is printed of them."""
    wanted = {name: sample(name, field) for name, field in leaves().items()}
    assert len(wanted) > 60
    by_environment = {PREFIX + name.replace(".", "__").upper(): value for name, value in wanted.items()}
    by_environment[f"{PREFIX}ACCOUNTS"] = '[{"name": "Main", "broker": "paper"}]'
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT % SECRET],
        env=environment(by_environment), cwd=HOUSE, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    defaults = {name: str(field.get_default(call_default_factory=True)) for name, field in leaves().items()}
    for name, value in wanted.items():
        assert found[name] is True if value == SECRET else found[name] != defaults[name], name
    assert SECRET not in ran.stderr


@pytest.mark.parametrize("key", ["MODE", "DATABASE_URL"])
def test_ao_40_what_is_wrong_is_named_without_its_value(key: str) -> None:
    """Exit 2."""
    said = run_program("check", "--settings", "nowhere", env={f"{PREFIX}DESK__{key}": SECRET})
    assert said.returncode == 2
    assert SECRET not in said.stdout + said.stderr


def test_le_04_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    """A passphrase in both: the environment's is the one that counts; where it has none, the file's."""
    file = tmp_path / "settings.toml"
    file.write_text('[webhook]\npassphrase = "of the file"\n')
    script = (
        "import sys; from pathlib import Path; from openoutcry.settings import load_settings; "
        "print(load_settings(Path(sys.argv[1])).webhook.passphrase.get_secret_value())"
    )
    for said, counts in (({f"{PREFIX}WEBHOOK__PASSPHRASE": SECRET}, SECRET), ({}, "of the file")):
        told = subprocess.run(
            [sys.executable, "-c", script, str(file)],
            env=environment(said), cwd=HOUSE, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        assert told.stdout.strip() == counts
