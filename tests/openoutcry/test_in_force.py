"""What pages are told of the settings: every value and who said so, never a secret."""

from __future__ import annotations

from pathlib import Path

from dashboard.roof import Setting
from openoutcry.in_force import BROKERS, in_force
from openoutcry.sections import AccountSection
from openoutcry.settings import load_settings
from tests.process import demo

SECRET = "nobody may read this"
FILE = """
[webhook]
passphrase = "{secret}"
[risk]
collar_percent = 7.5
[tickers.bybit]
BTCPERP = "BTCUSDT"
[[people]]
name = "kate"
role = "approver"
telegram_id = 42
token = "{secret} either"
"""


def found(path: Path) -> dict[str, Setting]:
    file = path / "settings.toml"
    file.write_text(FILE.format(secret=SECRET), encoding="utf-8")
    return {each.key: each for each in in_force(load_settings(file))}


def test_each_value_says_where_it_stands(tmp_path: Path) -> None:
    """In the file, or nowhere; figures keep their digits."""
    settings = found(tmp_path)
    assert settings["risk.collar_percent"] == Setting("risk.collar_percent", "7.5", "file")
    assert settings["proposals.drift_percent_max"] == Setting("proposals.drift_percent_max", "0.5", "default")
    assert settings["jobs.long_levels"].value == "15, 20, 25"
    assert settings["risk.short"].value == "true"
    assert settings["tickers.bybit"] == Setting("tickers.bybit", "BTCPERP = BTCUSDT", "file")
    assert settings["targets.graphite.port"].value == "2003"


def test_a_secret_only_says_whether_it_is_set(tmp_path: Path) -> None:
    """Nowhere else does it stand, and accounts and people have pages of their own."""
    settings = found(tmp_path)
    assert settings["webhook.passphrase"] == Setting("webhook.passphrase", "set", "file", secret=True)
    assert settings["hub.token"] == Setting("hub.token", "", "default", secret=True)
    assert SECRET not in str(settings)
    assert not [key for key in settings if key.startswith(("people", "accounts"))]


def test_a_secret_by_its_file_is_the_files(tmp_path: Path) -> None:
    """`passphrase_file` says it, too."""
    (tmp_path / "secret").write_text(SECRET, encoding="utf-8")
    file = tmp_path / "settings.toml"
    file.write_text(f'[webhook]\npassphrase_file = "{tmp_path / "secret"}"\n', encoding="utf-8")
    told = {each.key: each for each in in_force(load_settings(file))}
    assert told["webhook.passphrase"] == Setting("webhook.passphrase", "set", "file", secret=True)


def test_the_environment_and_the_start_are_told_apart(tmp_path: Path) -> None:
    """A running demo: what the environment said, what it was started with, what it furnished itself with."""
    with demo(tmp_path / "d", env={"OPENOUTCRY_RISK__COLLAR_PERCENT": "7"}) as desk:
        told = {each["key"]: each for each in desk.ask("GET", "/api/v1/settings")[1]["items"]}
    assert (told["risk.collar_percent"]["value"], told["risk.collar_percent"]["source"]) == ("7", "environment")
    assert told["desk.data_dir"]["source"] == "start"
    assert (told["server.api_token"]["value"], told["server.api_token"]["source"]) == ("set", "start")


def test_every_brokers_account_can_be_filled_in() -> None:
    """A broker that the settings file knows has a form as well."""
    asked = {section.model_fields["broker"].annotation for section in AccountSection.__subclasses__()}
    assert {section.model_fields["broker"].annotation for section in BROKERS.values()} == asked
