"""The end of the day as a program sees it: the clock passes the minute, the report and the sale are there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.process import demo


def test_ao_32_the_clock_passes_the_minute(tmp_path: Path) -> None:
    """A position that does not gain is sold at the set time, not later, and the report says so."""
    soon = datetime.now(UTC) + timedelta(hours=2)
    env = {"OPENOUTCRY_END_OF_DAY__AT": f"{soon:%H:%M}", "OPENOUTCRY_END_OF_DAY__TIMEZONE": "UTC"}
    with demo(tmp_path / "d", env=env) as desk:
        assert desk.alert()[0] == 200
        desk.wait_for("positions", lambda rows: len(rows) == 1)
        desk.wait_for("orders", lambda rows: sum(row["state"] == "OPEN" for row in rows) == 2)  # its stop and target
        for _ in range(18):
            assert desk.ask("POST", "/api/v1/demo/clock", {"advance_s": 600})[0] == 200
        desk.wait_for("positions", lambda rows: not rows)
        [report] = desk.items("reports")
        [judged] = report["positions"]
        assert (report["kind"], report["account"]) == ("end_of_day", "Testing")
        assert set(judged) == {"symbol", "expiry", "strike", "last", "entry", "kept"}
        assert judged["kept"] is False
        exits = [order for order in desk.items("orders") if order["role"] == "exit"]
        assert [order["at"][:16] for order in exits] == [f"{soon:%Y-%m-%dT%H:%M}"]
        assert "End of the day on Testing" in str(desk.say("/report"))
        assert desk.ask("GET", f"/api/v1/reports/{report['id']}")[1]["id"] == report["id"]
