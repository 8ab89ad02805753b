"""Targets that strangers write: found without a change of ours, and nothing they do is felt."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import threading
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.services.outlets import Outlets
from core.values.errors import Rejected, Transient
from openoutcry.plugins import Plugin, PluginTarget, load_plugins, targets_of
from tests.process import HOUSE, run_program
from tests.targets.samples import RAW, raw

EXAMPLES = HOUSE / "examples" / "targets"


def write(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(text, encoding="utf-8")


GOOD = "class Good:\n    def send(self, alert): pass\ndef create_good_target(): return Good()\n"


def test_tv_19_a_new_file_is_loaded(tmp_path: Path) -> None:
    """Every create_NAME_target of every file; what is named otherwise is left alone."""
    write(tmp_path, "a", GOOD)
    write(tmp_path, "b", GOOD.replace("good", "better") + "def create_else(): raise RuntimeError\n")
    write(tmp_path, "_not", "raise RuntimeError")
    assert [(plugin.name, Path(plugin.origin).name) for plugin in load_plugins(tmp_path)] == [
        ("good", "a.py"),
        ("better", "b.py"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "raise RuntimeError('on import')",
        "import sys; sys.exit(1)",
        "not python at all (",
        "def create_bad_target(): raise RuntimeError('in its factory')",
        "def create_bad_target(): return None",
        "def create_bad_target(needs_this): return None",
        "import a_module_that_nobody_has",
    ],
)
def test_tv_20_a_bad_plug_in_costs_itself_alone(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged; the good one beside it runs, and nothing empty stands in the list."""
    write(tmp_path, "a", text)
    write(tmp_path, "b", GOOD)
    assert [plugin.name for plugin in load_plugins(tmp_path)] == ["good"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_a_plug_in_that_never_ends_its_import_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The start goes on without it."""
    write(tmp_path, "a", "import threading; threading.Event().wait()")
    write(tmp_path, "b", GOOD)
    assert [plugin.name for plugin in load_plugins(tmp_path, load_s=0.5)] == ["good"]
    assert "left out" in caplog.text


def test_an_installed_package_brings_targets(tmp_path: Path) -> None:
    """Its entry point names a module with factories."""
    site = tmp_path / "site"
    write(site, "their_module", GOOD)
    info = site / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[openoutcry.targets]\ntheirs = their_module\n", encoding="utf-8")
    env = {"PYTHONPATH": f"{HOUSE}{os.pathsep}{site}"}
    done = run_program("show", "targets", "--src", tmp_path / "none", env=env)
    assert done.stdout.split() == ["good", "their_module"]


def test_two_of_one_name_are_one(tmp_path: Path) -> None:
    """The first file's; the other is logged."""
    write(tmp_path, "a", GOOD)
    write(tmp_path, "b", GOOD)
    (plugin,) = load_plugins(tmp_path)
    assert Path(plugin.origin).name == "a.py"


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    """The usual case."""
    assert load_plugins(tmp_path / "none") == []


class Noted:
    """A plug-in that writes down what happens to it."""

    def __init__(self) -> None:
        self.seen: list[object] = []
        self.formatter: object | None = None

    def open(self) -> None:
        self.seen.append("open")

    def send(self, alert: object) -> int:
        if getattr(alert, "number", 0) == 13:
            raise KeyError("thirteen")
        self.seen.append(alert)
        return 42

    def on_complete(self, result: object) -> None:
        self.seen.append(("done", result))

    def on_error(self, error: Exception) -> None:
        self.seen.append(("failed", type(error).__name__))

    async def close(self) -> None:
        self.seen.append("closed")


async def test_tv_21_callbacks_are_called_once() -> None:
    """on_complete with what send returned, on_error with what it raised; the hub hears of the error too."""
    noted = Noted()
    target = PluginTarget(Plugin("noted", "here", noted))
    await target.start()
    await target.send(RAW)
    with pytest.raises(Rejected, match="thirteen"):
        await target.send(raw(number=13))
    await target.close()
    assert noted.seen == ["open", RAW, ("done", 42), ("failed", "KeyError"), "closed"]


async def test_tv_22_a_formatter_makes_what_is_sent() -> None:
    """Its format is called with the alert."""

    class Loud:
        def format(self, alert: object) -> str:
            return f"{alert.name}!"  # type: ignore[attr-defined] # a raw alert

    noted = Noted()
    noted.formatter = Loud()
    target = PluginTarget(Plugin("noted", "here", noted))
    await target.start()
    await target.send(RAW)
    await target.close()
    assert "LWMA!" in noted.seen


async def test_a_plug_in_that_blocks_holds_up_itself_alone() -> None:
    """It is waited for no longer than the caller likes, and given nothing twice."""
    gate = threading.Event()

    class Blocked:
        def __init__(self) -> None:
            self.got: list[object] = []

        def send(self, alert: object) -> None:
            gate.wait(30)
            self.got.append(alert)

    blocked = Blocked()
    target = PluginTarget(Plugin("blocked", "here", blocked))
    await target.start()
    first, second = raw(number=1), raw(number=2)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await target.send(first)
    with pytest.raises(Transient, match="still at work"):
        await target.send(second)
    gate.set()
    await target.send(first)
    await target.send(second)
    await target.close()
    assert blocked.got == [first, second]


async def test_the_examples_work_as_they_are(tmp_path: Path) -> None:
    """The file has a line an alert; the template takes one too."""
    folder = tmp_path / "targets"
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    os.environ["ALERTS_FILE"] = str(tmp_path / "out.jsonl")
    outlets = Outlets(targets_of(load_plugins(folder)), SystemClock())
    outlets.start()
    for number in range(3):
        outlets.offer(raw(number=number))
    await outlets.close()
    del os.environ["ALERTS_FILE"]
    assert [(o.target.name, o.sent, o.failures) for o in outlets] == [("file", 3, 0), ("template", 3, 0)]
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [0, 1, 2]
