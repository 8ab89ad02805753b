"""Updates: a version that works is switched to, one that does not is undone, and the way back restores the journal."""

from __future__ import annotations

import hashlib
import socket
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from openoutcry.lock import held
from storage.sqlite.copies import newest_schema, schema_of
from tests.care.desks import ask, command
from tests.process import HOUSE, environment

Capsys = pytest.CaptureFixture[str]
NO_SETTINGS = '[server]\nport = 1\n[desk]\ndata_dir = "{}"\n'
CONTROL = """
import fcntl, os, signal, subprocess, sys
root, settings, data = {root!r}, {settings!r}, {data!r}
if sys.argv[1] == "start":
    command = [root + "/current/bin/openoutcry", "run", "--settings", settings]
    at_once = "--no-block" in sys.argv
    out = subprocess.DEVNULL if at_once else subprocess.PIPE
    desk = subprocess.Popen(command, start_new_session=True, stdout=out, stderr=subprocess.DEVNULL)
    if not at_once:
        any(line == b"READY\\n" for line in desk.stdout)  # as Type=notify waits; or until it has ended
elif os.path.exists(data + "/lock"):
    with open(data + "/lock") as lock:
        desk = int(lock.read())
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a desk holds it as long as it lives
        except BlockingIOError:
            os.kill(desk, signal.SIGTERM)
            fcntl.flock(lock, fcntl.LOCK_EX)
"""
"""A service manager in a few lines."""


