"""New versions beside old ones: `versions/X`, each an environment of its own, and the link `current` to the one in use.

A version is installed and looked at while the old desk trades; only then the desk is stopped, backed up, and started as
the new one. Should that not become ready, the old one is back by itself. Made for what install.sh laid out.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from core.values.errors import Broken
from openoutcry.environments import install, run, version_of
from openoutcry.settings import Settings
from storage.sqlite.copies import schema_of

LOOK_S = 0.5
CAME = "came.json"
"""In each version's folder: from which one it took over, what the journal's schema was then, and that backup."""


@dataclass(frozen=True, slots=True)
class Place:
    """root: what install.sh made. control: the service manager's command. ready_s: how long a start may take."""

    root: Path
    settings_file: Path
    settings: Settings
    service: str
    control: str
    ready_s: float

    @property
    def current(self) -> Path:
        return self.root / "current"

    @property
    def version(self) -> str:
        return self.current.resolve().name

    def folder(self, version: str) -> Path:
        return self.root / "versions" / version


def root_of_this() -> Path:
    """Where this very program was installed to. Raises Broken where it was not by install.sh."""
    root = Path(sys.prefix).parent.parent
    if Path(sys.prefix).parent.name != "versions" or not (root / "current").is_symlink():
        raise Broken(
            "this program was not installed by install.sh: `pipx upgrade openoutcry`, `uv tool upgrade openoutcry` or "
            "a new container image update it"
        )
    return root


def update(place: Place, wheel: Path) -> str:
    """Bring the desk to the version of `wheel`, which is returned.

    Raises Broken when it cannot be installed, looks wrong or does not become ready; the old version runs then.
    """
    version, old = version_of(wheel), place.version
    if version == old:
        raise Broken(f"version {version} is in use already")
    folder = install(place.root, wheel, like=place.folder(old))
    try:
        _program(place, folder, "check", "--settings", place.settings_file)
        _control(place, "stop")
        came = _before(place, old, version)
        (folder / CAME).write_text(json.dumps(came), encoding="utf-8")
        _switch(place, version)
    except (Broken, OSError):
        shutil.rmtree(folder)
        _control(place, "start")
        raise
    _control(place, "start")
    if not _ready(place):
        _go_back(place, came)
        raise Broken(f"version {version} did not become ready within {place.ready_s:.0f} s: {old} runs again")
    return version


def rollback(place: Place, *, restore: bool) -> str:
    """Back to the version before, which is returned. restore: also where that forgets what was written since.

    Raises Broken where there is none, or the journal has moved on and `restore` was not said.
    """
    try:
        came = json.loads((place.current / CAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise Broken(f"{place.version} is the first version here: there is none to go back to") from None
    if not place.folder(came["from"]).is_dir():
        raise Broken(f"version {came['from']} is not here any more")
    schema = schema_of(_journal(place))
    if came["backup"] and schema != came["schema"] and not restore:
        raise Broken(
            f"the journal moved from schema {came['schema']} to {schema}, which {came['from']} cannot read: --restore "
            f"takes the backup of {came['at']}, keeps the present journal aside, and leaves the desk HALTED"
        )
    if not _go_back(place, came):
        raise Broken(f"version {came['from']} is in place, but did not become ready within {place.ready_s:.0f} s")
    return str(came["from"])


def _before(place: Place, old: str, new: str) -> Mapping[str, object]:
    """What a way back needs; the desk is down."""
    now = datetime.now(UTC)
    came = {"from": old, "at": now.isoformat(), "schema": schema_of(_journal(place)), "backup": ""}
    if _journal(place).exists():
        backup = place.settings.desk.data_dir / f"before-{new}-{now:%Y%m%dT%H%M%SZ}.backup"
        _program(place, place.folder(old), "backup", "--settings", place.settings_file, "--to", backup)
        came["backup"] = str(backup)
    return came


def _go_back(place: Place, came: Mapping[str, object]) -> bool:
    """The version before, and its journal where the new one changed the schema; whether it became ready."""
    old = str(came["from"])
    _control(place, "stop")
    if came["backup"] and schema_of(_journal(place)) != came["schema"]:
        _program(place, place.folder(old), "restore", came["backup"], "--settings", place.settings_file, "--force")
    _switch(place, old)
    _control(place, "start")
    return _ready(place)


def _switch(place: Place, version: str) -> None:
    """In one step: there is no moment without a current version."""
    draft = place.root / "current.new"
    draft.unlink(missing_ok=True)
    draft.symlink_to(Path("versions") / version)
    draft.replace(place.current)


def _journal(place: Place) -> Path:
    return place.settings.desk.data_dir / "desk.sqlite3"


def _ready(place: Place) -> bool:
    server = place.settings.server
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(server.host, server.host)  # noqa: S104 - asked, not listened on
    until = time.monotonic() + place.ready_s
    while time.monotonic() < until:
        try:
            with urlopen(f"http://{host}:{server.port}/readyz", timeout=5):
                return True
        except (URLError, OSError):
            time.sleep(LOOK_S)
    return False


def _control(place: Place, verb: str) -> None:
    run([*shlex.split(place.control), verb, place.service])


def _program(place: Place, folder: Path, *arguments: object) -> None:
    """A version's own program, as whoever the data directory belongs to: root must leave no files of its own there."""
    data_dir = place.settings.desk.data_dir
    owner = data_dir.stat() if os.geteuid() == 0 and data_dir.exists() else None
    run([str(folder / "bin" / "openoutcry"), *map(str, arguments)], owner)
