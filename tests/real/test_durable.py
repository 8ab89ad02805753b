"""The system calls themselves: the log is on the disk before anybody hears yes. Needs Debian's strace."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.crashes.rig import eventually
from tests.process import PROGRAM, Desk, environment

pytestmark = pytest.mark.real

ALERTS = 5
CALLS = "fdatasync,fsync,sendto,sendmsg,write,writev"
SYNCED = re.compile(r"f(?:data)?sync\(\d+<[^>]*desk\.sqlite3-wal>\) += 0|<\.\.\. f(?:data)?sync resumed>\) += 0")
ACCEPTED = re.compile(r'"HTTP/1\.1 200 OK.*\\"status\\": \\"accepted\\"')


def test_i01_a_sync_returns_before_each_yes(tmp_path: Path) -> None:
    """strace of a desk that takes alerts: between one accepted answer and the next, fdatasync of the log returned 0."""
    strace = shutil.which("strace")
    assert strace is not None, "strace is missing: apt-get install strace"
    trace = tmp_path / "trace"
    command = (
        strace,
        "-D",
        "-f",
        "-y",
        "-s",
        "400",
        "-e",
        f"trace={CALLS}",
        "-o",
        str(trace),
        *PROGRAM,
        "demo",
        "--still",
    )
    with subprocess.Popen(
        [*command, "--port", "0", "--data-dir", str(tmp_path / "data")],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        desk = Desk(process).ready().demo_lines()
        for number in range(ALERTS):
            status, answer = desk.alert(id=f"n{number}")
            assert (status, answer["status"]) == (200, "accepted")
        desk.kill()
    told = eventually(lambda: trace.read_text(encoding="utf-8", errors="replace"), lambda text: "+++ killed" in text)
    syncs = [_syncs(part) for part in _before_each_yes(told)]
    assert len(syncs) == ALERTS
    assert all(syncs), syncs


def _before_each_yes(trace: str) -> list[list[str]]:
    """The lines between one accepted answer and the next."""
    parts: list[list[str]] = []
    lines: list[str] = []
    for line in trace.splitlines():
        if ACCEPTED.search(line):
            parts.append(lines)
            lines = []
        else:
            lines.append(line)
    return parts


def _syncs(lines: list[str]) -> int:
    return sum(SYNCED.search(line) is not None for line in lines)
