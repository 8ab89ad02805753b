"""A desk that dies between telling people and knowing that it told them."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

from tests.process import start
from tests.servers.telegram import OWNER, telegram


async def test_a_message_that_was_sent_and_not_marked_is_told_again(tmp_path: Path) -> None:
    """Killed right after the greeting went out: told twice rather than never, and everything after it is told."""
    async with telegram() as chat:
        env = {
            "OPENOUTCRY_TELEGRAM__TOKEN": chat.token,
            "OPENOUTCRY_TELEGRAM__API_BASE": chat.base,
            "OPENOUTCRY_TELEGRAM__ALLOWED_USER_IDS": json.dumps([OWNER]),
        }
        arguments = ("demo", "--port", 0, "--data-dir", tmp_path / "d", "--still")
        with start(*arguments, env={**env, "OPENOUTCRY_CRASHPOINT": "out.sent_pre_mark"}) as desk:
            assert await asyncio.to_thread(desk.process.wait, 30) == -signal.SIGKILL
        [first] = chat.texts
        assert "The desk is open" in first
        with start(*arguments, env=env) as desk:
            await asyncio.to_thread(desk.ready)
            await chat.until(lambda: len(chat.texts) == 3)
            assert chat.texts[1] == first
            await chat.say("/health")
            await chat.until(lambda: len(chat.texts) == 4)
