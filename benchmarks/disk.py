"""What a desk writes to its disk: an SD card wears out by it.

A demo, first left alone, then with as many alerts as a busy desk has in a day; then another, with a position whose stop
the desk itself watches day and night. Target: under 5 GB a month at 50 alerts a day, with all of it. What the kernel
counts as sent to the disk (/proc/PID/io), so the folder must not be in memory.

    python -m benchmarks.disk [--watch S]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from tests.process import OPEN_DOORS, Desk, start

ALERTS = 50
DAY_S = 24 * 3600
TARGET_GB = 5.0
NO_STOPS = {
    "OPENOUTCRY_ACCOUNTS": '[{"name": "Testing", "broker": "paper", "dialect": "bare"}]',
    "OPENOUTCRY_PICTURES__ON": "false",  # the entry's own is drawn when there is time for it, and counts as the alert's
}


def written(desk: Desk) -> int:
    """Bytes, of the process and of those it has waited for."""
    lines = Path(f"/proc/{desk.process.pid}/io").read_text(encoding="ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["write_bytes"])


def idle_rate(desk: Desk, watch_s: float) -> float:
    """Bytes a second of a desk to which nobody says anything."""
    time.sleep(5)  # what came before
    began, before = time.monotonic(), written(desk)
    time.sleep(watch_s)
    return (written(desk) - before) / (time.monotonic() - began)


def watching_rate(directory: Path, watch_s: float) -> float:
    """The same while it watches the stop of a position at a broker that keeps none; a stop that is far away."""
    with start("demo", "--port", 0, "--data-dir", directory / "w", env={**OPEN_DOORS, **NO_STOPS}) as desk:
        desk.ready().demo_lines()
        far = Decimal(desk.sample["price"]) / 2
        assert desk.alert(**{"long SL": str(far), "long TP": str(far * 4), "time": None})[0] == 200
        desk.wait_for("positions", lambda rows: [row["protected_by"] for row in rows] == ["desk"])
        rate = idle_rate(desk, watch_s)
        assert [row["protected_by"] for row in desk.items("positions")] == ["desk"]
        desk.stop()
    return rate


def measure(watch_s: float = 180.0) -> dict[str, float]:
    """GB a month, and its parts."""
    with tempfile.TemporaryDirectory(dir=".") as directory:
        with start("demo", "--port", 0, "--data-dir", Path(directory) / "d", env=OPEN_DOORS) as desk:
            desk.ready().demo_lines()
            idle = idle_rate(desk, watch_s)
            before = written(desk)
            for number in range(ALERTS):
                price = Decimal(desk.sample["price"]) + Decimal(number) / 100
                assert desk.alert(price=str(price), time=None)[0] == 200
            desk.wait_for(
                "alerts", lambda rows: len(rows) >= ALERTS and not any(row["status"] == "new" for row in rows)
            )
            time.sleep(5)
            alert = (written(desk) - before) / ALERTS
            desk.stop()
        watching = watching_rate(Path(directory), watch_s)
    quiet, busy = ((rate * DAY_S + alert * ALERTS) * 30 / 1e9 for rate in (idle, watching))
    print(
        f"disk: {idle * 3600 / 1e6:.1f} MB an hour idle, {alert / 1e3:.0f} kB an alert: {quiet:.2f} GB a month at "
        f"{ALERTS} alerts a day; {watching * 3600 / 1e6:.1f} MB an hour while it watches a stop itself: {busy:.2f} GB "
        f"(target {TARGET_GB:.0f})"
    )
    return {"gb_month": quiet, "gb_month_watching": busy, "idle_mb_hour": idle * 3600 / 1e6, "alert_kb": alert / 1e3}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--watch", type=float, default=180.0)
    measure(parser.parse_args().watch)
