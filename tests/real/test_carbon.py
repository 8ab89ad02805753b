"""A real Carbon takes our lines, and its whisper files hold them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.process import Desk, demo, free_ports

pytestmark = pytest.mark.real

CARBON = """
[cache]
STORAGE_DIR = {home}
CONF_DIR = {home}
LOG_DIR = {home}/log
PID_DIR = {home}
LOCAL_DATA_DIR = {home}/whisper
USER =
MAX_CACHE_SIZE = inf
MAX_UPDATES_PER_SECOND = 500
MAX_CREATES_PER_MINUTE = inf
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = {port}
ENABLE_UDP_LISTENER = False
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = {pickle}
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = {query}
WHISPER_AUTOFLUSH = True
"""
SCHEMAS = "[all]\npattern = .*\nretentions = 1s:2d\n"
HUB = {"OPENOUTCRY_HUB__TOKEN": "a token for carbon"}


@contextmanager
def carbon(home: Path, ports: list[int]) -> Iterator[None]:
    """Fails where Carbon is not installed: a real test never skips."""
    program = shutil.which("carbon-cache")
    assert program is not None, "install Debian's graphite-carbon (.ci/run does)"
    home.mkdir(exist_ok=True)
    port, pickle, query = ports
    (home / "carbon.conf").write_text(CARBON.format(home=home, port=port, pickle=pickle, query=query))
    (home / "storage-schemas.conf").write_text(SCHEMAS)
    command = [program, f"--config={home}/carbon.conf", f"--logdir={home}/log", "--nodaemon", "start"]
    (home / "log").mkdir(exist_ok=True)
    (home / "carbon-cache-a.pid").unlink(missing_ok=True)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def read_back(home: Path, metric: str, epoch: int) -> float | None:
    """What whisper has for that second; asked again until it has something."""
    path = home / "whisper" / (metric.replace(".", "/") + ".wsp")
    for _ in range(200):
        said = subprocess.run(
            ["whisper-fetch", f"--from={epoch - 1}", f"--until={epoch + 1}", path],
            capture_output=True,
            text=True,
            check=False,
        )
        for line in said.stdout.splitlines():
            at, _, value = line.partition("\t")
            if int(at) == epoch and value != "None":
                return float(value)
    return None


def post(desk: Desk, path: str, **changes: Any) -> int:
    """Send an alert; its epoch."""
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=changes.pop("age_s", 0))
    body = {"id": 2, "name": "LWMA", "symbol": "FXCM:EURUSD", "interval": 15, "direction": "buy", "price": 1.0712}
    body |= {"timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"), **changes}
    assert desk.ask("POST", path, body, token=HUB["OPENOUTCRY_HUB__TOKEN"])[0] == 200
    return int(at.timestamp())


def test_tv_10_to_tv_13_metrics_reach_whisper_through_an_outage(tmp_path: Path) -> None:
    """Buy 85, sell 15, closed 50, outdated 50, both lines of the distributor's format; Carbon is stopped between."""
    home, ports = tmp_path / "carbon", free_ports(3)
    env = {
        **HUB,
        "OPENOUTCRY_TARGETS__GRAPHITE__HOST": "127.0.0.1",
        "OPENOUTCRY_TARGETS__GRAPHITE__PORT": str(ports[0]),
        "OPENOUTCRY_TARGETS__GRAPHITE__FORMAT": "both",
    }
    with demo(tmp_path / "desk", env=env) as desk:
        with carbon(home, ports):
            bought = post(desk, "/carbon-alert", name="BUYS")
            sold = post(desk, "/carbon-alert", name="SELLS", direction="sell")
            closed = post(desk, "/carbon-alert", name="CLOSES", direction="close all")
            old = post(desk, "/carbon-alert", name="OLD", age_s=16 * 60)
            told = post(desk, "/alert", direction="sell")
            assert read_back(home, "strat.BUYS.15.FXCM:EURUSD", bought) == 85
            assert read_back(home, "strat.SELLS.15.FXCM:EURUSD", sold) == 15
            assert read_back(home, "strat.CLOSES.15.FXCM:EURUSD", closed) == 50
            assert read_back(home, "strat.OLD.15.FXCM:EURUSD", old) == 50
            assert read_back(home, "tvt_agents.LWMA.FXCM.EURUSD.15.direction", told) == -1
            assert read_back(home, "tvt_agents.LWMA.FXCM.EURUSD.15.price", told) == 1.0712
        lost = post(desk, "/carbon-alert", name="MEANWHILE")
        with carbon(home, ports):
            assert read_back(home, "strat.MEANWHILE.15.FXCM:EURUSD", lost) == 85
