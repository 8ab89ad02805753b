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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from core.values.errors import Broken, DeskError
from openoutcry.backup import keys_at, read_through
from openoutcry.environments import install, run, version_of
from openoutcry.journal import JOURNAL
from openoutcry.settings import Settings
from openoutcry.signals import deaf
from storage.sqlite.copies import schema_of

LOOK_S = 0.5
CAME = "came.json"
"""In each version's folder: from which one it took over, what the journal's schema was then, and that backup."""


@dataclass(frozen=True, slots=True)
class Place:
    """root: what install.sh made. control: the service manager's command; units: its files, as install.sh has put them
    there. ready_s: how long a start may take, and that command."""

    root: Path
    settings_file: Path
    settings: Settings
    service: str
    control: str
    units: Path
    ready_s: float

    @property
    def current(self) -> Path:
        return self.root / "current"

    @property
    def version(self) -> str:
        return self.current.resolve().name

    def folder(self, version: str) -> Path:
        return self.root / "versions" / version


def update(place: Place, wheel: Path) -> str:
    """Bring the desk to the version of `wheel`, which is returned.

    Raises Broken when it cannot be installed, looks wrong or does not become ready; the old version runs then, unless
    the words say otherwise.
    """
    version, old = version_of(wheel), place.version
    if version == old:
        raise Broken(f"version {version} is in use already")
    folder = install(place.root, wheel, like=place.folder(old))
    try:
        _program(place, folder, "check", "--settings", place.settings_file)
        take_over(place, version)
    finally:
        if place.version == old:
            shutil.rmtree(folder, ignore_errors=True)
    return version


def take_over(place: Place, version: str) -> None:
    """From the version in use to another one that is installed. Raises Broken when it does not become ready; the old
    version runs then, unless the words say otherwise."""
    with _down(place):
        came = _before(place, place.version, version)
        (place.folder(version) / CAME).write_text(json.dumps(came), encoding="utf-8")
        _switch(place, version)
    if _ready(place):
        return
    failed = f"version {version} did not become ready within {place.ready_s:.0f} s"
    try:
        back = _go_back(place, came)
    except DeskError as error:
        raise Broken(f"{failed}, and was not undone: {error}") from None
    raise Broken(f"{failed}: {back}")


def rollback(place: Place, *, restore: bool) -> str:
    """Back to the version before; how that went, in words. restore: also where that forgets what was written since.

    Raises Broken where there is none, or the journal has moved on and `restore` was not said.
    """
    try:
        came = json.loads((place.current / CAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise Broken(f"{place.version} is the first version here: there is none to go back to") from None
    if not place.folder(came["from"]).is_dir():
        raise Broken(f"version {came['from']} is not here any more")
    if _moved(place, came) and not restore:
        raise Broken(
            f"the journal moved on from schema {came['schema']}, to one which {came['from']} cannot read: --restore "
            f"takes the backup of {came['at']}, keeps the present journal aside, and leaves the desk HALTED"
        )
    return _go_back(place, came)


def _before(place: Place, old: str, new: str) -> Mapping[str, object]:
    """What a way back needs; the desk is down."""
    now = datetime.now(UTC)
    came = {"from": old, "at": now.isoformat(), "schema": schema_of(_journal(place)), "backup": ""}
    if _journal(place).exists():
        backup = place.settings.desk.data_dir / f"before-{new}-{now:%Y%m%dT%H%M%SZ}.backup"
        _program(place, place.folder(old), "backup", "--settings", place.settings_file, "--to", backup)
        came["backup"] = str(backup)
    return came


def _go_back(place: Place, came: Mapping[str, object]) -> str:
    """The version before, and its journal where the new one changed the schema; how that went, in words.

    Raises Broken: what `current` names was started all the same.
    """
    old, backup, halted = str(came["from"]), Path(str(came["backup"])), ""
    if _moved(place, came):  # nothing is stopped for a backup that does not open
        read_through(backup, keys_at(place.settings.desk.data_dir, None).read())
    with _down(place):
        if _moved(place, came):
            _program(place, place.folder(old), "restore", backup, "--settings", place.settings_file, "--force")
            halted = f", HALTED with the journal of {came['at']}: look at the brokers, then /arm"
        _switch(place, old)
    if not _ready(place):
        raise Broken(f"{old} is in place{halted}, but did not become ready within {place.ready_s:.0f} s")
    return f"{old} runs again{halted}"


def _moved(place: Place, came: Mapping[str, object]) -> bool:
    """Whether the journal is one that the version before cannot read."""
    return bool(came["backup"]) and schema_of(_journal(place)) != came["schema"]


@contextmanager
def _down(place: Place) -> Iterator[None]:
    """The desk is stopped meanwhile; whatever happens, what `current` names then is started. Whether that becomes ready
    is asked for afterwards: a start of the unit waits for as long as it takes, and so is not waited for."""
    try:
        _control(place, "stop", place.service)
        yield
    finally:
        with deaf():
            try:
                _control(place, "start", "--no-block", place.service)
            except Broken as error:
                print(f"openoutcry: {place.service} was not started: {error}", file=sys.stderr)


def _switch(place: Place, version: str) -> None:
    """In one step: there is no moment without a current version."""
    draft = place.root / "current.new"
    draft.unlink(missing_ok=True)
    draft.symlink_to(Path("versions") / version)
    draft.replace(place.current)
    _bring_units(place)


def _bring_units(place: Place) -> None:
    """The service manager's files of the version in use, where install.sh has put some: what people say otherwise
    stands elsewhere (systemctl edit). Those of before do for the new version, too, so nothing is undone for them."""
    if not (place.units / place.service).exists():
        return
    try:
        for unit in (place.current / "share" / "openoutcry").glob("openoutcry*"):
            draft = place.units / f".{unit.name}.new"
            shutil.copyfile(unit, draft)
            draft.replace(place.units / unit.name)
        _control(place, "daemon-reload")
    except (OSError, Broken) as error:
        print(f"openoutcry: {place.units} could not be brought up to date: {error}", file=sys.stderr)


def _journal(place: Place) -> Path:
    return place.settings.desk.data_dir / JOURNAL


def _ready(place: Place) -> bool:
    server = place.settings.server
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(server.host, server.host)  # noqa: S104 - asked, not listened on
    direct = build_opener(ProxyHandler({}))  # whatever http_proxy says: it is on this machine
    until = time.monotonic() + place.ready_s
    while time.monotonic() < until:
        try:
            with direct.open(f"http://{host}:{server.port}/readyz", timeout=5):
                return True
        except (URLError, OSError):
            time.sleep(LOOK_S)
    return False


def _control(place: Place, *words: str) -> None:
    run([*shlex.split(place.control), *words], patience_s=place.ready_s)


def _program(place: Place, folder: Path, *arguments: object) -> None:
    """A version's own program, as whoever the data directory belongs to: root must leave no files of its own there."""
    data_dir = place.settings.desk.data_dir
    owner = data_dir.stat() if os.geteuid() == 0 and data_dir.exists() else None
    run([str(folder / "bin" / "openoutcry"), *map(str, arguments)], owner)
