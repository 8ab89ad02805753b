"""What becomes of an alert."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.rules.routing import Approval, Way, way
from core.values.alerts import Alert, AlertKind, Source

AT = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("source", "kind", "own", "approval", "expected"),
    [
        ("order", "entry", "", "auto", "trade"),
        ("order", "entry", "", "paper", "trade"),
        ("order", "entry", "", "ask", "ask"),
        ("order", "exit", "", "ask", "trade"),
        ("order", "breakeven", "", "ask", "trade"),
        ("order", "entry", "ask", "auto", "ask"),
        ("order", "entry", "none", "ask", "trade"),
        ("study", "entry", "", "auto", "ask"),
        ("study", "exit", "none", "auto", "ask"),
        ("study", "info", "", "auto", "tell"),
        ("order", "info", "ask", "ask", "tell"),
    ],
)
def test_an_alert_goes_the_way_of_its_kind_route_and_rights(
    source: str, kind: str, own: str, approval: str, expected: str
) -> None:
    """Told, asked or traded; exits of the order route never wait."""
    alert = Alert(Source(source), AT, "{}", AlertKind(kind), "SBER", approval=own)
    assert way(alert, Approval(approval)) is Way(expected)
