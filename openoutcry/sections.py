"""The sections of the settings file, with their defaults. Every key is explained in settings.example.toml."""

from __future__ import annotations

import ipaddress
import os
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from core.rules.closing import EndRule
from core.rules.risk import Limits
from core.rules.routing import Approval
from core.rules.sizing import OverLeverage
from core.services.intake import IntakeLimits
from core.values.charts import Theme
from core.values.traps import Tunables
from openoutcry.postgres_url import PostgresUrl

NO_SECRET = SecretStr("")


def _off(value: object) -> object:
    """A limit may be left empty; a TOML float keeps the digits that were written."""
    if isinstance(value, str) and not value.strip():
        return Decimal(0)
    return str(value) if isinstance(value, float) else value


Limit = Annotated[Decimal, BeforeValidator(_off), Field(ge=0, allow_inf_nan=False)]
Amount = Annotated[Decimal, BeforeValidator(_off), Field(gt=0, allow_inf_nan=False)]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        raise ValueError("no time zone of this name is known") from None
    return name


Zone = Annotated[str, AfterValidator(_zone)]


def _local_time(text: str) -> str:
    try:
        if text:
            time.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a time of day like 15:29, or empty") from None
    return text


class Section(BaseModel):
    """Unknown keys are errors; every secret `x` may be given as `x_file`, a path."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        values = dict(given)
        for name, field in cls.model_fields.items():
            if field.annotation is SecretStr and (key := f"{name}_file") in values:
                path = values.pop(key)
                if values.get(name):
                    raise ValueError(f"{name} and {key} are both given: leave one out")
                values[name] = _secret_from(key, path)
        return values


def _secret_from(key: str, path: object) -> str:
    """Of `folder/name` that systemd was told to hand over (LoadCredential=folder:...) the copy that it made."""
    file = Path(str(path))
    handed = Path(os.environ.get("CREDENTIALS_DIRECTORY", os.devnull)) / f"{file.parent.name}_{file.name}"
    try:
        return (handed if handed.is_file() else file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ValueError(f"{key} cannot be read: {reason}") from error


class Desk(Section):
    data_dir: Path = Path("data")
    mode: Literal["paper", "live"] = "paper"
    timezone: Zone = "Europe/Moscow"
    language: Literal["en", "ru"] = "en"
    database_url: PostgresUrl = NO_SECRET
    at_start: tuple[str, ...] = ()


def _private(url: str) -> str:
    """A token travels over it: encrypted, or not beyond this machine."""
    parts = urlsplit(url)
    if (
        url
        and parts.scheme not in {"https", "wss"}
        and not (parts.scheme in {"http", "ws"} and _loopback(parts.hostname or ""))
    ):
        raise ValueError("must begin with https:// or wss://; plain http or ws is for this machine alone")
    return url


Address = Annotated[str, AfterValidator(_private)]


class Server(Section):
    host: str = "127.0.0.1"
    port: int = Field(8089, ge=0, le=65535)
    api_token: SecretStr = NO_SECRET
    hosts: tuple[str, ...] = ()
    public_url: Address = ""
    trusted_proxies: tuple[str, ...] = ()
    tls_in_front: bool = False

    @model_validator(mode="after")
    def _not_open(self) -> Server:
        if not self.tls_in_front and not _loopback(self.host):
            raise ValueError("host is not loopback: put TLS in front and say so with tls_in_front = true")
        for proxy in self.trusted_proxies:
            try:
                ipaddress.ip_network(proxy.strip(), strict=False)
            except ValueError:
                raise ValueError(f"trusted_proxies: {proxy!r} is no address or network") from None
        return self


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Webhook(Section):
    passphrase: SecretStr = NO_SECRET
    approval: Approval = Approval.AUTO
    alert_age_s_max: float = Field(60, ge=0)
    exit_age_s_max: float = Field(3600, ge=0)
    resend_window_s: float = Field(30, ge=0)


class Telegram(Section):
    token: SecretStr = NO_SECRET
    api_base: Address = "https://api.telegram.org"
    allowed_user_ids: tuple[int, ...] = ()
    chat_id: int = 0

    @model_validator(mode="after")
    def _somebody(self) -> Telegram:
        if self.token.get_secret_value() and not self.allowed_user_ids and not self.chat_id:
            raise ValueError("token is set but neither allowed_user_ids nor chat_id: say who may talk to the bot")
        return self


class Discord(Section):
    token: SecretStr = NO_SECRET
    api_base: Address = "https://discord.com/api/v10"
    gateway_url: Address = ""
    guild_id: int = 0
    study_channel_id: int = 0
    log_channel_id: int = 0
    error_channel_id: int = 0
    approver_user_ids: tuple[int, ...] = ()
    approver_role_ids: tuple[int, ...] = ()
    trader_user_ids: tuple[int, ...] = ()
    trader_role_ids: tuple[int, ...] = ()
    text_commands: bool = True


class PersonSection(Section):
    """One person over all surfaces. Telegram needs them in allowed_user_ids as well."""

    name: str = Field(min_length=1, max_length=60, pattern=r"^[^\s@/:]+$")
    role: Literal["viewer", "trader", "approver", "admin"]
    telegram_id: int = 0
    discord_id: int = 0
    token: SecretStr = NO_SECRET


class Risk(Section):
    order_value_max: Limit = Decimal(0)
    order_value_max_percent: Limit = Decimal(0)
    position_max_percent: Limit = Decimal(0)
    gross_max_percent: Limit = Decimal(0)
    entries_per_minute: int = Field(120, ge=0)
    same_side_entries_per_10_min: int = Field(20, ge=0)
    collar_percent: Limit = Decimal(5)
    daily_loss_percent: Limit = Decimal(0)
    short: bool = True
    stop_required: bool = True
    over_leverage: OverLeverage = OverLeverage.REFUSE

    def off(self) -> list[str]:
        """Names of the limits that bind nothing, for the start-up report."""
        names = [name for name, value in self if isinstance(value, Decimal | int) and not isinstance(value, bool)]
        return [name for name in names if not getattr(self, name)]

    def limits(self) -> Limits:
        """As the gate knows them."""
        return Limits(
            order_value_max=self.order_value_max,
            order_value_max_percent=self.order_value_max_percent,
            position_max_percent=self.position_max_percent,
            gross_max_percent=self.gross_max_percent,
            collar_percent=self.collar_percent,
            daily_loss_percent=self.daily_loss_percent,
            short=self.short,
            stop_required=self.stop_required,
        )

    def at_the_door(self, webhook: Webhook) -> IntakeLimits:
        """As the inbox knows them."""
        return IntakeLimits(
            alert_age_s_max=webhook.alert_age_s_max,
            exit_age_s_max=webhook.exit_age_s_max,
            resend_window_s=webhook.resend_window_s,
            entries_per_minute=self.entries_per_minute,
            same_side_entries_per_10_min=self.same_side_entries_per_10_min,
        )


class Guardian(Section):
    bad_tick_percent: Decimal = Field(Decimal(1), gt=0, le=100)


class Proposals(Section):
    expiry_s: float = Field(300, gt=0)
    drift_percent_max: Limit = Decimal("0.5")
    two_person_above: Limit = Decimal(0)


class Pictures(Section):
    on: bool = True
    theme: Theme = Theme.DARK


class Market(Section):
    feed: str = "demo"
    seed: int = 1
    still: bool = False
    prices: dict[str, Amount] = {}
    hours: Literal["always", "exchange"] = "always"


class Jobs(Section):
    long_levels: tuple[Amount, ...] = (Decimal(15), Decimal(20), Decimal(25))
    short_levels: tuple[Amount, ...] = (Decimal(20), Decimal(25), Decimal(30))
    stop_sum: Amount = Decimal(300000)
    stop_minutes: float = Field(120, gt=0)
    nuke_levels: tuple[Limit, ...] = (Decimal(0), Decimal(1), Decimal(5), Decimal(7))
    pause_s: float = Field(1, gt=0)
    session_offset_s: float = Field(30, ge=0)
    hedge_s: float = Field(30, gt=0)
    unhedged: Literal["unwind", "hold"] = "unwind"
    scan_rate: Amount = Decimal("7.5")

    def tunables(self) -> Tunables:
        return Tunables(
            long_levels=self.long_levels,
            short_levels=self.short_levels,
            stop_sum=self.stop_sum,
            stop_minutes=Decimal(str(self.stop_minutes)),
            nuke_levels=self.nuke_levels,
            scan_rate=self.scan_rate,
        )


class EndOfDay(Section):
    at: Annotated[str, AfterValidator(_local_time)] = ""
    lead_s: float = Field(60, ge=0)
    timezone: Zone = "Asia/Kolkata"
    accounts: tuple[str, ...] = ()

    def rule(self) -> EndRule:
        at = time.fromisoformat(self.at) if self.at else None
        return EndRule(timedelta(seconds=self.lead_s), ZoneInfo(self.timezone), at)


class AccountSection(Section):
    name: str = Field(min_length=1, max_length=60, pattern=r"^[^\s@/~]+$")
    risk_percent: Annotated[Amount, Field(le=100)] = Decimal(1)
    leverage_max: Amount = Decimal(5)


class PaperAccount(AccountSection):
    broker: Literal["paper"]
    cash: Amount = Decimal(1000000)
    currency: str = "RUB"
    fee_percent: Limit = Decimal(0)
    latency_ms: float = Field(0, ge=0)
    dialect: Literal["paper", "tinvest", "bybit", "binance", "alpaca", "angelone", "bare"] = "paper"


class TInvestAccount(AccountSection):
    broker: Literal["tinvest"]
    base_url: Address = "https://invest-public-api.tbank.ru/rest"
    stream_url: Address = "wss://invest-public-api.tbank.ru/ws"
    account_id: str = ""
    token: SecretStr = NO_SECRET
    readonly_token: SecretStr = NO_SECRET
    ca_file: str = ""
    confirm_margin_trade: bool = False


class CcxtAccount(AccountSection):
    broker: Literal["ccxt"]
    exchange: str
    market: Literal["linear", "spot"] = "linear"
    currency: str = "USDT"
    api_key: SecretStr = NO_SECRET
    api_secret: SecretStr = NO_SECRET
    api_passphrase: SecretStr = NO_SECRET
    test_mode: bool | Literal["live", "testnet", "demo"] = True
    leverage: int = Field(0, ge=0, le=125)
    position_mode: Literal["one-way", "hedge"] = "one-way"
    base_url: Address = ""


class AlpacaAccount(AccountSection):
    broker: Literal["alpaca"]
    base_url: Address = "https://paper-api.alpaca.markets"
    data_url: Address = "https://data.alpaca.markets"
    stream_url: Address = "wss://stream.data.alpaca.markets"
    data_feed: Literal["iex", "sip", "delayed_sip"] = "iex"
    key_id: SecretStr = NO_SECRET
    secret_key: SecretStr = NO_SECRET
    currency: Literal["USD"] = "USD"
    extended_hours: bool = False
    fractional: bool = False


class AngelOneAccount(AccountSection):
    broker: Literal["angelone"]
    base_url: Address = "https://apiconnect.angelone.in"
    stream_url: Address = ""
    orders_url: Address = ""
    instruments_url: Address = ""
    client_id: str = ""
    api_key: SecretStr = NO_SECRET
    password: SecretStr = NO_SECRET
    totp_secret: SecretStr = NO_SECRET
    public_ip: str = ""
    product: Literal["intraday", "delivery"] = "intraday"
    underlyings: tuple[str, ...] = ()
    currency: Literal["INR"] = "INR"


AccountSettings = Annotated[
    PaperAccount | TInvestAccount | CcxtAccount | AlpacaAccount | AngelOneAccount, Field(discriminator="broker")
]
