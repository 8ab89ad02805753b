"""Three processes that are one desk, on one PostgreSQL, beside a broker whose ledger is held against their books."""

from __future__ import annotations

import itertools
import json
import signal
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import psycopg

from storage.vault import KEY_BYTES, KeyFile
from tests.crashes.rig import Rig, eventually, launched
from tests.crashes.verdict import Row
from tests.process import ORDER_ROUTE, Desk

OWNED_S = 60.0
RESTARTED_S = 10.0
PATIENCE_S = 2.0
"""A balancer's: a process that says nothing for so long is passed over."""


class Trio(Rig):
    """`desk` is the process that owned the desk when it was last looked for (`owner`). frozen: by SIGSTOP."""

    def __init__(self, directory: Path, address: str, dialect: str = "always") -> None:
        super().__init__(directory, dialect)
        self.address = address
        self.processes: dict[int, Desk] = {}
        self.frozen: set[int] = set()
        self._turn = itertools.count()
        self._owner = 0

    @property
    def desk(self) -> Desk:
        return self.processes[self._owner]

    def start_all(self) -> None:
        for number in range(3):
            if number not in self.processes:
                self.start_one(number)

    def start_one(self, number: int) -> None:
        """It answers when this returns, and may stand by."""
        data_dir = self.data_dir / str(number)
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        KeyFile(data_dir / "vault.key").keep([bytes(KEY_BYTES)])
        self.processes[number] = launched(self.broker, data_dir, OPENOUTCRY_DESK__DATABASE_URL=self.address)

    def owner(self, within_s: float = OWNED_S, *, other_than: int | None = None) -> int:
        """The number of the one that owns the desk and works. Who ended is started anew, as systemd would."""
        began = time.monotonic()
        while True:
            for number, desk in self.processes.items():
                if number not in self.frozen | {other_than} and self.ready(desk):
                    self._owner = number
                    return number
            waited = time.monotonic() - began
            assert waited < within_s, f"nobody owns the desk after {within_s:.0f} s: {self.last_words()}"
            if waited > RESTARTED_S:
                self.bury()
                self.start_all()
            time.sleep(0.02)

    def verdict(self) -> list[str]:
        """Also while the owner changes."""
        try:
            return super().verdict()
        except OSError as error:
            self.owner()
            return [f"the owner was gone: {error}"]

    def last_words(self) -> str:
        """What each of them logged at last."""
        logs = sorted(self.data_dir.glob("*/logs/desk.jsonl"))
        return "\n".join(
            "".join(["\n", *log.read_text(encoding="utf-8").splitlines(keepends=True)[-6:]]) for log in logs
        )

    def complete(self) -> None:
        """All three are there, and take alerts in."""
        self.start_all()
        self.owner()
        for desk in self.processes.values():
            eventually(lambda desk=desk: desk.ask("POST", ORDER_ROUTE, {}, token="")[0], (401).__eq__)  # type: ignore[misc]

    def halt(self) -> str:
        """What the database says of one; empty = none."""
        with psycopg.connect(self.address) as db:
            row = db.execute("SELECT halt FROM journal").fetchone()
        assert row is not None
        return str(row[0])

    def ready(self, desk: Desk) -> bool:
        try:
            with urlopen(f"{desk.url}/readyz", timeout=PATIENCE_S) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def kill_one(self, number: int) -> None:
        self.processes[number].kill()
        self.gone(number)

    def freeze(self, number: int) -> None:
        self.frozen.add(number)
        self.processes[number].process.send_signal(signal.SIGSTOP)

    def thaw(self, number: int) -> None:
        self.frozen.discard(number)
        self.processes[number].process.send_signal(signal.SIGCONT)

    def ended(self, number: int, within_s: float = 15) -> int:
        """The exit code of one that ends by itself."""
        code = self.processes[number].process.wait(within_s)
        self.gone(number)
        return code

    def bury(self) -> None:
        """Those that have ended."""
        for number in [number for number, desk in self.processes.items() if desk.process.poll() is not None]:
            self.gone(number)

    def gone(self, number: int) -> None:
        self.frozen.discard(number)
        process = self.processes.pop(number).process
        assert process.stdout is not None
        process.stdout.close()

    def send(self, body: Row) -> str | None:
        """As a balancer would: to each in turn, to the next where one does not take it. None where nobody did."""
        numbers = sorted(self.processes)
        first = next(self._turn)
        for place in range(len(numbers)):
            if alert_id := self.send_to(numbers[(first + place) % len(numbers)], body):
                return alert_id
        return None

    def send_to(self, number: int, body: Row) -> str | None:
        """The id in a 200; None where this process did not take it."""
        url = self.processes[number].url + ORDER_ROUTE
        request = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with urlopen(request, timeout=PATIENCE_S) as answer:
                self.accepted.append(str(json.load(answer)["alert_id"]))
                return self.accepted[-1]
        except HTTPError as error:
            with error:
                if error.code != 503:
                    raise
            return None
        except (URLError, OSError):
            return None

    def close(self) -> None:
        for number in list(self.processes):
            self.kill_one(number)
        self.broker.close()
