"""Settings: TOML, beaten by OPENOUTCRY_SECTION__KEY, beaten by the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from openoutcry.care_sections import Backup
from openoutcry.hub_sections import DeadMan, Hub, Prices, Targets
from openoutcry.noise_section import Noise
from openoutcry.research_sections import Collect, DayTrading, Strategies
from openoutcry.sections import (
    AccountSettings,
    Desk,
    Discord,
    EndOfDay,
    Guardian,
    Jobs,
    Market,
    PersonSection,
    Pictures,
    Proposals,
    Risk,
    Server,
    Telegram,
    Webhook,
)

PREFIX = "OPENOUTCRY_"


class SettingsError(Exception):
    """Settings that cannot be used. Names the key and the reason, never a value."""


class Settings(BaseSettings):
    """The whole file. Built by `load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )
    toml: ClassVar[Path | None] = None

    desk: Desk = Desk()
    server: Server = Server()
    webhook: Webhook = Webhook()
    hub: Hub = Hub()
    telegram: Telegram = Telegram()
    discord: Discord = Discord()
    people: tuple[PersonSection, ...] = ()
    noise: Noise = Noise()
    risk: Risk = Risk()
    guardian: Guardian = Guardian()
    proposals: Proposals = Proposals()
    pictures: Pictures = Pictures()
    market: Market = Market()
    prices: Prices = Prices()
    dead_man: DeadMan = DeadMan()
    backup: Backup = Backup()
    tickers: dict[str, dict[str, str]] = {}
    jobs: Jobs = Jobs()
    collect: Collect = Collect()
    strategies: Strategies = Strategies()
    day_trading: DayTrading = DayTrading()
    end_of_day: EndOfDay | None = None
    accounts: tuple[AccountSettings, ...] = ()
    targets: Targets = Targets()

    @model_validator(mode="after")
    def _names(self) -> Settings:
        names = [account.name.casefold() for account in self.accounts]
        for what, found in (("accounts", names), ("people", [person.name.casefold() for person in self.people])):
            twice = sorted({name for name in found if found.count(name) > 1})
            if twice:
                raise ValueError(f"{what}: two are named {twice[0]}")
        feed = self.market.feed
        if feed != "demo" and feed.casefold() not in names:
            raise ValueError("market.feed: neither demo nor the name of an account")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no .env files: a secret's place is x_file
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - x_file names its file openly
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What the command line says beats the environment, which beats the file."""
        return (init_settings, env_settings, *_toml_source(settings_cls, cls.toml))

    def secrets(self) -> list[str]:
        """Every secret value in force, for the redactor."""
        return sorted(set(_secrets_in(self)), key=len, reverse=True)


def _toml_source(settings_cls: type[BaseSettings], path: Path | None) -> list[PydanticBaseSettingsSource]:
    return [] if path is None else [TomlConfigSettingsSource(settings_cls, toml_file=path)]


def _secrets_in(model: BaseModel) -> list[str]:
    found = []
    for _, value in model:
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, SecretStr) and item.get_secret_value():
                found.append(item.get_secret_value())
            elif isinstance(item, BaseModel):
                found += _secrets_in(item)
    return found


def load_settings(path: Path | None, **sections: Any) -> Settings:
    """Read the file (None: only the environment); `sections` are what the command line adds.

    Raises SettingsError naming key and reason.
    """
    if path is not None and not path.is_file():
        raise SettingsError(f"{path}: there is no such file; settings.example.toml shows every key")
    _check_environment()
    bound: type[Settings] = type("Settings", (Settings,), {"toml": path, "__module__": __name__})
    try:
        return bound(**{name: section for name, section in sections.items() if section})
    except ValidationError as error:
        where = str(path) if path else "settings"
        raise SettingsError("\n".join(f"{where}: {_said(e)}" for e in error.errors(include_input=False))) from None
    except ValueError as error:  # broken TOML, or JSON in the environment that is none
        raise SettingsError(f"{path or 'settings'}: {_first_line(error)}") from None


def _check_environment() -> None:
    """A section that is misspelled there would else be overlooked in silence. Raises SettingsError."""
    for name in sorted(os.environ):
        section, nested, _ = name.removeprefix(PREFIX).partition("__")
        if name.startswith(PREFIX) and nested and section.lower() not in Settings.model_fields:
            raise SettingsError(f"environment: {name}: unknown key")


def _said(error: Any) -> str:
    key = ".".join(str(part) for part in error["loc"] if not str(part).endswith("Account"))
    if error["type"] == "union_tag_not_found":
        return f"{key}.broker: missing"
    reason = "unknown key" if error["type"] == "extra_forbidden" else str(error["msg"]).removeprefix("Value error, ")
    return f"{key}: {reason}" if key else reason


def _first_line(error: ValueError) -> str:
    return str(error).splitlines()[0]
