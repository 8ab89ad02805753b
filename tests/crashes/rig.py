"""A desk that is killed, beside a broker that is not, whose ledger is held against the desk's books afterwards."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from brokers.angelone.translate import tag_of
from core.values.ids import OrderId
from tests.crashes.dialects import BITCOIN, DIALECTS, account_of
from tests.crashes.verdict import Row, disagreements
from tests.process import OPEN_DOORS, ORDER_ROUTE, Desk, environment

SETTLED_S = 45.0
"""An order that nobody knows of is asked about for 16 s, and an exit waits 20 s for it."""
POINT_S = 90.0
"""Some venues take so many calls a minute, and kills come quickly here."""
PRICES = {"SBER": Decimal(300), "GAZP": Decimal(130), "BTCPERP": Decimal(64000), "ETHPERP": Decimal(3200)}


class Broker:
    """The broker server's process."""

    def __init__(self, ledger: Path, dialect: str) -> None:
        self.dialect = dialect
        self.began = datetime.now(UTC)
        server, options = DIALECTS[dialect].server, ["--ledger", str(ledger), "--dialect", dialect]
        command = (sys.executable, "-m", f"tests.servers.{server}", *options)
        self.process = subprocess.Popen(command, env=environment(self.day), stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().removeprefix("LISTENING ").strip()

    @property
    def day(self) -> dict[str, str]:
        """The clock that desk and venue share, where it is not the real one."""
        rate = DIALECTS[self.dialect].hurried
        return {"HURRIED": f"{rate} {self.began.isoformat()}"} if rate else {}

    def ask(self, what: str) -> Any:
        with urlopen(f"{self.url}/referee/{what}", timeout=10) as answer:
            return json.load(answer)

    def control(self, what: str, **body: object) -> None:
        data = json.dumps(body).encode()
        with urlopen(Request(f"{self.url}/control/{what}", data=data), timeout=10):
            pass

    def book(self, ticker: str, price: Decimal, size: Decimal | int = 100_000) -> None:
        """A book one thousandth wide around `price`, `size` deep on both sides."""
        half = (price / 2000).quantize(Decimal("0.5") if price > 10_000 else Decimal("0.05"))
        self.control(
            "book", ticker=ticker, bid=str(price - half), ask=str(price + half), bid_size=str(size), ask_size=str(size)
        )

    def fault(self, name: str, count: int = 1, seconds: float = 1.0) -> None:
        self.control("fault", next=name, count=count, seconds=seconds)

    def stream(self, **ways: bool) -> None:
        self.control("stream", **ways)

    def ledger(self, *kinds: str) -> list[Row]:
        return [line for line in self.ask("ledger") if not kinds or line["kind"] in kinds]

    def close(self) -> None:
        self.process.kill()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


def launched(broker: Broker, data_dir: Path, **more: str) -> Desk:
    """A desk on this broker, once it answers. more: of its environment."""
    env = {
        **OPEN_DOORS,
        "OPENOUTCRY_DESK__DATA_DIR": str(data_dir),
        "OPENOUTCRY_DESK__MODE": "live",
        "OPENOUTCRY_SERVER__PORT": "0",
        "OPENOUTCRY_SERVER__API_TOKEN": "test-token",
        "OPENOUTCRY_WEBHOOK__PASSPHRASE": "test-word",
        "OPENOUTCRY_ACCOUNTS": json.dumps([account_of(broker.dialect, broker.url)]),
        "OPENOUTCRY_JOBS__PAUSE_S": "0.05",
        "OPENOUTCRY_TICKERS": json.dumps({venue: {"BTCPERP": name} for venue, name in BITCOIN.items()}),
        **broker.day,
        **more,
    }
    process = subprocess.Popen(
        (sys.executable, "-m", "tests.wire.program"),
        env=environment(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    desk = Desk(process)
    desk.token = "test-token"
    return desk


class Rig:
    """One data directory, one broker, and a desk that comes and goes. `accepted`: ids of alerts that got their 200."""

    def __init__(self, directory: Path, dialect: str = "always") -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.data_dir = directory / "d"
        self.broker = Broker(directory / "ledger", dialect)
        self.accepted: list[str] = []
        self.venue = DIALECTS[dialect]
        self.ticker = "BTCPERP" if dialect in BITCOIN else "SBER"
        self._desk: Desk | None = None
        self._alerts = 0

    @property
    def desk(self) -> Desk:
        assert self._desk is not None, "started first"
        return self._desk

    @property
    def alive(self) -> bool:
        return self._desk is not None and self._desk.process.poll() is None

    def start(self, point: str = "") -> Desk:
        """A desk on this broker; with a `point` it is returned once it answers, which may be never READY."""
        more = {"OPENOUTCRY_CRASHPOINT": point} if point else {}
        self._desk = launched(self.broker, self.data_dir, **more)
        return self._desk if point else self._desk.ready()

    def arm(self, point: str) -> None:
        """From now on the running desk dies at this point."""
        (self.data_dir / "point").write_text(point, encoding="ascii")
        self.desk.process.send_signal(signal.SIGUSR1)
        self.desk._after(f"ARMED {point}")

    def died(self) -> None:
        """The desk met its point."""
        ended = eventually(self.desk.process.poll, lambda code: code is not None, POINT_S)
        assert ended == -signal.SIGKILL
        self._end()

    def kill(self) -> None:
        self.desk.kill()
        self._end()

    def _end(self) -> None:
        assert self.desk.process.stdout is not None
        self.desk.process.stdout.close()
        self._desk = None

    def close(self) -> None:
        if self._desk is not None:
            self.kill()
        self.broker.close()

    # alerts

    def calm(self) -> None:
        """The book of the traded ticker is where alerts expect it, and the stream tells the truth."""
        self.broker.stream()
        self.broker.book(BITCOIN.get(self.broker.dialect, self.ticker), PRICES[self.ticker])

    def entry(self, ticker: str, *, side: str = "long", **changes: str) -> Row:
        """A body of its own, the stop 5 % away."""
        self._alerts += 1
        price, sign = PRICES[ticker], 1 if side == "long" else -1
        return {
            "ticker": ticker,
            "action": "buy" if side == "long" else "sell",
            "message": "entry",
            "price": f"{price:.2f}",
            f"{side} SL": f"{price * (100 - 5 * sign) / 100:.2f}",
            f"{side} TP": f"{price * (100 + 10 * sign) / 100:.2f}",
            "subaccount": "Testing",
            "passphrase": "test-word",
            "id": f"n{self._alerts}",
            **self._exchange,
            **changes,
        }

    @property
    def _exchange(self) -> Row:
        """As a chart tells it, in a case of its own."""
        return {"exchange": self.broker.dialect.capitalize()} if self.broker.dialect in BITCOIN else {}

    def exit(self, ticker: str) -> Row:
        self._alerts += 1
        return {
            "ticker": ticker,
            "action": "sell",
            "message": "exit",
            "price": f"{PRICES[ticker]:.2f}",
            "subaccount": "Testing",
            "passphrase": "test-word",
            "id": f"n{self._alerts}",
            **self._exchange,
        }

    def send(self, body: Row) -> str | None:
        """The id of the accepted alert, or None where the desk died first."""
        try:
            status, answer = self.desk.ask("POST", ORDER_ROUTE, body, token="")
        except (URLError, OSError):
            return None
        assert status == 200, answer
        self.accepted.append(str(answer["alert_id"]))
        return self.accepted[-1]

    # the verdict

    def verdict(self) -> list[str]:
        """What the desk's books and the referee's ledger do not agree on; empty when all is well."""
        lists = {name: self.desk.rows(name) for name in ("alerts", "orders", "positions", "notices")}
        referee = {name: self.broker.ask(name) for name in ("ledger", "orders", "stop_orders", "positions")}
        if self.broker.dialect == "angelone":  # it knows orders by their tags
            tags = {tag_of(OrderId(row["id"])): row["id"] for row in lists["orders"]}
            referee = {name: [_renamed(row, tags) for row in rows] for name, rows in referee.items()}
        return disagreements(self.accepted, lists, referee, self.broker.dialect)

    def standing(self) -> list[Row]:
        return [*self.broker.ask("orders"), *self.broker.ask("stop_orders")]

    def well(self) -> None:
        """Everything settles, and then the two sides agree on it."""
        eventually(self.verdict, lambda found: not found)

    def entries(self) -> list[Row]:
        return [o for o in self.desk.items("orders") if o["role"] == "entry"]


def _renamed(row: Row, tags: Mapping[str, str]) -> Row:
    return {key: tags.get(value, value) if key in {"client_id", "order_id"} else value for key, value in row.items()}


@contextmanager
def running(directory: Path, dialect: str) -> Iterator[Rig]:
    rig = Rig(directory, dialect)
    try:
        rig.start()
        yield rig
    finally:
        rig.close()


def eventually(read: Callable[[], Any], holds: Callable[[Any], object], within_s: float = SETTLED_S) -> Any:
    """Two other processes are waited for: read until it holds, and fail with what was read last."""
    deadline = time.monotonic() + within_s
    while not holds(value := read()):
        assert time.monotonic() < deadline, f"after {within_s:.0f} s: {value}"
        time.sleep(0.05)
    return value
