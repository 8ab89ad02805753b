"""docs/architecture.svg: the rooms of tests/test_layers.py. A room stands one row above the highest that it imports."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from tests.test_layers import MAY_IMPORT

ROOF = "openoutcry"
SAYS: Mapping[str, str] = {
    "openoutcry": "settings, command line, the parts list",
    "webhook_receiver": "alerts come in",
    "bot": "Telegram, Discord",
    "dashboard": "pages, API, event stream",
    "simulator": "days of the past",
    "core.commands": "what people may type",
    "core.jobs": "work that goes on by itself",
    "core.services": "intake, desk, guardian ...",
    "brokers": "a folder a venue",
    "storage": "the journal, sealed secrets",
    "targets": "raw alerts go out",
    "charts": "pictures",
    "strategies": "models, what to want",
    "core.rules": "how it judges: pure functions",
    "core.ports": "what it needs: promises",
    "core.values": "money, orders, alerts",
    "core.clock": "the only time there is",
    "core.crashpoints": "where tests kill it",
    "kit": "HTTP manners, limits",
    "texts": "words, in two languages",
}
WIDE, HIGH, GAP, LEFT, TOP = 172, 56, 14, 60, 20
COLOURS = {"core": ("#e0f0ec", "#0e6b5a"), "ground": ("#f0f0ec", "#77776e"), "": ("#ffffff", "#0e6b5a")}


def rows() -> list[list[str]]:
    """From the roof down."""
    ranks: dict[str, int] = {}

    def rank(room: str) -> int:
        if room not in ranks:
            ranks[room] = 1 + max((rank(below) for below in MAY_IMPORT[room]), default=-1)
        return ranks[room]

    highest = max(map(rank, MAY_IMPORT))
    found = [[room for room in MAY_IMPORT if ranks[room] == level] for level in range(highest, -1, -1)]
    return [[ROOF], *found]


def picture() -> str:
    """One SVG, with no script and no font of elsewhere."""
    levels = rows()
    width = LEFT + max(map(len, levels)) * (WIDE + GAP) + 6
    height = TOP + len(levels) * (HIGH + GAP + 8)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif">',
        "<title>The rooms of the house, each above those that it imports</title>",
        f'<rect width="{width}" height="{height}" fill="#fafaf8"/>',
        f'<path d="M26 {TOP} V{height - 34} m-7 -10 l7 12 l7 -12" fill="none" stroke="#77776e" stroke-width="2"/>',
        f'<g transform="translate(18 {height // 2}) rotate(-90)">{_text(0, 0, 13, "imports go down")}</g>',
    ]
    for number, level in enumerate(levels):
        y = TOP + number * (HIGH + GAP + 8)
        wide = WIDE + 80 if len(level) == 1 else WIDE
        start = LEFT + (width - LEFT - len(level) * (wide + GAP)) // 2
        for place, room in enumerate(level):
            lines += _box(room, start + place * (wide + GAP), y, wide)
    return "\n".join([*lines, "</svg>", ""])


def _box(room: str, x: int, y: int, wide: int) -> list[str]:
    fill, edge = COLOURS["core" if room.startswith("core") else "ground" if room in {"kit", "texts"} else ""]
    middle = x + wide // 2
    return [
        f'<rect x="{x}" y="{y}" width="{wide}" height="{HIGH}" rx="8" fill="{fill}" stroke="{edge}"/>',
        _text(middle, y + 23, 14, room),
        _text(middle, y + 42, 11, SAYS[room]),
    ]


def _text(x: int, y: int, size: int, words: str) -> str:
    style = 'font-weight="600"' if size == 14 else 'fill="#55554e"'
    return f'<text x="{x}" y="{y}" font-size="{size}" {style} text-anchor="middle">{escape(words)}</text>'
