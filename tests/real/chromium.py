"""Debian's Chromium, headless, driven over its own debugging protocol."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)
WAIT_S = 20


class Page:
    """One tab. `problems`: every error and refusal the console has shown."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._reader = asyncio.create_task(self._read())
        self.problems: list[str] = []

    async def call(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(WAIT_S):
            return await self._answers[number]

    async def open(self, url: str, width: int = 1280, height: int = 900) -> None:
        await self.call("Page.enable")
        await self.call("Runtime.enable")
        await self.call("Log.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        await self.call("Emulation.setDeviceMetricsOverride", **size)
        await self.call("Page.navigate", url=url)

    async def run(self, script: str) -> Any:
        """The value of a JavaScript expression; promises are awaited."""
        said = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    async def until(self, condition: str) -> None:
        """Wait in the page, once its scripts are there, until a JavaScript condition holds; a page that loads itself
        anew is waited for, too."""
        look = (
            "new Promise((done, fail) => { const end = Date.now() + 15000; const look = () => {"
            f" if (document.readyState === 'complete' && ({condition})) done(true);"
            " else if (Date.now() > end) fail(new Error('never'));"
            " else setTimeout(look, 50); }; look(); })"
        )
        for _ in range(5):
            said = await self.call("Runtime.evaluate", expression=look, awaitPromise=True, returnByValue=True)
            if "result" in said:
                assert "exceptionDetails" not in said, f"never: {condition}"
                return
        raise AssertionError(f"the page never stayed: {condition}")

    async def close(self) -> None:
        self._reader.cancel()
        await self._socket.close()

    async def _read(self) -> None:
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told.get("result", told))
                continue
            entry = told["params"].get("entry", {})
            if told["method"] == "Runtime.exceptionThrown" or entry.get("level") == "error":
                self.problems.append(json.dumps(told["params"])[:500])


@asynccontextmanager
async def chromium(profile: Path) -> AsyncIterator[Page]:
    """A browser with one empty page. Fails where Chromium is not installed: a real test never skips."""
    program = shutil.which("chromium")
    assert program is not None, "install Debian's chromium (.ci/run does)"
    process = await asyncio.create_subprocess_exec(
        program, *FLAGS, f"--user-data-dir={profile}", "about:blank", stderr=asyncio.subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        async with asyncio.timeout(WAIT_S):
            line = b""
            while b"DevTools listening on" not in line:
                line = await process.stderr.readline()
        port = int(line.split(b"127.0.0.1:")[1].split(b"/")[0])
        drain = asyncio.create_task(process.stderr.read())
        async with ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                target = next(t for t in await answer.json() if t["type"] == "page")
            page = Page(await session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0))
            yield page
            await page.close()
        drain.cancel()
    finally:
        process.kill()
        await process.wait()
