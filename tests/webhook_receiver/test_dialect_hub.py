"""The hub's alert schema under both sets of names (TV-03 to TV-06)."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core.values.alerts import Alert, AlertKind
from core.values.orders import Side
from kit.http import ApiError
from webhook_receiver.dialect_hub import parse_hub
from webhook_receiver.fields import Fields

NEW = {
    "id": "2",
    "name": "LWMA",
    "symbol": "FXCM:EURUSD",
    "interval": "15",
    "direction": "buy",
    "price": "1.0712",
    "timestamp": "2024-06-01T03:16:17Z",
}
OLD = {"stratId" if name == "id" else "stratName" if name == "name" else name: value for name, value in NEW.items()}


def parse(raw: dict[str, Any]) -> Alert:
    return parse_hub(Fields(raw), received_at=datetime(2024, 6, 1, 3, 17, tzinfo=UTC), body="{}")


def test_a_valid_alert_has_every_field_in_its_place() -> None:
    """The direction in upper case, the time as UTC."""
    alert = parse(NEW)
    assert (alert.strategy, alert.exchange, alert.ticker, alert.interval) == ("LWMA", "FXCM", "EURUSD", "15")
    assert (alert.kind, alert.side, alert.action, str(alert.price)) == (AlertKind.ENTRY, Side.BUY, "BUY", "1.0712")


@pytest.mark.parametrize("raw", [NEW, OLD])
@pytest.mark.parametrize("name", ["id", "name", "symbol", "interval", "direction", "price", "timestamp"])
@pytest.mark.parametrize("how", ["missing", "invalid"])
def test_tv_03_every_field_missing_or_invalid_is_refused(raw: dict[str, str], name: str, how: str) -> None:
    """Fourteen cases for each set of names; the price may be missing in the older one."""
    sent = {"id": "stratId", "name": "stratName"}.get(name, name) if raw is OLD else name
    rest = {key: value for key, value in raw.items() if key != sent}
    if how == "invalid":
        rest[sent] = "-1" if name in {"id", "interval", "price"} else ""
    elif raw is OLD and name == "price":
        assert parse(rest).price is None
        return
    with pytest.raises(ApiError) as refused:
        parse(rest)
    assert refused.value.status == 422
    if how == "invalid":
        assert refused.value.field == sent


@pytest.mark.parametrize("direction", ["buy", "BUY", "Sell", "Close entry(s) order long", "CLOSE", "close short"])
def test_tv_04_directions_in_any_case(direction: str) -> None:
    """Buy, sell, or anything that begins with close."""
    assert parse(NEW | {"direction": direction}).action == direction.upper()


@pytest.mark.parametrize("direction", ["hold", "sellx", "xbuy", "not close", "{{strategy.order.action}}", True])
def test_tv_04_other_directions_are_refused(direction: object) -> None:
    """The whole word counts."""
    with pytest.raises(ApiError) as refused:
        parse(NEW | {"direction": direction})
    assert refused.value.field == "direction"


def test_tv_05_both_sets_of_names_mean_the_same() -> None:
    """stratId/stratName are id/name."""
    assert replace(parse(OLD), body="") == replace(parse(NEW), body="")


@pytest.mark.parametrize(
    "timestamp",
    [
        "2024-06-01 03:16:17Z",
        "2024-06-01T03:16:17",
        "2024-06-01T03:16:17.000Z",
        "2024-06-01T03:16:17+00:00",
        "1717211777",
        "2024-13-01T03:16:17Z",
        "01/06/2024",
    ],
)
def test_tv_06_other_timestamps_are_refused(timestamp: str) -> None:
    """One format only."""
    with pytest.raises(ApiError) as refused:
        parse(NEW | {"timestamp": timestamp})
    assert refused.value.field == "timestamp"


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_tv_06_the_epoch_is_the_same_in_every_zone(zone: str) -> None:
    """1717211777 for the sample whatever zone the host keeps."""
    program = (
        "from datetime import *; from webhook_receiver.dialect_hub import parse_hub;"
        "from webhook_receiver.fields import Fields;"
        f"alert = parse_hub(Fields({NEW!r}), received_at=datetime(2024, 6, 1, tzinfo=UTC), body='');"
        "print(int(alert.sent_at.timestamp()))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"TZ": zone, "PYTHONPATH": "."},
        capture_output=True,
        check=True,
    )
    assert told.stdout.strip() == b"1717211777"
