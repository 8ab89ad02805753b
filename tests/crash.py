"""A desk that dies: `python -m tests.crash DIRECTORY POINT STORY`, killed at the crash point, if it is passed."""

from __future__ import annotations

import asyncio
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


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
