"""A real Prometheus scrapes the desk, and its own tool finds our rules right."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from tests.process import HOUSE, demo, free_ports

pytestmark = pytest.mark.real

RULES = HOUSE / "examples" / "prometheus"


def tool(*words: object) -> str:
    program = shutil.which("promtool")
    assert program is not None, "install Debian's prometheus (.ci/run does)"
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_promtool_finds_rules_and_configuration_right() -> None:
    """As they are shipped."""
    assert "rules found" in tool("check", "rules", RULES / "rules.yml")
    tool("check", "config", RULES / "prometheus.yml")


def test_a_rule_fires_when_it_should(tmp_path: Path) -> None:
    """A halted desk and a position without its stop page somebody; a desk in order does not."""
    (tmp_path / "rules.yml").write_text((RULES / "rules.yml").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "test.yml").write_text(
        """
rule_files: [rules.yml]
evaluation_interval: 10s
tests:
  - interval: 10s
    input_series:
      - {series: 'openoutcry_risk_state{state="HALTED"}', values: "0 0 0 1 1 1"}
      - {series: "openoutcry_unprotected_seconds", values: "0 0 0 2 12 22"}
    alert_rule_test:
      - {eval_time: 20s, alertname: TradingIsHalted, exp_alerts: []}
      - eval_time: 40s
        alertname: TradingIsHalted
        exp_alerts:
          - exp_labels: {state: HALTED, severity: page}
            exp_annotations: {summary: Trading is halted until a person arms it.}
      - eval_time: 40s
        alertname: PositionWithoutStop
        exp_alerts:
          - exp_labels: {severity: page}
            exp_annotations: {summary: A managed position has had no stop for 12 seconds.}
""",
        encoding="utf-8",
    )
    tool("test", "rules", tmp_path / "test.yml")


@contextmanager
def prometheus(home: Path, target: str) -> Iterator[str]:
    program = shutil.which("prometheus")
    assert program is not None, "install Debian's prometheus (.ci/run does)"
    (port,) = free_ports(1)
    home.mkdir()
    text = (RULES / "prometheus.yml").read_text(encoding="utf-8")
    text = text.replace("127.0.0.1:8089", target).replace("interval: 10s", "interval: 1s")
    (home / "prometheus.yml").write_text(text, encoding="utf-8")
    shutil.copy(RULES / "rules.yml", home)
    command = [
        program,
        f"--config.file={home}/prometheus.yml",
        f"--storage.tsdb.path={home}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def until(url: str, query: str, wanted: str) -> None:
    """Ask until the first sample has this value; each question waits for an answer, so this is no busy loop."""
    seen = None
    for _ in range(200_000):
        try:
            with urlopen(f"{url}/api/v1/query?query={quote(query)}", timeout=10) as answer:
                found = json.load(answer)["data"]["result"]
        except URLError:
            continue
        seen = found[0]["value"][1] if found else None
        if seen == wanted:
            return
    raise AssertionError(f"{query} is {seen}")


def test_a_prometheus_scrapes_the_desk(tmp_path: Path) -> None:
    """A ready desk, one fill after the sample alert, and histograms that it can read."""
    with (
        demo(tmp_path / "desk") as desk,
        prometheus(tmp_path / "prometheus", desk.url.removeprefix("http://")) as url,
    ):
        until(url, "openoutcry_ready", "1")
        assert desk.alert()[0] == 200
        until(url, "openoutcry_fills_total", "1")
        until(url, "openoutcry_ack_seconds_count", "1")
        until(url, 'up{job="openoutcry"}', "1")
