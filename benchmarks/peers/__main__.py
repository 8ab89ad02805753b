"""The same rule over a year of minutes on other people's engines and on ours (`make bench-peers`).

Each engine runs in a process of its own, on one core, and prints what it did; its trades are held against ours. Single
runs are in processor time, as the machine may be shared; grids of a hundred points by the wall, on two cores.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.__main__ import keep
from benchmarks.peers.rule import made

ROOT = Path(__file__).resolve().parent.parent.parent
THEIRS = ROOT / ".venv-peers" / "bin" / "python"
PEERS = ("backtesting", "nautilus", "vectorbt", "backtrader")
OURS = {"plain": ("plain",), "compiled": ()}
GRIDS = ("backtesting", "vectorbt")
TIMEOUT_S = 900


def ran(engine: str, bars: Path, what: str, words: Sequence[str] = ()) -> dict[str, Any]:
    """One engine in its own process. Raises CalledProcessError where it fails."""
    python = sys.executable if engine == "openoutcry" else str(THEIRS)
    command = [python, "-m", f"benchmarks.peers.on_{engine}", str(bars), what, *words]
    cores = "0" if what == "one" else "0,1"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    pinned = ["taskset", "-c", cores, *command]
    done = subprocess.run(
        pinned, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, timeout=TIMEOUT_S
    )
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def singles(bars: Path) -> dict[str, float]:
    """Median seconds of a run, by engine."""
    found = {name: ran("openoutcry", bars, "one", words) for name, words in OURS.items()}
    found |= {name: ran(name, bars, "one") for name in PEERS}
    expected = found["plain"]["trades"]
    for name, said in found.items():
        same = sum(mine == theirs for mine, theirs in zip(expected, said["trades"], strict=False))
        count, seconds = len(said["trades"]), median(said["seconds"])
        print(f"{name:12} {1000 * seconds:9.2f} ms  {count} trades, {same} as ours, first run {said['first_s']:.2f} s")
    return {name: median(said["seconds"]) for name, said in found.items()}


def grids(bars: Path) -> dict[str, tuple[float, float]]:
    """Seconds of a hundred points and megabytes of the process, by engine."""
    found = {name: ran("openoutcry", bars, "grid", words) for name, words in OURS.items()}
    found |= {name: ran(name, bars, "grid") for name in GRIDS}
    for name, said in found.items():
        print(
            f"{name:12} 100 points {said['grid_s']:8.3f} s  {said['mb']:.0f} MB, children {said['children_mb']:.0f} MB"
        )
    return {name: (said["grid_s"], said["mb"]) for name, said in found.items()}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        bars = Path(name) / "bars.npy"
        np.save(bars, made())
        one, many = singles(bars), grids(bars)
    for peer in PEERS:
        keep(f"year of minutes, {peer} to ours plain", one[peer] / one["plain"], "ratio")
        keep(f"year of minutes, {peer} to ours compiled", one[peer] / one["compiled"], "ratio")
    for peer in GRIDS:
        keep(f"grid of 100, {peer} to ours plain", many[peer][0] / many["plain"][0], "ratio")
        keep(f"grid of 100, {peer} to ours compiled", many[peer][0] / many["compiled"][0], "ratio")
    keep("grid of 100, our memory to vectorbt's", many["compiled"][1] / many["vectorbt"][1], "ratio")


if __name__ == "__main__":
    main()
