"""`openoutcry update` and `rollback`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from openoutcry.lock import held
from openoutcry.settings import SettingsError, load_settings
from openoutcry.signals import ended_in_order

if TYPE_CHECKING:
    from openoutcry.update import Place

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it

UNITS = Path("/usr/local/lib/systemd/system")
"""As in install.sh."""


def add_commands(commands: Commands) -> None:
    update = commands.add_parser("update", help="a new version: installed, checked, backed up, switched to, or undone")
    which = update.add_mutually_exclusive_group()
    which.add_argument("--wheel", type=Path, metavar="FILE", help="from this file, without a network")
    which.add_argument("--version", metavar="V", help="this one; else the newest")
    update.set_defaults(command=_update)

    back = commands.add_parser("rollback", help="the version before again")
    back.add_argument("--restore", action="store_true", help="also where the journal has moved on: from its backup")
    back.set_defaults(command=_rollback)

    for command in (update, back):
        command.add_argument("--settings", type=Path, metavar="FILE", required=True)
        command.add_argument("--root", type=Path, metavar="DIR", help="of the installation; default: this program's")
        command.add_argument("--service", metavar="NAME", default="openoutcry.service")
        command.add_argument("--control", metavar="COMMAND", default="systemctl", help="called as systemctl is")
        command.add_argument("--units", type=Path, metavar="DIR", default=UNITS, help="where its units are")
        command.add_argument("--ready-s", type=float, metavar="S", default=120.0, help="how long a start may take")


def _update(options: argparse.Namespace) -> int:
    from openoutcry.environments import download  # noqa: PLC0415 - kill and arm need none of it
    from openoutcry.update import update  # noqa: PLC0415 - as above

    place = _place(options)
    with _alone(place), TemporaryDirectory(prefix="openoutcry-update-") as scratch:
        old = place.version
        wheel = options.wheel.absolute() if options.wheel else download(options.version, Path(scratch), old)
        print(f"{old} -> {update(place, wheel)}: ready. `openoutcry rollback` goes back.")
    return 0


def _rollback(options: argparse.Namespace) -> int:
    from openoutcry.update import rollback  # noqa: PLC0415 - as above

    place = _place(options)
    with _alone(place):
        old = place.version
        print(f"{old} -> {rollback(place, restore=options.restore)}")
    return 0


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """One at a time, and no signal leaves the desk stopped."""
    with held(place.root / "update.lock", f"another update of {place.root} runs"), ended_in_order():
        yield


def _place(options: argparse.Namespace) -> Place:
    from openoutcry.installed import root_of_this  # noqa: PLC0415 - as above
    from openoutcry.update import Place  # noqa: PLC0415 - as above

    settings = load_settings(options.settings)
    if settings.server.port == 0:
        raise SettingsError(f"{options.settings}: server.port: 0 is any port, so nobody could ask whether it is ready")
    root = (options.root or root_of_this()).absolute()
    return Place(
        root=root,
        settings_file=options.settings.absolute(),
        settings=settings,
        service=options.service,
        control=options.control,
        units=options.units,
        ready_s=options.ready_s,
    )
