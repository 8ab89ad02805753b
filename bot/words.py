"""A notice in words, and words in pieces that fit a message. No chat's markup: each escapes in its own way."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from core.commands.registry import Command
from core.values.notices import Action, Notice, NoticeKind
from texts import render

_MARKS = {NoticeKind.ERROR: "⚠️", NoticeKind.REFUSED: "⛔", NoticeKind.CONFIRM: "❓", NoticeKind.PROGRESS: "⏳"}
_CRITICAL = "🚨"


def words(notice: Notice, language: str) -> str:
    """The whole notice as plain lines; a mark in front says what kind it is."""
    mark = _CRITICAL if notice.critical else _MARKS.get(notice.kind, "")
    first = render(notice.key, notice.params, language)
    rest = [render(line.key, line.params, language) for line in notice.lines]
    return "\n".join([f"{mark} {first}".strip(), *(line.strip() for line in rest)])


def label(action: Action, language: str) -> str:
    return render(action.label, {}, language)


def help_line(command: Command, language: str) -> str:
    """What a command does, without how it is written: the chat's menu shows that."""
    return render(f"help.{command.name}", {"usage": ""}, language).lstrip(": ")


def split(text: str, limit: int, size: Callable[[str], int] = len) -> Sequence[str]:
    """Pieces of at most `limit` as `size` counts, cut between lines where it can be. size: never less for more text."""
    pieces: list[str] = []
    piece = ""
    for line in text.splitlines():
        for part in _cut(line, limit, size):
            longer = f"{piece}\n{part}" if piece else part
            if size(longer) <= limit:
                piece = longer
            else:
                pieces.append(piece)
                piece = part
    return [piece for piece in [*pieces, piece] if piece.strip()]


def _cut(line: str, limit: int, size: Callable[[str], int]) -> Sequence[str]:
    """One line in parts that fit."""
    if size(line) <= limit:
        return [line]
    sums = itertools.accumulate(size(character) for character in line)
    parts: list[str] = [""]
    start = 0
    for character, total in zip(line, sums, strict=True):
        if total - start > limit:
            start = total - size(character)
            parts.append("")
        parts[-1] += character
    return parts
