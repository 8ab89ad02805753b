"""MQTT 3.1.1, quality of service 1: an alert counts as told when the broker has acknowledged it.

So it arrives at least once, a second time where an acknowledgement was lost; `id` and `timestamp` tell them apart.
Importing this wants the extra `mqtt`.
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field

from aiomqtt import Client, MqttError

from core.values.errors import Transient
from core.values.raw import RawAlert

ANSWER_S = 5.0
_NOT_IN_A_LEVEL = re.compile(r"[/+#\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class MqttAccess:
    """topic: `{symbol}` and `{name}` in it become the alert's. retain: whoever subscribes later gets the last one."""

    host: str
    port: int
    topic: str
    username: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    retain: bool = False


def topic_of(pattern: str, alert: RawAlert) -> str:
    """A name stays one level of the topic: what would open another one, or match many, becomes an underscore."""
    for word, value in (("{symbol}", alert.symbol), ("{name}", alert.name)):
        pattern = pattern.replace(word, _NOT_IN_A_LEVEL.sub("_", value))
    return pattern


class Mqtt:
    """Connects when there is something to send, and again after every failure."""

    def __init__(self, name: str, access: MqttAccess) -> None:
        self.name = name
        self._access = access
        self._client: Client | None = None

    async def start(self) -> None:
        """Nothing: a broker that is down at the start must not keep the desk from anything."""

    async def send(self, alert: RawAlert) -> None:
        sent = False
        try:
            client = await self._connected()
            topic = topic_of(self._access.topic, alert)
            await client.publish(topic, alert.to_json(), qos=1, retain=self._access.retain)
            sent = True
        except (MqttError, OSError) as error:
            raise Transient(f"{self._access.host}:{self._access.port}: {error}") from None
        finally:
            if not sent:
                await self.close()

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            try:
                await client.__aexit__(None, None, None)
            except (MqttError, OSError) as error:
                raise Transient(str(error)) from None

    async def _connected(self) -> Client:
        if self._client is None:
            access = self._access
            client = Client(
                access.host,
                access.port,
                username=access.username or None,
                password=access.password or None,
                timeout=ANSWER_S,
                tls_context=ssl.create_default_context() if access.tls else None,
            )
            await client.__aenter__()
            self._client = client
        return self._client
