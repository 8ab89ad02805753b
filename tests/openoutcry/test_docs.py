"""What docs/targets.md tells a stranger to write works as it stands."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from core.clock import SystemClock
from targets.http import signature
from tests.process import HOUSE, PROGRAM, Desk, environment, run_program

TEXT = (HOUSE / "docs" / "targets.md").read_text(encoding="utf-8")
TOKEN = "a token for strangers"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def test_a_stranger_writes_a_target(tmp_path: Path) -> None:
    """The file of the page, at most 20 lines, is found, and the alert of the page reaches it."""
    source = blocks("python")[0]
    assert source.count("\n") <= 20
    folder = tmp_path / "d" / "targets"
    folder.mkdir(parents=True)
    (folder / "shout.py").write_text(source, encoding="utf-8")
    shown = run_program("show", "targets", "--src", folder, "--verbose")
    assert "Says every alert aloud." in shown.stdout
    command = [*PROGRAM, "demo", "--port", "0", "--still", "--data-dir", str(tmp_path / "d")]
    env = environment({"OPENOUTCRY_HUB__TOKEN": TOKEN})
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            desk = Desk(process).ready().demo_lines()
            (alert,) = blocks("json")
            assert desk.ask("POST", "/alert", alert.encode(), token=TOKEN)[1]["message"] == "OK"
            assert process.stdout is not None
            assert process.stdout.readline() == "BUY FXCM:EURUSD at 1.0712, says LWMA\n"
        finally:
            process.kill()


def test_the_receivers_check_of_a_signature_holds() -> None:
    """The function of the page says yes to what we sign and no to anything else."""
    names: dict[str, object] = {}
    exec(blocks("python")[1], names)
    is_ours = names["is_ours"]
    assert callable(is_ours)
    body = json.dumps({"at": datetime(2024, 6, 1, tzinfo=UTC).isoformat()}).encode()
    header = signature("s3cret", int(SystemClock().now().timestamp()), body)
    assert is_ours("s3cret", header, body)
    assert not is_ours("other", header, body)
    assert not is_ours("s3cret", header, body + b" ")
