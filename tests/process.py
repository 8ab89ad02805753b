"""A desk as a real process, driven from outside by CONTRACT alone."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

HOUSE = Path(__file__).resolve().parent.parent
PROGRAM = (sys.executable, "-m", "openoutcry")
ORDER_ROUTE = "/tradingview-to-webhook-order"
OPEN_DOORS = {"OPENOUTCRY_RISK__ENTRIES_PER_MINUTE": "0", "OPENOUTCRY_RISK__SAME_SIDE_ENTRIES_PER_10_MIN": "0"}
"""For bursts: no throttle."""


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("OPENOUTCRY_")}
    return {**kept, "PYTHONPATH": str(HOUSE), **(extra or {})}


def free_ports(count: int) -> list[int]:
    """Free when this returns, for programs that cannot be asked which port they took."""
    held = [socket.socket() for _ in range(count)]
    for each in held:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


def run_program(*arguments: object, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Any:
    """Run one command line to its end."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        env=environment(env),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Desk:
    """A started `openoutcry demo` (or another command line that prints LISTENING and READY)."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.began = time.monotonic()
        self.ready_s = 0.0
        self.process = process
        self.lines: list[str] = []
        self.url = self._after("LISTENING ")
        self.token = ""
        self.sample: dict[str, str] = {}

    def ready(self) -> Desk:
        """Read on to READY and what demo prints behind it."""
        self._after("READY")
        self.ready_s = time.monotonic() - self.began
        return self

    def demo_lines(self) -> Desk:
        self.token = self._after("TOKEN ")
        words = shlex.split("curl " + self._after("curl "))
        self.sample = json.loads(words[words.index("-d") + 1])
        return self

    def _after(self, beginning: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith(beginning.rstrip()):
                return line.rstrip("\n")[len(beginning) :]
        raise AssertionError(f"the desk ended (exit {self.process.wait()}) before {beginning!r}: {self.lines}")

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """One request; JSON in and out. body: bytes are sent as they are."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = Request(self.url + path, data=data, method=method, headers={"Content-Type": "application/json"})
        bearer = self.token if token is None else token
        if bearer:
            request.add_header("Authorization", f"Bearer {bearer}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urlopen(request, timeout=30) as answer:
                return answer.status, _read(answer.read())
        except HTTPError as error:
            with error:
                return error.code, _read(error.read())

    def items(self, name: str) -> list[dict[str, Any]]:
        """The newest thousand."""
        return self._page(name)["items"]  # type: ignore[no-any-return]  # JSON

    def rows(self, name: str) -> list[dict[str, Any]]:
        """All of them, page by page."""
        page = self._page(name)
        found: list[dict[str, Any]] = page["items"]
        while page["next"] is not None:
            page = self._page(name, page["next"])
            found += page["items"]
        return found

    def _page(self, name: str, after: str = "") -> Any:
        status, answer = self.ask("GET", f"/api/v1/{name}?limit=1000{after and f'&after={after}'}")
        assert status == 200, answer
        return answer

    def say(self, text: str) -> list[dict[str, Any]]:
        status, answer = self.ask("POST", "/api/v1/commands", {"text": text})
        assert status == 200, answer
        notices: list[dict[str, Any]] = answer["notices"]
        return notices

    def alert(self, **changes: object) -> tuple[int, Any]:
        return self.ask("POST", ORDER_ROUTE, {**self.sample, **changes}, token="")

    def book(self, ticker: str, bid: str, ask: str) -> None:
        status, answer = self.ask("POST", "/api/v1/demo/market", {"ticker": ticker, "bid": bid, "ask": ask})
        assert status == 200, answer

    def wait_for(self, what: str, holds: Any) -> list[dict[str, Any]]:
        """Read a list until `holds(items)`; bounded by what the desk promises, not by a clock of ours."""
        for _ in range(20_000):
            items = self.items(what)
            if holds(items):
                return items
        raise AssertionError(f"{what} never became so: {items}")

    def kill(self) -> None:
        """As a power cut: no clean-up runs."""
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def _read(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode()


@contextmanager
def start(*arguments: object, env: Mapping[str, str] | None = None) -> Iterator[Desk]:
    """Start a desk and leave none behind."""
    with subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        env=environment(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield Desk(process)
        finally:
            process.kill()


@contextmanager
def demo(data_dir: Path, *arguments: object, env: Mapping[str, str] | None = None) -> Iterator[Desk]:
    """A still demo on any free port, ready, with its token and sample."""
    with start("demo", "--port", 0, "--data-dir", data_dir, "--still", *arguments, env=env) as desk:
        yield desk.ready().demo_lines()
