"""A link's own dialect (behaviour.md 5.2)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from core.values.alerts import Alert, AlertKind
from core.values.ids import AccountName, LinkId
from core.values.orders import Side
from kit.http import ApiError
from webhook_receiver.dialect_link import parse_link
from webhook_receiver.fields import Fields

BODY = {"strategy": "SuperTrend", "symbol": "NSE:SBIN", "action": "BUY", "timestamp": "2026-01-05T10:00:00Z"}


def parse(**changes: Any) -> Alert:
    return parse_link(
        Fields(BODY | changes),
        received_at=datetime(2026, 1, 5, 10, 0, tzinfo=UTC),
        body="{}",
        link=LinkId("L1"),
        account=AccountName("Testing"),
    )


@pytest.mark.parametrize(
    ("action", "kind", "side"),
    [("BUY", AlertKind.ENTRY, Side.BUY), ("SELL", AlertKind.EXIT, None), ("exit", AlertKind.EXIT, None)],
)
def test_buy_opens_and_sell_and_exit_close(action: str, kind: AlertKind, side: Side | None) -> None:
    """In any case, with whatever else the body holds."""
    alert = parse(action=action, indicator="MACD", depth=[1])
    assert (alert.kind, alert.side, alert.exchange, alert.ticker) == (kind, side, "NSE", "SBIN")
    assert (alert.strategy, alert.link, alert.timed) == ("SuperTrend", "L1", True)


@pytest.mark.parametrize("name", ["strategy", "symbol", "action", "timestamp"])
@pytest.mark.parametrize("value", [None, "", "{{x}}", ["a"]])
def test_each_field_is_needed(name: str, value: object) -> None:
    """422 names it."""
    with pytest.raises(ApiError) as refused:
        parse(**{name: value})
    assert (refused.value.status, refused.value.field) == (422, name)


def test_other_actions_are_refused() -> None:
    """A word that is none of them is named back."""
    with pytest.raises(ApiError) as refused:
        parse(action="HOLD")
    assert refused.value.code == "unknown_action"


@pytest.mark.parametrize("action", ["BUY_CALL", "SELL_PUT"])
def test_w_45_option_actions_buy(action: str) -> None:
    """Both open a position: SELL_PUT is a signal to the short side, for which a put is bought."""
    assert (parse(action=action).kind, parse(action=action).side) == (AlertKind.ENTRY, Side.BUY)
