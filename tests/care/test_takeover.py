"""However an update ends, a desk runs: what the service manager does wrong, what fails meanwhile, and signals."""

from __future__ import annotations

import os
import shlex
import signal
import sqlite3
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.values.errors import Broken
from openoutcry.environments import download, version_of
from openoutcry.settings import load_settings
from openoutcry.update import Place, rollback, take_over
from storage.sqlite.copies import newest_schema
from tests.care.desks import ask, make_journal
from tests.process import PROGRAM, environment

SERVICE = """#!/bin/sh
cd {root} || exit 1
echo "$*" >> said
case "$1 $(readlink current)" in
  {wrong}) {does} ;;
  start*) readlink current > running ;;
  stop*) rm -f running ;;
esac
"""
"""A service manager: `running` names what runs. wrong: a verb and version that go another way."""


class Root:
    """Versions 1.0, in use, and 2.0, whose programs are this checkout's; what runs is ready."""

    def __init__(self, root: Path, port: int) -> None:
        self.root, self.data = root, root / "data"
        for version in ("1.0", "2.0"):
            program = root / "versions" / version / "bin" / "openoutcry"
            program.parent.mkdir(parents=True)
            program.write_text(f'#!/bin/sh\nexec {shlex.join(PROGRAM)} "$@"\n', encoding="utf-8")
            program.chmod(0o755)
        (root / "current").symlink_to("versions/1.0")
        self.settings = root / "settings.toml"
        text = f'[server]\nport = {port}\n[desk]\ndata_dir = "{self.data}"\n'
        self.settings.write_text(text, encoding="utf-8")
        self.control, self.units = root / "service", root / "units"
        self.goes_wrong("never", "true")

    def goes_wrong(self, wrong: str, does: str) -> None:
        self.control.write_text(SERVICE.format(root=self.root, wrong=wrong, does=does), encoding="utf-8")
        self.control.chmod(0o755)

    def bring_units(self) -> None:
        """As install.sh does: the service manager has a file, and each version brings some."""
        self.units.mkdir()
        (self.units / "desk.service").write_text("[Unit]\n", encoding="utf-8")
        for version in ("1.0", "2.0"):
            unit = self.root / "versions" / version / "share/openoutcry/openoutcry-more.service"
            unit.parent.mkdir(parents=True)
            unit.write_text(f"of {version}", encoding="utf-8")

    def place(self, ready_s: float = 1.0) -> Place:
        settings = load_settings(self.settings)
        return Place(self.root, self.settings, settings, "desk.service", str(self.control), self.units, ready_s)

    @property
    def running(self) -> str:
        path = self.root / "running"
        return path.read_text(encoding="utf-8").strip().rpartition("/")[2] if path.exists() else ""

    @property
    def said(self) -> list[str]:
        return (self.root / "said").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if found.running else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Ready) as server:
        found = Root(tmp_path, server.server_address[1])
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        try:
            yield found
        finally:
            server.shutdown()


