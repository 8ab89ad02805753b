"""The rooms of the house: every arrow points down. The table is DESIGN section 2."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent.parent
VALUES, RULES, PORTS = "core.values", "core.rules", "core.ports"
GROUND = {"kit", "texts"}
FLOOR_1 = {VALUES, RULES, PORTS, "core.clock"}
DOOR = FLOOR_1 | GROUND | {"core.services", "core.commands", "core.crashpoints"}

MAY_IMPORT: dict[str, set[str]] = {
    "kit": set(),
    "texts": set(),
    VALUES: set(),
    RULES: {VALUES},
    "core.clock": set(),
    "core.crashpoints": set(),
    PORTS: {VALUES},
    "core.services": FLOOR_1 | {"core.crashpoints"},
    "core.jobs": FLOOR_1 | {"core.services", "core.crashpoints"},
    "core.commands": FLOOR_1 | {"core.services", "core.jobs"},
    "brokers": FLOOR_1 | GROUND | {"core.crashpoints"},
    "storage": FLOOR_1 | GROUND | {"core.crashpoints"},
    "targets": FLOOR_1 | GROUND,
    "charts": FLOOR_1 | GROUND,
    "strategies": FLOOR_1 | GROUND,
    "webhook_receiver": DOOR,
    "bot": DOOR,
    "dashboard": DOOR,
    "simulator": DOOR | {"core.jobs"},
}
"""Room -> rooms it may import besides itself. The roof may import everything, and nothing imports it."""

LIBRARY_HOMES = {
    "aiomqtt": {"targets"},
    "aiosqlite": {"storage"},
    "cryptography": {"storage"},
    "apscheduler": {"openoutcry"},
    "sqlite3": {"storage", "openoutcry"},
    "aiogram": {"bot"},
    "discord": {"bot"},
    "yarl": {"bot"},
    "pydantic": {"openoutcry", "bot"},
    "pydantic_settings": {"openoutcry"},
    "structlog": {"openoutcry"},
    "jinja2": {"dashboard"},
    "markupsafe": {"dashboard"},
    "jwt": {"dashboard"},
    "psycopg": {"simulator", "storage"},
    "PIL": {"charts"},
    "segno": {"dashboard"},
    "numba": {"simulator"},
    "numpy": {"strategies", "simulator"},
    "optuna": {"simulator"},
    "sqlalchemy": {"simulator"},
    "pyarrow": {"storage"},
    "sklearn": {"strategies"},
    "pyotp": {"brokers"},
    "prometheus_client": {"dashboard"},
    "aiohttp": {"bot", "brokers", "kit", "targets", "webhook_receiver", "dashboard", "openoutcry"},
}
ROOTS = {room.partition(".")[0] for room in MAY_IMPORT} | {"openoutcry"}
FILES = sorted(path for root in ROOTS for path in (HOUSE / root).rglob("*.py"))


def _room(module: str) -> str:
    """`core.services.desk` -> `core.services`; `brokers.paper` -> `brokers`."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "core" and len(parts) > 1 else parts[0]


def _module(path: Path) -> str:
    return ".".join(path.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__")


def _imports(path: Path) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            inside = base == "core"
            found += [f"{base}.{alias.name}" for alias in node.names] if inside else [base]
    return found


@pytest.mark.parametrize("path", FILES, ids=_module)
def test_every_arrow_points_down(path: Path) -> None:
    """A room imports what stands below it, the standard library, and the libraries whose home it is."""
    room = _room(_module(path))
    for imported in _imports(path):
        top = imported.partition(".")[0]
        if top in ROOTS:
            if room != "openoutcry":
                assert _room(imported) in MAY_IMPORT[room] | {room}, f"{path}: {room} may not import {imported}"
        elif top in LIBRARY_HOMES:
            assert room.partition(".")[0] in LIBRARY_HOMES[top], f"{path}: {top} has another home"
        else:
            assert top in sys.stdlib_module_names, f"{path}: {top} has no home in LIBRARY_HOMES"


@pytest.mark.parametrize("path", FILES, ids=_module)
def test_side_rooms_do_not_know_each_other(path: Path) -> None:
    """A broker's folder never imports another broker's; storage's kinds neither. Files beside them are shared."""
    parts = path.relative_to(HOUSE).parts
    if len(parts) < 3 or parts[0] not in {"brokers", "storage", "bot", "targets"}:
        return
    mine = ".".join(parts[:2])
    for imported in _imports(path):
        if (
            imported.startswith(f"{parts[0]}.")
            and not (HOUSE / imported.replace(".", "/")).with_suffix(".py").is_file()
        ):
            assert imported == mine or imported.startswith(f"{mine}."), f"{path} imports {imported}"


@pytest.mark.parametrize("path", FILES, ids=_module)
def test_a_file_is_a_room_one_can_see_at_a_glance(path: Path) -> None:
    """No file over 360 lines, no function over 60: beyond that it is two."""
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 360, f"{path} has {text.count(chr(10))} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= 60, f"{path}:{node.lineno} {node.name} has {length} lines"


@pytest.mark.parametrize("path", FILES, ids=_module)
def test_core_catches_broadly_only_at_its_edge(path: Path) -> None:
    """`except Exception` stands only where work is owned: the lanes and streams, the web's edge, the chats' edge."""
    edges = {
        "core.services.lanes",
        "core.services.outbox",
        "core.services.reconciler",
        "core.services.worker",
        "kit.http",
        "openoutcry.background",
        "openoutcry.plugins",
    }
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.id if isinstance(node.type, ast.Name) else ""
            broad = node.type is None or caught == "Exception"
            assert not broad or _module(path) in edges, f"{path}:{node.lineno}"