def settings_file(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_program_that_install_sh_did_not_lay_out_says_how_it_is_updated(tmp_path: Path, capsys: Capsys) -> None:
    """Here, a checkout: nothing is touched."""
    done = command(capsys, "update", "--settings", settings_file(tmp_path, NO_SETTINGS.format(tmp_path)))
    assert (done.code, "pipx upgrade openoutcry" in done.err) == (1, True)


def test_one_update_at_a_time(tmp_path: Path, capsys: Capsys) -> None:
    """The second is told so: exit 75."""
    settings = settings_file(tmp_path, NO_SETTINGS.format(tmp_path))
    with held(tmp_path / "update.lock", "busy"):
        for verb in ("update", "rollback"):
            done = command(capsys, verb, "--settings", settings, "--root", tmp_path)
            assert (done.code, "another update" in done.err) == (75, True)


def test_a_desk_on_any_port_cannot_be_asked(tmp_path: Path, capsys: Capsys) -> None:
    """Exit 2 with the key."""
    done = command(capsys, "update", "--settings", settings_file(tmp_path, "[server]\nport = 0\n"), "--root", tmp_path)
    assert (done.code, "server.port" in done.err) == (2, True)


def test_what_is_no_wheel_of_ours_is_said(tmp_path: Path, capsys: Capsys) -> None:
    """Before anything is stopped."""
    settings = settings_file(tmp_path, NO_SETTINGS.format(tmp_path))
    done = command(capsys, "update", "--settings", settings, "--root", tmp_path, "--wheel", settings)
    assert (done.code, "is no wheel of openoutcry" in done.err) == (1, True)


def rewritten(wheel: Path, version: str, changes: Mapping[str, str]) -> Path:
    """The same wheel as another version, with files that are otherwise; what it runs on is here already."""
    target = wheel.with_name(wheel.name.replace("0.1.0", version))
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            text = b"" if name == "openoutcry/requirements.txt" else old.read(name)
            if name.endswith("METADATA"):
                text = text.replace(b"Version: 0.1.0", f"Version: {version}".encode())
            text = changes.get(name, "").encode() or text
            new.writestr(name.replace("openoutcry-0.1.0", f"openoutcry-{version}"), text)
        for name in changes.keys() - set(old.namelist()):
            new.writestr(name, changes[name])
    return target


class Installed:
    """An installation of version 0.2.0 with its desk, started and stopped as systemd would."""

    def __init__(self, folder: Path) -> None:
        self.root, self.data = folder / "opt/openoutcry", folder / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        account = '[[accounts]]\nname = "Testing"\nbroker = "paper"\n'
        text = f'[server]\nport = {port}\napi_token = "test-token"\n[desk]\ndata_dir = "{self.data}"\n{account}'
        self.settings = settings_file(folder, text)
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
        subprocess.run(command, cwd=HOUSE, check=True, capture_output=True)
        self.wheel = next(folder.glob("*.whl"))
        self.control = folder / "control.py"
        names = {"root": str(self.root), "settings": str(self.settings), "data": str(self.data)}
        self.control.write_text(CONTROL.format(**names), encoding="utf-8")
        libraries = next(path for path in sys.path if path.endswith("site-packages"))
        self.env = {**environment(), "PYTHONPATH": libraries, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}
        script, first = HOUSE / "install.sh", rewritten(self.wheel, "0.2.0", {})
        self.installing = {**environment(), "PREFIX": str(folder)}
        subprocess.run(["sh", script, first], env=self.installing, check=True, capture_output=True)

    def offer(self, name: str, version: str) -> str:
        """A library that can be installed from now on; its hash."""
        info, path = f"{name}-{version}.dist-info", self.wheel.with_name(f"{name}-{version}-py3-none-any.whl")
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr(f"{name}.py", "")
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def add(self, name: str) -> None:
        """A library, put into the present version's environment by hand."""
        self.offer(name, "1.0")
        pip = [str(self.root / "current/bin/python"), "-I", "-m", "pip", "install", "-q", name]
        subprocess.run(pip, env=self.env, check=True, capture_output=True)

    def say(self, *arguments: object) -> Any:
        where = ["--settings", self.settings, "--control", f"{sys.executable} {self.control}", "--ready-s", "40"]
        where += ["--units", self.root / "units"]
        command = [self.root / "current/bin/openoutcry", arguments[0], *where, *arguments[1:]]
        return subprocess.run(
            list(map(str, command)), env=self.env, capture_output=True, text=True, timeout=200, check=False
        )

    def stop(self) -> None:
        subprocess.run([sys.executable, self.control, "stop"], check=True, timeout=30)

    def start(self) -> None:
        subprocess.run([sys.executable, self.control, "start"], env=self.env, check=True, timeout=30)

    def ask_for_update(self) -> int:
        """The status of an admin's POST."""
        request = Request(f"{self.url}/api/v1/update", method="POST", headers={"Authorization": "Bearer test-token"})
        try:
            with urlopen(request, timeout=30) as answer:
                return int(answer.status)
        except HTTPError as error:
            with error:
                return error.code

    @property
    def current(self) -> str:
        return str((self.root / "current").readlink())


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    place = Installed(tmp_path_factory.mktemp("installed"))
    place.start()
    try:
        yield place
    finally:
        place.stop()


@pytest.mark.real
def test_what_is_installed_is_left_to_updates(installed: Installed) -> None:
    """install.sh laid out a version and its link, the folders for their owners alone; twice it touches nothing."""
    assert installed.current == "versions/0.2.0"
    assert (installed.root / "current/share/openoutcry/openoutcry.service").is_file()
    folder = installed.root.parent.parent
    modes = {name: stat.S_IMODE((folder / name).stat().st_mode) for name in ("etc/openoutcry", "var/lib/openoutcry")}
    assert modes == {"etc/openoutcry": 0o750, "var/lib/openoutcry": 0o700}
    command = ["sh", str(HOUSE / "install.sh"), str(installed.wheel)]
    done = subprocess.run(command, env=installed.installing, capture_output=True, text=True, check=False)
    assert (done.returncode, "openoutcry update" in done.stderr) == (1, True)


@pytest.mark.real
def test_an_update_and_its_way_back(installed: Installed) -> None:
    """The new version runs after a backup, with the libraries that people had added to the old one; with the schema as
    it was, the way back keeps the journal."""
    installed.add("an_extra")
    wheel = rewritten(installed.wheel, "0.3.0", {})
    done = installed.say("update", "--wheel", wheel)
    assert (done.returncode, done.stdout.startswith("0.2.0 -> 0.3.0: ready")) == (0, True), done.stderr
    assert installed.current == "versions/0.3.0"
    assert len(list(installed.data.glob("before-0.3.0-*.backup"))) == 1
    assert list(installed.root.glob("versions/0.3.0/lib/*/site-packages/an_extra.py"))
    done = installed.say("rollback")
    assert (done.returncode, installed.current) == (0, "versions/0.2.0"), done.stderr
    assert not list(installed.data.glob("*.aside-*"))
    assert "there is none to go back to" in installed.say("rollback").stderr


@pytest.mark.real
def test_tc_43_an_admins_wish_brings_the_newest_version(installed: Installed) -> None:
    """By what the unit does: the second call is refused until it is done, and the new version says that it runs."""
    wish = installed.data / "update.wish"
    installed.stop()
    installed.env["STATE_DIRECTORY"] = str(installed.data)  # as systemd tells it
    installed.start()
    try:
        assert [installed.ask_for_update() for _ in range(2)] == [200, 503]
        assert wish.exists()
        rewritten(installed.wheel, "0.3.1", {"openoutcry/__init__.py": '__version__ = "0.3.1"\n'})
        done = installed.say("update", "--version", "0.3.1")
        wish.unlink()
        assert (done.returncode, installed.current) == (0, "versions/0.3.1"), done.stderr
        told = "SELECT count(*) FROM notices WHERE key = 'update.done'"
        assert ask(installed.data / "desk.sqlite3", told) == 1
        assert installed.ask_for_update() == 200
    finally:
        wish.unlink(missing_ok=True)
        del installed.env["STATE_DIRECTORY"]
        assert installed.say("rollback").returncode == 0


@pytest.mark.real
def test_a_version_that_does_not_become_ready_is_undone(installed: Installed) -> None:
    """By itself: the old one runs again, exit 1 says so."""
    wheel = rewritten(installed.wheel, "0.4.0", {"openoutcry/parts.py": "raise SystemExit('cannot run')\n"})
    done = installed.say("update", "--wheel", wheel, "--ready-s", "5")
    assert (done.returncode, "did not become ready" in done.stderr) == (1, True), done.stderr
    assert installed.current == "versions/0.2.0"


@pytest.mark.real
def test_a_version_whose_check_fails_never_stops_the_desk(installed: Installed) -> None:
    """Nothing of it is left."""
    before = (installed.data / "lock").read_text(encoding="utf-8")
    wheel = rewritten(installed.wheel, "0.5.0", {"openoutcry/check.py": "raise SystemExit('not these settings')\n"})
    done = installed.say("update", "--wheel", wheel)
    assert (done.returncode, "not these settings" in done.stderr) == (1, True), done.stderr
    assert (installed.current, (installed.root / "versions/0.5.0").exists()) == ("versions/0.2.0", False)
    assert (installed.data / "lock").read_text(encoding="utf-8") == before


@pytest.mark.real
def test_the_way_back_over_a_new_schema_takes_the_backup(installed: Installed) -> None:
    """Asked for in so many words, since what was written meanwhile stays aside; and the desk comes back HALTED."""
    newer = f"openoutcry/storage/sqlite/schema/{newest_schema() + 1:04}_more.sql"
    wheel = rewritten(installed.wheel, "0.6.0", {newer: "CREATE TABLE more (x TEXT) STRICT;"})
    assert installed.say("update", "--wheel", wheel).returncode == 0
    journal = installed.data / "desk.sqlite3"
    assert schema_of(journal) == newest_schema() + 1
    assert "--restore" in installed.say("rollback").stderr
    assert installed.current == "versions/0.6.0"
    done = installed.say("rollback", "--restore")
    assert (done.returncode, installed.current) == (0, "versions/0.2.0"), done.stderr
    assert schema_of(journal) == newest_schema()
    assert (installed.data / "HALTED").exists()
    [aside] = installed.data.glob("desk.sqlite3.aside-*Z")
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600


@pytest.mark.real
def test_an_extra_comes_along_by_its_lock(installed: Installed) -> None:
    """In the version that the lock names, and only with its hash: what does not fit stops nothing that runs."""
    installed.add("aiomqtt")
    digest = installed.offer("aiomqtt", "1.1")
    lock = "openoutcry-0.1.0.data/data/share/openoutcry/extra-mqtt.txt"
    for version, said in (("0.3.2", "0" * 64), ("0.3.3", digest)):
        wheel = rewritten(installed.wheel, version, {lock: f"aiomqtt==1.1 --hash=sha256:{said}\n"})
        done = installed.say("update", "--wheel", wheel)
        fits = said == digest
        assert (done.returncode == 0, "cannot be installed" in done.stderr) == (fits, not fits), done.stderr
        assert (installed.current == f"versions/{version}") == fits
    assert list(installed.root.glob("versions/0.3.3/lib/*/site-packages/aiomqtt-1.1.dist-info"))
    assert installed.say("rollback").returncode == 0
