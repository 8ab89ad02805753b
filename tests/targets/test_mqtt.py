"""The MQTT target against a broker on loopback."""

from __future__ import annotations

import json

import pytest

from core.values.errors import Transient
from targets.mqtt import Mqtt, MqttAccess, topic_of
from tests.servers.mqtt import Message, mqtt_broker
from tests.targets.samples import RAW, raw


def target(port: int, password: str = "", topic: str = "alerts/{symbol}", *, retain: bool = False) -> Mqtt:
    return Mqtt("mqtt", MqttAccess("127.0.0.1", port, topic, "desk", password, retain=retain))


async def test_tv_24_mqtt_publishes_json_in_order_over_one_connection() -> None:
    """With quality of service 1 and the retain flag that the settings want."""
    async with mqtt_broker() as broker:
        mqtt = target(broker.port, retain=True)
        for number in range(3):
            await mqtt.send(raw(number=number))
        got = await broker.some(3)
        assert got[0] == Message("alerts/FXCM:EURUSD", raw(number=0).to_json(), 1, retained=True)
        assert [json.loads(message.text)["id"] for message in got] == [0, 1, 2]
        assert broker.connections == 1
        await mqtt.close()


async def test_tv_13_what_was_not_acknowledged_is_sent_again() -> None:
    """A broker that dies before its acknowledgement is Transient; the next try connects anew."""
    async with mqtt_broker() as broker:
        broker.swallow = 1
        mqtt = target(broker.port)
        with pytest.raises(Transient):
            await mqtt.send(RAW)
        await mqtt.send(RAW)
        assert [message.text for message in await broker.some(2)] == [RAW.to_json()] * 2
        assert broker.connections == 2
        await mqtt.close()


async def test_tv_13_a_broker_that_is_down_is_transient() -> None:
    """And so is one that refuses the password: whoever mends it loses nothing."""
    async with mqtt_broker(password="right") as broker:
        with pytest.raises(Transient, match="Bad user name or password"):
            await target(broker.port, "wrong").send(RAW)
        right = target(broker.port, "right")
        await right.send(RAW)
        await right.close()
        port = broker.port
    with pytest.raises(Transient):
        await target(port).send(RAW)


@pytest.mark.parametrize("symbol", ["A/B", "A+B", "A#B", "A\nB", "A\0B"])
def test_a_symbol_stays_one_level_of_the_topic(symbol: str) -> None:
    """Levels and wildcards in a name are taken out."""
    assert topic_of("alerts/{symbol}/{name}", raw(symbol=symbol)) == "alerts/A_B/LWMA"
