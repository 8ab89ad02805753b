"""Long lists, wherever the wire cuts them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from kit.json_rows import each


async def read_each(*chunks: bytes) -> list[Any]:
    async def arriving() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return [row async for row in each(arriving())]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
async def test_a_long_list_is_read_as_it_comes(size: int) -> None:
    """Wherever the pieces are cut, in the middle of a letter too."""
    rows = [{"ticker": "SBER", "name": "Цб ]}"}, {"lot": [1, {"x": "["}]}, {}]
    text = json.dumps({"instruments": rows}, ensure_ascii=False).encode()
    assert await read_each(*(text[at : at + size] for at in range(0, len(text), size))) == rows


@pytest.mark.parametrize("text", [b'{"instruments": [{"a": 1}, {"b"', b'{"instruments": [{"a": 1}', b"{}", b""])
async def test_a_list_that_is_cut_short_is_no_list(text: bytes) -> None:
    """Half a market must not pass for all of it."""
    with pytest.raises(ValueError, match="short"):
        await read_each(text)


async def test_numbers_with_a_point_are_decimals() -> None:
    """Money never passes through a float; a list may also stand by itself."""
    assert await read_each(b'[{"price": 2298.25}]') == [{"price": Decimal("2298.25")}]
