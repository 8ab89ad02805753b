"""Sealed files open with their key, whole, or not at all."""

from __future__ import annotations

import os
from io import BytesIO

import pytest

from core.values.errors import Broken
from storage.sealed import MAGIC, PIECE, SALT_BYTES, TAG_BYTES, Opener, Sealer

KEY = os.urandom(32)
SIZES = [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE]


def sealed(content: bytes) -> bytes:
    file = BytesIO()
    sealer = Sealer(file, KEY)
    for begin in range(0, len(content), 10_000):
        sealer.write(content[begin : begin + 10_000])
    sealer.close()
    return file.getvalue()


def opened(text: bytes, *keys: bytes) -> bytes:
    opener, found = Opener(BytesIO(text), keys or (KEY,)), b""
    while piece := opener.read(10_007):
        found += piece
    return found


@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_is_opened(size: int) -> None:
    """Of every size, around the pieces' borders too; nothing of it stands there to be read."""
    content = os.urandom(size)
    assert opened(sealed(content)) == content
    assert size < 16 or content[:16] not in sealed(content)


def test_the_key_that_fits_is_found_among_several() -> None:
    """After a change of keys the old ones still open."""
    assert opened(sealed(b"x"), os.urandom(32), KEY) == b"x"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[: -PIECE - TAG_BYTES], "cut off"),  # a whole piece less
        (lambda text: text[:-1], "cut off"),
        (lambda text: text[:-1] + bytes([text[-1] ^ 1]), "cut off"),
        (lambda text: b"x" + text[1:], "no backup"),
        (lambda text: b"", "no backup"),
        (lambda text: text[: len(MAGIC)] + os.urandom(SALT_BYTES) + text[len(MAGIC) + SALT_BYTES :], "does not open"),
    ],
    ids=["piece", "byte", "bit", "kind", "empty", "salt"],
)
def test_what_was_changed_or_cut_off_is_said(change: object, words: str) -> None:
    """Each piece holds its place and whether it is the last."""
    assert callable(change)
    with pytest.raises(Broken, match=words):
        opened(change(sealed(os.urandom(3 * PIECE))))


def test_pieces_cannot_change_places() -> None:
    """Two files of one key have nothing in common either: each has its own salt."""
    text, size = sealed(os.urandom(3 * PIECE)), PIECE + TAG_BYTES
    head = len(MAGIC) + SALT_BYTES
    first, second = text[head : head + size], text[head + size : head + 2 * size]
    with pytest.raises(Broken):
        opened(text[:head] + second + first + text[head + 2 * size :])


def test_another_key_opens_nothing() -> None:
    """And says so in words that tell what to do."""
    with pytest.raises(Broken, match="the key does not open"):
        opened(sealed(b"x"), os.urandom(32))
