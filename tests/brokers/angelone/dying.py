"""A desk that dies on the way of one alert: `python -m tests.brokers.angelone.dying DIRECTORY URL BEGAN POINT`, killed
at the crash point. Its Angel One is another process's and lives on."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

from core import crashpoints
from tests.brokers.angelone.house import trading
from tests.hurried import Hurried


async def main(directory: Path, url: str, began: datetime, point: str) -> None:
    async with trading(directory, SimpleNamespace(url=url), Hurried(began=began)) as house:
        crashpoints.arm(point)
        await house.enter()
        await asyncio.sleep(20)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], datetime.fromisoformat(sys.argv[3]), sys.argv[4]))
