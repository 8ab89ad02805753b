"""A desk that accepts alerts as fast as it can and prints each id once it is told. Killed by its parent."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from core.clock import SystemClock
from core.values.ids import AlertId
from storage.sqlite import open_store
from tests.contracts.samples import alert

SENDERS = 32


async def main(path: Path) -> None:
    store = await open_store(path, SystemClock())

    async def send(sender: int) -> None:
        number = 0
        while True:
            number += 1
            name = f"{sender}-{number}"
            receipt = await store.accept_alert(alert(), AlertId(name), name)
            os.write(1, f"{receipt.alert_id}\n".encode())

    await asyncio.gather(*(send(sender) for sender in range(SENDERS)))


asyncio.run(main(Path(sys.argv[1])))
