"""A broker's folder like those in brokers/, for the venue of tests/servers/broker.py. It lives here because no real
venue speaks this wire; accounts with broker = "tinvest" are given to it, `account_id` naming the dialect."""

from __future__ import annotations

from collections.abc import Mapping

from core.ports import World
from core.values.accounts import Account
from tests.servers.broker import DIALECTS
from tests.wire.broker import WireBroker
from tests.wire.client import Client


def open_wire(account: Account, settings: Mapping[str, object], world: World) -> WireBroker:
    return WireBroker(
        account.name, DIALECTS[str(settings["account_id"])], Client(str(settings["base_url"])), world.wire
    )
