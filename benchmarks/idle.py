"""What an idle demo costs: seconds to LISTENING and READY, resident memory, share of one core.

Targets: READY within 1.5 s, at most 90 MB.

    python -m benchmarks.idle
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STARTS = 5
WATCHED_S = 5.0


def measure() -> dict[str, float]:
    """Medians over a few starts."""
    found = [_once() for _ in range(STARTS)]
    medians = {key: statistics.median(one[key] for one in found) for key in found[0]}
    print(
        f"demo: LISTENING after {medians['listening_s']:.2f} s, READY after {medians['ready_s']:.2f} s (target 1.5), "
        f"{medians['rss_mb']:.0f} MB idle (target 90), {medians['cpu_percent']:.1f} % of a core"
    )
    return medians


def _once() -> dict[str, float]:
    command = [sys.executable, "-m", "openoutcry", "demo", "--port", "0", "--data-dir"]
    with tempfile.TemporaryDirectory() as directory:
        began = time.monotonic()
        with subprocess.Popen(
            [*command, directory], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as desk:
            times: dict[str, float] = {}
            assert desk.stdout is not None
            for line in desk.stdout:
                times[line.split()[0].lower()] = time.monotonic() - began
                if line.startswith("curl"):
                    break
            before = cpu_s(desk.pid)
            time.sleep(WATCHED_S)
            busy = (cpu_s(desk.pid) - before) / WATCHED_S * 100
            memory = rss_mb(desk.pid)
            desk.send_signal(signal.SIGTERM)
            desk.wait(20)
    return {"listening_s": times["listening"], "ready_s": times["ready"], "rss_mb": memory, "cpu_percent": busy}


def rss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    measure()
