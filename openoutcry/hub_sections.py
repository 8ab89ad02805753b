"""Settings of what the desk tells the world outside: the hub, its targets, prices, the dead man's switch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from openoutcry.sections import NO_SECRET, Section


class Hub(Section):
    token: SecretStr = NO_SECRET
    alert_timeout_min: float = Field(15, gt=0)
    cors_origin: str = ""
    follow: str = Field("", pattern=r"^(wss?://\S+)?$")
    follow_token: SecretStr = NO_SECRET


class DeadMan(Section):
    url: SecretStr = NO_SECRET
    every_s: float = Field(60, gt=0)


class Prices(Section):
    every_s: float = Field(60, ge=0)
    keep_days: float = Field(30, gt=0)
    tickers: tuple[str, ...] = ()


class Graphite(Section):
    host: str = ""
    port: int = Field(2003, ge=1, le=65535)
    format: Literal["seed", "distributor", "both"] = "seed"


class ConsoleTarget(Section):
    on: bool = False


class SocketTarget(Section):
    host: str = ""
    port: int = Field(2004, ge=1, le=65535)


class HttpTarget(Section):
    url: str = Field("", pattern=r"^(https?://\S+)?$")
    secret: SecretStr = NO_SECRET


class MqttTarget(Section):
    host: str = ""
    port: int = Field(1883, ge=1, le=65535)
    topic: str = Field("openoutcry/alerts", pattern=r"^[^+#\x00]+$")
    username: str = ""
    password: SecretStr = NO_SECRET
    tls: bool = False
    retain: bool = False


class Targets(Section):
    console: ConsoleTarget = ConsoleTarget()
    graphite: Graphite = Graphite()
    tcp: SocketTarget = SocketTarget()
    udp: SocketTarget = SocketTarget()
    http: HttpTarget = HttpTarget()
    mqtt: MqttTarget = MqttTarget()
