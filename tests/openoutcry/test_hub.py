"""The hub of a real desk: its targets, the desk that follows it, the distributor that hands its alerts on."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.process import HOUSE, PROGRAM, Desk, demo, environment, run_program
from tests.servers.mqtt import mqtt_broker
from tests.targets.samples import line_server

TOKEN = "the token of a hub"
HUB = {"OPENOUTCRY_HUB__TOKEN": TOKEN}


def alert(**changes: Any) -> dict[str, Any]:
    """Sent just now."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    known = {"id": 2, "name": "LWMA", "symbol": "FXCM:EURUSD", "interval": 15, "direction": "buy", "price": 1.0712}
    return {**known, "timestamp": now, **changes}


def post(desk: Desk, body: dict[str, Any], path: str = "/alert") -> None:
    status, answer = desk.ask("POST", path, body, token=TOKEN)
    assert (status, answer["message"]) == (200, "OK"), answer


def feed(desk: Desk) -> str:
    return desk.url.replace("http", "ws") + "/wsalerts"


@contextmanager
def distributor(desk: Desk, folder: Path, out: Path) -> Iterator[subprocess.Popen[str]]:
    token = folder.parent / "token"
    token.write_text(TOKEN + "\n", encoding="utf-8")
    words = ("distribute", "--ws-url", feed(desk), "--token-file", token, "--src", folder)
    with subprocess.Popen(
        [*PROGRAM, *map(str, words)],
        env=environment({"ALERTS_FILE": str(out)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Targets of a stranger: the example."""
    found = tmp_path / "src"
    found.mkdir()
    shutil.copy(HOUSE / "examples" / "targets" / "file.py", found)
    return found


def test_tv_18_a_distributor_hands_on_what_a_hub_tells(tmp_path: Path, folder: Path) -> None:
    """Every alert after it connected, in order; SIGTERM flushes and ends in 0."""
    out = tmp_path / "out.jsonl"
    with demo(tmp_path / "d", env=HUB) as desk, distributor(desk, folder, out) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "TARGET file\n"
        while "following" not in process.stderr.readline():
            pass
        for number in range(20):
            post(desk, alert(id=number))
        desk.stop()
        while "away" not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert [json.loads(line)["id"] for line in out.read_text(encoding="utf-8").splitlines()] == list(range(20))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--ws-url", "http://localhost/wsalerts"), "must begin with ws://"),
        (("--ws-url", "ws://localhost/wsalerts", "--src", "nowhere"), "no targets in nowhere"),
        (("--ws-url", "ws://localhost/wsalerts", "--log-level", "LOUD"), "invalid choice"),
        (("--ws-url", "ws://localhost/wsalerts", "--delay", "-1"), "must not be negative"),
        (("--ws-url", "ws://localhost/wsalerts", "--token-file", "nowhere"), "cannot be read"),
        ((), "--ws-url"),
    ],
)
def test_tv_28_what_cannot_start_says_why(words: tuple[str, ...], said: str) -> None:
    """Bad usage: exit 2."""
    done = run_program("distribute", *words)
    assert done.returncode == 2
    assert said in done.stderr


def test_tv_29_show_targets_lists_what_is_loaded(folder: Path, tmp_path: Path) -> None:
    """Built-in ones that are on, and files; verbose adds what they say of themselves."""
    env = {"OPENOUTCRY_TARGETS__GRAPHITE__HOST": "localhost", "OPENOUTCRY_TARGETS__CONSOLE__ON": "true"}
    plain = run_program("show", "targets", "--src", folder, env=env)
    assert plain.returncode == 0
    assert [line.split()[0] for line in plain.stdout.splitlines()] == ["console", "carbon", "file"]
    verbose = run_program("show", "targets", "--src", folder, "--verbose")
    assert "Appends every alert" in verbose.stdout
    assert "no targets" in run_program("show", "targets", "--src", tmp_path / "none").stdout


def test_tv_29_example_and_timing_hand_over_every_alert() -> None:
    """In order, to a target on a thread of its own; timing prints the seconds to six digits and nothing else."""
    lines = run_program("example", "threadedtarget", "--count", "50").stdout.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == [str(number) for number in range(1, 51)]
    assert lines[-1] == "50 alerts handed over, in order"
    timed = run_program("timing", "threadedtarget", "--count", "50").stdout
    assert re.fullmatch(r"\d+\.\d{6}\n", timed)
    assert run_program("timing", "threadedtarget", "--count", "0").returncode == 2


async def test_tv_13_an_outage_of_carbon_is_not_felt_and_ends(tmp_path: Path) -> None:
    """200 while nobody listens; when Carbon comes back on its port, the metric arrives."""
    async with line_server() as unused:
        port = unused.port
    env = {**HUB, "OPENOUTCRY_TARGETS__GRAPHITE__HOST": "127.0.0.1", "OPENOUTCRY_TARGETS__GRAPHITE__PORT": str(port)}
    with demo(tmp_path / "d", env=env) as desk:
        body = alert(direction="sell")
        await asyncio.to_thread(post, desk, body, "/carbon-alert")
        epoch = int(datetime.fromisoformat(body["timestamp"]).timestamp())
        async with line_server(port) as carbon:
            assert await carbon.some(1) == [f"strat.LWMA.15.FXCM:EURUSD 15 {epoch}\n"]


async def test_tv_11_and_tv_17_settings_come_from_the_environment(tmp_path: Path) -> None:
    """The time-out decides what is outdated; the desk's zone is in the broadcast."""
    async with line_server() as carbon:
        env = {
            **HUB,
            "OPENOUTCRY_TARGETS__GRAPHITE__HOST": "127.0.0.1",
            "OPENOUTCRY_TARGETS__GRAPHITE__PORT": str(carbon.port),
            "OPENOUTCRY_HUB__ALERT_TIMEOUT_MIN": "2",
            "OPENOUTCRY_DESK__TIMEZONE": "Asia/Kolkata",
            "OPENOUTCRY_TARGETS__CONSOLE__ON": "true",
        }
        with demo(tmp_path / "d", env=env) as desk:
            for minutes in (1, 3):
                at = datetime.now(UTC) - timedelta(minutes=minutes)
                body = alert(timestamp=at.strftime("%Y-%m-%dT%H:%M:%SZ"))
                await asyncio.to_thread(post, desk, body, "/carbon-alert")
            assert [line.split()[1] for line in await carbon.some(2)] == ["85", "50"]
            await asyncio.to_thread(post, desk, alert())
            assert desk.process.stdout is not None
            told = desk.process.stdout.readline().removeprefix("Console: ")
            assert json.loads(told)["utcoffset"] == 19800


async def test_tv_24_mqtt_is_a_target_of_the_settings(tmp_path: Path) -> None:
    """An alert of the hub is a message of the topic that the settings name."""
    async with mqtt_broker() as broker:
        env = {**HUB, "OPENOUTCRY_TARGETS__MQTT__HOST": "127.0.0.1"}
        env |= {"OPENOUTCRY_TARGETS__MQTT__PORT": str(broker.port), "OPENOUTCRY_TARGETS__MQTT__TOPIC": "hub/{name}"}
        with demo(tmp_path / "d", env=env) as desk:
            await asyncio.to_thread(post, desk, alert())
            (message,) = await broker.some(1)
    assert (message.topic, json.loads(message.text)["symbol"]) == ("hub/LWMA", "FXCM:EURUSD")


def test_a_desk_follows_another(tmp_path: Path) -> None:
    """What one takes in, the other keeps as well; its own row, once."""
    with demo(tmp_path / "a", env=HUB) as first:
        env = {"OPENOUTCRY_HUB__FOLLOW": feed(first), "OPENOUTCRY_HUB__FOLLOW_TOKEN": TOKEN}
        with demo(tmp_path / "b", env=env) as second:
            _until_followed(first)
            for _ in range(2):
                post(first, alert(id=7, timestamp="2026-01-01T00:00:00Z"))
            (row,) = second.wait_for("alerts", bool)
            assert (row["source"], row["ticker"], row["done"]) == ("hub", "EURUSD", True)


def _until_followed(desk: Desk) -> None:
    for _ in range(2000):
        _, text = desk.ask("GET", "/metrics")
        if "openoutcry_hub_sockets 1.0" in text:
            return
    raise AssertionError("nobody follows")


def test_the_metrics_name_what_item_five_wants(tmp_path: Path) -> None:
    """Each with a figure, after one alert of each kind."""
    with demo(tmp_path / "d", env={**HUB, "OPENOUTCRY_TARGETS__CONSOLE__ON": "true"}) as desk:
        post(desk, alert())
        assert desk.alert()[0] == 200
        _, text = desk.ask("GET", "/metrics")
    told = {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if not line.startswith("#")}
    assert told["openoutcry_ack_seconds_count"] == 2
    assert told["openoutcry_hub_alerts_total"] == 1
    for name in (
        "openoutcry_commit_seconds_count",
        "openoutcry_disk_free_bytes",
        "openoutcry_journal_bytes",
        "process_resident_memory_bytes",
    ):
        assert told[name] > 0, name
    for name in (
        "openoutcry_loop_lag_seconds",
        'openoutcry_feed_age_seconds{account="Testing"}',
        'openoutcry_target_waiting{target="console"}',
        'openoutcry_target_dropped_total{target="console"}',
        "openoutcry_hub_sockets_cut_total",
    ):
        assert name in told
