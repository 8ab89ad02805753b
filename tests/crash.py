"""A desk that dies: `python -m tests.crash DIRECTORY POINT STORY`, killed at the crash point, if it is passed."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

from core import crashpoints
from tests.desk import levels, opened


async def main(directory: Path, point: str, story: str) -> None:
    if story == "restart":
        crashpoints.arm(point)
    async with opened(directory) as desk:
        if story == "cancel":
            await desk.limit("39500", long=levels("39300"))
        crashpoints.arm(point)
        await (desk.exit() if story == "cancel" else desk.enter())


def die(data_dir: Path, point: str, story: str = "enter") -> None:
    """Let a desk of its own process live until it is killed there."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash", str(data_dir), point, story],
        cwd=Path(__file__).parents[1], check=False, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
