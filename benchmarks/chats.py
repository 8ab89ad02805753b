"""What both chats cost: seconds to READY and resident memory after every command was used once on each of them.

Targets: READY within 1.5 s (it waits for no chat), at most 110 MB.

    python -m benchmarks.chats
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.idle import rss_mb
from core.commands import table
from tests.chats import Trio, both_chats
from tests.servers.discord import ANN

ARGUMENTS = {"buy": "10 SBER", "sell": "10 SBER", "why": "x", "approve": "x", "reject": "x", "edit": "x quantity=1"}


async def _use_everything(trio: Trio) -> None:
    """Each command once on Telegram and, with its options, once on Discord."""
    for command in table():
        heard = await trio.telegram.say(f"/{command.name} {ARGUMENTS.get(command.name, '')}".strip())
        await trio.telegram.idle(heard)
        words: dict[str, Any] = dict.fromkeys((a.name for a in command.arguments if a.required), "x")
        number = await trio.discord.slash(ANN, command.name, **words)
        await trio.discord.answer(number)


async def _once() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as directory:
        began = time.monotonic()
        async with both_chats(Path(directory)) as trio:
            connected = time.monotonic() - began
            before = rss_mb(trio.desk.process.pid)
            await _use_everything(trio)
            after = rss_mb(trio.desk.process.pid)
            return {"ready_s": trio.desk.ready_s, "connected_s": connected, "before_mb": before, "rss_mb": after}


def measure() -> dict[str, float]:
    found = asyncio.run(_once())
    print(
        f"both chats: READY after {found['ready_s']:.2f} s (target 1.5), connected after {found['connected_s']:.2f} s, "
        f"{found['before_mb']:.0f} MB idle, {found['rss_mb']:.0f} MB after every command (target 110)"
    )
    return found


if __name__ == "__main__":
    measure()
