"""The hub as the settings want it: its targets, its routes, and the desk it follows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from core.clock import SystemClock
from core.ports import Target
from core.services.hub import Hub
from core.services.hub_links import HubLinks
from core.values.errors import DeskError
from core.values.raw import RawAlert
from openoutcry.engine import Engine
from openoutcry.follow import follow
from openoutcry.hub_sections import MqttTarget
from openoutcry.plugins import load_plugins, targets_of
from openoutcry.settings import Settings, SettingsError
from targets.console import Console
from targets.graphite import distributor_lines, seed_lines
from targets.http import Http
from targets.tcp import Tcp
from targets.udp import Udp
from webhook_receiver.dialect_hub import as_alert
from webhook_receiver.hub import HubDoor

log = logging.getLogger(__name__)

Now = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class HubParts:
    """works: what runs as long as the house stands."""

    hub: Hub
    door: HubDoor
    works: Sequence[Coroutine[None, None, None]]


def plugin_folder(settings: Settings) -> Path:
    return settings.desk.data_dir / "targets"


def built_in(settings: Settings, now: Now, real: Now) -> tuple[list[Target], list[Target]]:
    """Targets that the settings switch on: those of /alert, and those of /carbon-alert. Some are both.

    now: by which alerts become old. real: by which others know when we signed.
    """
    section = settings.targets
    found: list[Target] = []
    if section.console.on:
        found.append(Console(print_line))
    if section.tcp.host:
        found.append(Tcp("tcp", section.tcp.host, section.tcp.port))
    if section.udp.host:
        found.append(Udp("udp", section.udp.host, section.udp.port))
    if section.http.url:
        found.append(Http("http", section.http.url, section.http.secret.get_secret_value(), real))
    if section.mqtt.host:
        found.append(_mqtt(section.mqtt))
    graphite, meters = section.graphite, list[Target]()
    if graphite.host and graphite.format != "distributor":
        lines = seed_lines(now, timedelta(minutes=settings.hub.alert_timeout_min))
        meters.append(Tcp("carbon", graphite.host, graphite.port, lines))
    if graphite.host and graphite.format != "seed":
        both = Tcp("graphite", graphite.host, graphite.port, distributor_lines)
        found.append(both)
        meters.append(both)
    return found, meters


def _mqtt(section: MqttTarget) -> Target:
    """Raises SettingsError where the extra is missing."""
    try:
        from targets.mqtt import Mqtt, MqttAccess  # noqa: PLC0415 - imported only where it is switched on
    except ModuleNotFoundError:
        raise SettingsError("targets.mqtt: install its library first: pip install 'openoutcry[mqtt]'") from None
    password = section.password.get_secret_value()
    access = MqttAccess(
        section.host, section.port, section.topic, section.username, password, tls=section.tls, retain=section.retain
    )
    return Mqtt("mqtt", access)


async def open_hub(settings: Settings, engine: Engine) -> HubParts:
    """Build it; plug-ins are loaded here. Nothing runs yet but the targets' workers."""

    def now() -> datetime:
        """A market that stands still does not stop the senders' time."""
        return max(engine.clock.now(), engine.wire.now())

    plugins = await asyncio.to_thread(load_plugins, plugin_folder(settings))
    targets, meters = built_in(settings, now, engine.wire.now)
    hub = Hub(engine.store, now, engine.wire, [*targets, *targets_of(plugins)], meters)
    hub.on_kept = HubLinks(engine.intake, engine.office.links).take
    hub.start()
    zone = ZoneInfo(settings.desk.timezone)
    door = HubDoor(
        hub=hub,
        token=settings.hub.token.get_secret_value(),
        cors_origin=settings.hub.cors_origin,
        now=engine.clock.now,
        zone=zone,
    )

    async def relay(raw: RawAlert) -> None:
        try:
            await hub.relay(as_alert(raw, received_at=engine.clock.now(), body=raw.to_json()), raw)
        except DeskError as error:
            log.warning("an alert of the followed desk could not be written", extra={"reason": str(error)})

    token = settings.hub.follow_token.get_secret_value()
    works = [follow(settings.hub.follow, token, relay, engine.wire, zone)] if settings.hub.follow else []
    return HubParts(hub, door, works)


def show_targets(settings: Settings, folder: Path | None, *, verbose: bool) -> list[str]:
    """A line a target that a start with these settings would use; verbose: with what it says of itself."""
    now = SystemClock().now
    targets, meters = built_in(settings, now, now)
    names = dict.fromkeys(target.name for target in (*targets, *meters))
    lines = [f"{name:<16} built in" for name in names]
    for plugin in load_plugins(folder or plugin_folder(settings)):
        lines.append(f"{plugin.name:<16} {plugin.origin}")
        if verbose:
            lines += [f"    {line}".rstrip() for line in plugin.doc.splitlines()]
    return lines or ["no targets: switch one on in the settings, or write one (docs/targets.md)"]


def print_line(line: str) -> None:
    print(line, flush=True)
