"""Bytes that no sender means: real messages, wrong in one place or in all of them, the same for the same seed."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

WEIRD: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**400, 1e308, "", " ", "NaN", "Infinity", "-0", "1e999999", "0x10", "١٢", "1,5", "null",
    "{{close}}", "\ud800", "\0", "\u202e", "'; DROP TABLE orders;--", "<script>", "../../etc/passwd", "%s%n", "${7*7}",
    [], {}, [[]], [None], {"": ""}, "A" * 70_000,
)  # fmt: skip
"""What stands where something else should."""
PAGES = (
    b"",
    b"<html>502 Bad Gateway</html>",
    b"null",
    b"[]",
    b"{}",
    b'"x"',
    b"{" * 5000,
    b"[" * 100_000,
    b"\xff\xfe",
    b"0",
)
"""What comes instead of a message."""


def garbled(message: bytes, rng: random.Random) -> bytes:
    """One way of going wrong."""
    way = rng.random()
    if way < 0.05:
        return rng.choice(PAGES)
    if way < 0.3:
        return _bytes(message, rng)
    try:
        thing = json.loads(message)
    except (ValueError, RecursionError):
        return _bytes(message, rng)
    for _ in range(rng.choice((1, 1, 2, 5))):
        thing = _changed(thing, rng)
    return json.dumps(thing, ensure_ascii=rng.random() < 0.5).encode(errors="surrogatepass")


def misshapen(message: bytes, rng: random.Random) -> bytes:
    """One way of being no message of that kind: cut, doubled, another page, a node missing or of another kind. Numbers
    stand for none: a venue that says another code says another thing."""
    way = rng.random()
    if way < 0.1:
        return rng.choice(PAGES)
    if way < 0.3:
        return rng.choice((message[: rng.randrange(len(message) + 1)], message + message))
    try:
        thing = json.loads(message)
    except (ValueError, RecursionError):
        return b""
    weird = [each for each in WEIRD if not isinstance(each, bool | int | float) and each != "-0"]
    for _ in range(rng.choice((1, 1, 2, 5))):
        thing = _changed(thing, rng, weird)
    return json.dumps(thing).encode()


def _bytes(message: bytes, rng: random.Random) -> bytes:
    """Cut, doubled, a byte turned, a run of noise."""
    at = rng.randrange(len(message) + 1)
    ways = (
        message[:at],
        message[:at] + message[max(0, at - 20) :],
        message[:at] + bytes([rng.randrange(256)]) + message[at + 1 :],
        message[:at] + rng.randbytes(rng.randrange(30)) + message[at:],
        message + message,
    )
    return rng.choice(ways)


def _changed(thing: Any, rng: random.Random, weird: Sequence[Any] = WEIRD) -> Any:
    """The thing with one node, at any depth, left out, doubled or weird."""
    if isinstance(thing, dict) and thing and rng.random() < 0.9:
        key = rng.choice(list(thing))
        if rng.random() < 0.15:
            return {name: value for name, value in thing.items() if name != key}
        return {**thing, key: _changed(thing[key], rng, weird)}
    if isinstance(thing, list) and thing and rng.random() < 0.9:
        at = rng.randrange(len(thing))
        if rng.random() < 0.15:
            return [*thing[:at], *thing[at + 1 :]]
        if rng.random() < 0.1:
            return [*thing, *thing]
        return [*thing[:at], _changed(thing[at], rng, weird), *thing[at + 1 :]]
    return rng.choice(weird)
