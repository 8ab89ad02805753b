"""How long a link's sender waits while the broker needs five seconds for each order.

Target: p99 of 100 posts below 200 ms (AO-10).

    python -m benchmarks.hook
"""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.load import new_connections, post
from tests.process import OPEN_DOORS, start

POSTS, TARGET_MS = 100, 200.0
SLOW = {**OPEN_DOORS, "OPENOUTCRY_ACCOUNTS": '[{"name": "Testing", "broker": "paper", "latency_ms": 5000}]'}
LINK = {"name": "Slow", "account": "Testing", "strategy": "S", "stop_loss": "2", "quantity": "10"}


def measure() -> dict[str, float]:
    with (
        tempfile.TemporaryDirectory() as directory,
        start("demo", "--port", 0, "--data-dir", Path(directory), env=SLOW) as desk,
    ):
        desk.ready().demo_lines()
        _, link = desk.ask("POST", "/api/v1/links", LINK)
        now = datetime.now(UTC).isoformat()
        body = {"strategy": "S", "symbol": "SBER", "action": "BUY", "timestamp": now}
        bodies = [post(f"/hook/{link['token']}", json.dumps({**body, "n": n}).encode()) for n in range(POSTS)]
        run = new_connections([urlsplit(desk.url).port or 0], bodies, 1)
        orders = desk.items("orders")
        assert all(b'"accepted"' in answer for answer in run.answers)
        assert not any(order["filled"] != "0" for order in orders), "the broker was to be slow"
    found = {"p99": run.percentile(99), "median": run.percentile(50)}
    print(
        f"hook: {POSTS} posts while the broker needs 5 s: median {found['median']:.1f} ms, p99 {found['p99']:.1f} ms "
        f"(target {TARGET_MS:.0f})"
    )
    return found


if __name__ == "__main__":
    measure()
