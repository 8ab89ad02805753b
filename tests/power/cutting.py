"""What a power cut may leave of a record: all that was synced, and of the rest any part of any write, or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.power.recording import Delete, Event, Promise, Sync, Truncate, Write

SECTOR = 512
"""What a disk writes whole, or not at all."""


class Cut(NamedTuple):
    """files: name and content after it. promised: what was promised before it."""

    at: int
    files: dict[str, bytes]
    promised: list[Promise]


class _File:
    def __init__(self) -> None:
        self.durable = bytearray()
        self.pending: list[Write | Truncate | Delete] = []
        self.gone = False
        self.new = True
        """Its directory was not synced since it came."""

    def apply(self, event: Write | Truncate | Delete) -> None:
        _apply(self.durable, event)
        self.gone = isinstance(event, Delete)
        self.new = self.new or self.gone

    def sync(self) -> None:
        for event in self.pending:
            self.apply(event)
        self.pending.clear()
        self.new = False

    def settle_deletion(self) -> None:
        """Its directory was synced."""
        if any(isinstance(event, Delete) for event in self.pending):
            last = max(n for n, event in enumerate(self.pending) if isinstance(event, Delete))
            for event in self.pending[: last + 1]:
                self.apply(event)
            del self.pending[: last + 1]

    def left(self, rng: Random) -> bytes | None:
        """One of the things that may be there; None: no file."""
        content, gone = bytearray(self.durable), self.gone
        keep = rng.choice([0.0, 0.5, 0.9, 1.0])
        for event in self.pending:
            for part in _torn(event, rng) if isinstance(event, Write) else [event]:
                if rng.random() < keep:
                    _apply(content, part)
                    gone = isinstance(part, Delete)
        return None if gone else bytes(content)


def cuts(events: Sequence[Event], moments: Sequence[int], rng: Random) -> Iterator[Cut]:
    """moments: ascending; how many events were before the power went."""
    files: dict[str, _File] = {}
    promised: list[Promise] = []
    done = 0
    for moment in moments:
        for event in events[done:moment]:
            if isinstance(event, Promise):
                promised.append(event)
                continue
            file = files.setdefault(event.file, _File())
            if isinstance(event, Sync):
                if (
                    file.new and "-" in event.file
                ):  # SQLite syncs the directory of a log or journal along with its first sync
                    for other in files.values():
                        other.settle_deletion()
                file.sync()
            else:
                file.pending.append(event)
        done = moment
        left = {name: content for name, file in files.items() if (content := file.left(rng)) is not None}
        yield Cut(moment, left, list(promised))


def lay_down(cut: Cut, directory: Path) -> None:
    """As the machine finds it when the power is back."""
    directory.mkdir(parents=True)
    for name, content in cut.files.items():
        (directory / name).write_bytes(content)


def _torn(write: Write, rng: Random) -> list[Write]:
    """By sectors, each with a fate of its own; mostly whole, as far as one can tell."""
    if rng.random() < 0.5:
        return [write]
    first = SECTOR - write.offset % SECTOR
    bounds = [0, *range(first, len(write.data), SECTOR), len(write.data)]
    return [Write(write.file, write.offset + a, write.data[a:b]) for a, b in pairwise(bounds) if b > a]


def _apply(content: bytearray, event: Write | Truncate | Delete) -> None:
    match event:
        case Write(_, offset, data):
            content.extend(bytes(max(0, offset - len(content))))
            content[offset : offset + len(data)] = data
        case Truncate(_, size):
            del content[size:]
        case Delete():
            content.clear()
