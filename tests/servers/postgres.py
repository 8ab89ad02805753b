"""Debian's PostgreSQL as a server of our own: its own data directory, on loopback alone, behind a password."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote

from tests.process import free_ports

INSTALLED = Path("/usr/lib/postgresql")
UNPRIVILEGED = "postgres"
USER, PASSWORD = "desk", "of/the@database"
"""A password that must be quoted in an address: whoever reads one wrongly is found out."""
SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
fsync = {fsync}
"""


class Postgres:
    """One server. Its processes are killed by tests, never the machine: nothing is fsynced, unless its speed is what is
    looked at."""

    def __init__(self, home: Path, port: int, *, fsync: bool = False) -> None:
        self._home, self._data, self.port, self._fsync = home, home / "data", port, "on" if fsync else "off"
        self._numbers = count(1)

    def create(self) -> None:
        """Make the data directory."""
        password = self._home / "password"
        password.write_text(PASSWORD)
        words = ("--username", USER, "--pwfile", password, "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync")
        self._run("initdb", "-D", self._data, "--locale=C", *words)
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(SETTINGS.format(port=self.port, fsync=self._fsync))

    @property
    def pid(self) -> int:
        """Of the process whose children all others are."""
        return int((self._data / "postmaster.pid").read_text().splitlines()[0])

    def start(self) -> None:
        """It answers when this returns."""
        self._run("pg_ctl", "start", "-w", "-D", self._data, "-l", self._home / "log")

    def kill(self) -> None:
        """As a crash: connections break at once, no clean-up runs. Fit for a server that is down already."""
        if (self._data / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "-w", "-D", self._data, "-m", "immediate")

    @contextmanager
    def away(self) -> Iterator[None]:
        """Down, as after a crash; up again behind it, with what was committed."""
        self.kill()
        try:
            yield
        finally:
            self.start()

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"desk_{next(self._numbers)}"
        self._run("createdb", "-h", "127.0.0.1", "-p", self.port, "-U", USER, name)
        return f"postgresql://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *words: object) -> None:
        """PostgreSQL refuses root: its own user runs it then."""
        root = os.geteuid() == 0
        done = subprocess.run(
            [_programs() / program, *map(str, words)],
            cwd=self._home,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C", "PGPASSWORD": PASSWORD},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            user=UNPRIVILEGED if root else None,
            group=UNPRIVILEGED if root else None,
            extra_groups=[] if root else None,
        )
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"


def _programs() -> Path:
    """Debian keeps them out of PATH, a directory a version: the newest. Fails where there is none: a real test never
    skips."""
    found = sorted(INSTALLED.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    assert found, "install Debian's postgresql (.ci/run does)"
    return found[-1].parent


@contextmanager
def serving(*, fsync: bool = False) -> Iterator[Postgres]:
    """A started server, and no trace of it afterwards."""
    home = Path(tempfile.mkdtemp(prefix="openoutcry-postgres-"))
    if os.geteuid() == 0:
        user = pwd.getpwnam(UNPRIVILEGED)
        os.chown(home, user.pw_uid, user.pw_gid)
    (port,) = free_ports(1)
    server = Postgres(home, port, fsync=fsync)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(home)
