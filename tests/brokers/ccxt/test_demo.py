"""The demo shows a perpetual end to end, with no key and no venue."""

from __future__ import annotations

from pathlib import Path

from tests.process import demo


def test_btcperp_from_alert_to_flat_in_the_demo(tmp_path: Path) -> None:
    """Entered by an alert that names Bybit, guarded by a stop and a target, left by another alert."""
    with demo(tmp_path / "d") as desk:
        desk.book("BTCPERP", "63999.5", "64000.5")
        levels = {"price": "64000", "long SL": "63000", "long TP": "66000"}
        names = {"ticker": "BTCPERP", "exchange": "ByBit", "action": "buy"}
        status, answer = desk.alert(**names, **levels, message="entry")
        assert (status, answer["status"]) == (200, "accepted")
        [held] = desk.wait_for("positions", lambda rows: [row["protected_by"] for row in rows] == ["broker"])
        assert (held["ticker"], held["stop"], held["target"]) == ("BTCPERP", "63000", "66000")
        desk.alert(**{**names, "action": "sell"}, **levels, message="exit", id="leave")
        desk.wait_for("positions", lambda rows: not rows)
        desk.wait_for("orders", lambda rows: not [row for row in rows if row["state"] in {"OPEN", "PART_FILLED"}])
