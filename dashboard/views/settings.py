"""Settings: what is in force and who said so, what people may tune, where the hub's alerts go, how the disk is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.rules.tuning import LEVELS, NAMES
from core.values.ids import OWNER
from core.values.money import plain
from core.values.people import Person, Role
from dashboard.about import disk, outlets
from dashboard.board import Board
from dashboard.roof import Setting
from dashboard.view import Model, Query, View, Wakes

UNIT = 1024.0
UNITS = ("B", "kB", "MB", "GB", "TB")


async def model(board: Board, person: Person, _query: Query) -> Model:
    helps, admin = person.sees(OWNER), person.may(Role.ADMIN)
    tunables = board.office.lists.tuned(await board.store.tunables(person.master))
    found = await disk(board) if helps else None
    settings = board.roof.settings if admin else []
    return {
        "helps": helps,
        "admin": admin,
        "may_tune": person.may(Role.TRADER),
        "levels": LEVELS,
        "tunables": {name: _words(getattr(tunables, name)) for name in NAMES},
        "targets": outlets(board) if helps else [],
        "limits_off": board.roof.limits_off,
        "held": found and size(found.held),
        "free": found and size(found.free),
        "backup_at": found and found.backup_at,
        "said": [each for each in settings if each.source != "default"],
        "sections": _sections(settings),
    }


def _words(value: object) -> str:
    return " ".join(map(plain, value)) if isinstance(value, tuple) else plain(value)  # type: ignore[arg-type] # Decimal


def _sections(settings: Sequence[Setting]) -> Mapping[str, Sequence[Setting]]:
    found: dict[str, list[Setting]] = {}
    for each in settings:
        found.setdefault(each.key.partition(".")[0], []).append(each)
    return found


def size(count: int) -> str:
    """Bytes in the largest unit that leaves a whole number, like `12 MB`."""
    value, unit = float(count), 0
    while value >= UNIT and unit < len(UNITS) - 1:
        value, unit = value / UNIT, unit + 1
    return f"{value:.0f} {UNITS[unit]}"


VIEW = View("settings", model, parts=("desk", "targets"), wakes=Wakes.JOURNAL | Wakes.TIME)
