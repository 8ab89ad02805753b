"""Long JSON lists, read one member at a time: a full market's would fill the memory of a small machine."""

from __future__ import annotations

import codecs
import json
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

_DECODER = json.JSONDecoder(parse_float=Decimal)


async def each(chunks: AsyncIterator[bytes]) -> AsyncIterator[Any]:
    """The members, objects all, of a list or of the only list in an object; numbers with a point are Decimals.

    Raises ValueError where it ends too early.
    """
    utf8, inside, left = codecs.getincrementaldecoder("utf-8")(), False, ""
    async for chunk in chunks:
        left += utf8.decode(chunk)
        if not inside:
            before, found, after = left.partition("[")
            inside, left = bool(found), after if found else before
        done = 0
        for row, end in _whole(left) if inside else ():
            yield row
            done = end
        left = left[done:]
    if not left.lstrip(" \t\r\n,").startswith("]"):
        raise ValueError("the list was cut short")


def _whole(text: str) -> Iterator[tuple[Any, int]]:
    """Members that are all there, each with where it ends."""
    at = 0
    while (at := _start(text, at)) < len(text) and text[at] != "]":
        try:
            row, at = _DECODER.raw_decode(text, at)
        except ValueError:
            return
        yield row, at


def _start(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n,":
        at += 1
    return at
