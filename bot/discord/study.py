"""A study alert as the study channel shows it (behaviour.md 2.9): what the chart said, ready to be copied and sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from bot.discord.rendering import TEXT_MAX, plain
from core.values.alerts import Alert
from kit.secrets import MASK
from texts import render

_HIDDEN = frozenset({"passphrase", "chart_url", "charturl"})
_NUMBER = re.compile(r'"\\u0000([^"\\]*)\\u0000"')
_UNSAFE = {ord(character): f"\\u{ord(character):04x}" for character in "@`<"}
"""What could leave a code block or mention somebody, written as JSON may write it: the same JSON, harmless."""


def fields_of(body: str) -> Mapping[str, object]:
    """The alert's fields without secrets and chart link; every number is marked text, so that no digit is lost."""
    try:
        fields = json.loads(body, parse_float=_marked, parse_int=_marked, parse_constant=_marked)
    except (json.JSONDecodeError, RecursionError):
        return {}
    if not isinstance(fields, dict):
        return {}
    return {name: value for name, value in fields.items() if name.lower() not in _HIDDEN and value != MASK}


def _marked(number: str) -> str:
    return f"\0{number}\0"


def _encoded(fields: Mapping[str, object], indent: int | None) -> str:
    return _NUMBER.sub(r"\1", json.dumps(fields, ensure_ascii=False, indent=indent))


def study_post(alert: Alert, language: str) -> str:
    """Block quote of the JSON, a `!payload` line to copy, the chart's link; the quote gives way where room is short."""
    fields = fields_of(alert.body)
    line = _encoded(fields, None).translate(_UNSAFE)
    block = f"```\n!payload {line}\n```"
    if len(block) > TEXT_MAX - 500:
        block = plain(render("discord.payload_too_long", {}, language))
    link = plain(alert.chart_url)[:400]
    tail = "\n".join(part for part in (block, link) if part)
    return f"{_quote(fields, TEXT_MAX - len(tail) - 1)}\n{tail}"


def _quote(fields: Mapping[str, object], room: int) -> str:
    lines: list[str] = []
    for line in _encoded(fields, 1).splitlines():
        shown = f"> {plain(line)}"
        room -= len(shown) + 1
        if room < 4:
            lines.append("> …")
            break
        lines.append(shown)
    return "\n".join(lines)