def test_a_start_is_not_waited_for(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit of Type=notify starts for as long as it takes; /readyz decides, and no proxy stands before it."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    take_over(root.place(ready_s=10), "2.0")
    assert root.running == "2.0"
    assert root.said == ["stop desk.service", "start --no-block desk.service"]


def test_each_version_brings_its_units(root: Root) -> None:
    """Before it is started, and read anew; the way back brings the old ones."""
    root.bring_units()
    take_over(root.place(ready_s=10), "2.0")
    assert (root.units / "desk.service").read_text(encoding="utf-8") == "[Unit]\n"  # no unit of the version
    assert (root.units / "openoutcry-more.service").read_text(encoding="utf-8") == "of 2.0"
    assert root.said == ["stop desk.service", "daemon-reload", "start --no-block desk.service"]
    rollback(root.place(ready_s=10), restore=False)
    assert (root.units / "openoutcry-more.service").read_text(encoding="utf-8") == "of 1.0"


def test_units_that_cannot_be_replaced_stop_no_update(root: Root, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said; the new version runs under those of before."""
    root.bring_units()
    root.goes_wrong("daemon-reload*", "exit 1")
    take_over(root.place(ready_s=10), "2.0")
    assert root.running == "2.0"
    assert "could not be brought up to date" in capsys.readouterr().err


@pytest.mark.parametrize("does", ["exit 1", "exec sleep 1000"])
def test_a_start_that_fails_or_never_returns_is_undone(root: Root, does: str) -> None:
    """As one that does not become ready."""
    root.goes_wrong("'start versions/2.0'", does)
    with pytest.raises(Broken, match=r"2\.0 did not become ready .*: 1\.0 runs again$"):
        take_over(root.place(), "2.0")
    assert root.running == "1.0"


def test_a_way_back_that_does_not_start_is_said(root: Root) -> None:
    """The old version is in place, and people know that it does not run."""
    take_over(root.place(), "2.0")
    root.goes_wrong("'start versions/1.0'", "exit 1")
    with pytest.raises(Broken, match=r"1\.0 is in place, but did not become ready"):
        rollback(root.place(), restore=False)


def test_a_stop_that_never_returns_ends_with_a_start(root: Root) -> None:
    """Nothing was switched."""
    root.goes_wrong("stop*", "exec sleep 1000")
    with pytest.raises(Broken, match="service did not end within 1 s"):
        take_over(root.place(), "2.0")
    assert root.running == "1.0"


def test_a_journal_that_cannot_be_read_leaves_no_desk_stopped(root: Root) -> None:
    """SQLite's own error is ours, and the old version runs again."""
    root.data.mkdir()
    (root.data / "desk.sqlite3").write_bytes(b"no journal" * 1000)
    with pytest.raises(Broken):
        take_over(root.place(), "2.0")
    assert root.running == "1.0"


def test_a_signal_leaves_no_desk_stopped(root: Root) -> None:
    """SIGTERM while the service manager is at it: exit 1 says so, what is in use is started."""
    take_over(root.place(), "2.0")
    os.mkfifo(root.root / "stopping")
    root.goes_wrong("stop*", "rm running; echo > stopping; exec sleep 1000")
    command = [*PROGRAM, "rollback", "--settings", str(root.settings), "--root", str(root.root)]
    command += ["--control", str(root.control), "--units", str(root.units)]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        (root.root / "stopping").read_text(encoding="utf-8")
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, "ended by SIGTERM" in said) == (1, True), said
    assert root.running == "2.0"


async def test_a_version_that_moved_the_schema_is_undone_with_the_journal(root: Root) -> None:
    """By the backup from before it, so that the desk is HALTED, and that is said."""
    await make_journal(root.data)
    code = f"import sqlite3; sqlite3.connect({str(root.data / 'desk.sqlite3')!r}).execute('PRAGMA user_version = 9999')"
    root.goes_wrong("'start versions/2.0'", shlex.join([sys.executable, "-c", code]))
    with pytest.raises(Broken, match=r"1\.0 runs again, HALTED with the journal of"):
        take_over(root.place(ready_s=3), "2.0")
    assert (root.running, (root.data / "HALTED").exists()) == ("1.0", True)
    assert ask(root.data / "desk.sqlite3", "PRAGMA user_version") == newest_schema()


async def test_nothing_is_stopped_for_a_backup_that_does_not_open(root: Root) -> None:
    """The version in use goes on."""
    await make_journal(root.data)
    take_over(root.place(ready_s=10), "2.0")
    with closing(sqlite3.connect(root.data / "desk.sqlite3")) as db:
        db.execute("PRAGMA user_version = 9999")
    [backup] = root.data.glob("before-2.0-*.backup")
    backup.write_bytes(backup.read_bytes()[:-1])
    with pytest.raises(Broken):
        rollback(root.place(), restore=True)
    assert (root.running, len(root.said)) == ("2.0", 2)


def test_the_newest_version_is_none_before_the_one_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the index has older ones alone, an update without a version brings nothing."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    for version in ("0.9.0", "1.0.0"):
        with zipfile.ZipFile(tmp_path / f"openoutcry-{version}-py3-none-any.whl", "w") as wheel:
            info = f"openoutcry-{version}.dist-info"
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: openoutcry\nVersion: {version}\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
    (tmp_path / "new").mkdir()
    assert version_of(download(None, tmp_path / "new", "1.0.0+mine")) == "1.0.0"
    with pytest.raises(Broken, match="No matching distribution"):
        download(None, tmp_path, "1.0.1")
