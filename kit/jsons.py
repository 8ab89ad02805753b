"""JSON of strangers."""

from __future__ import annotations

import json
from typing import Any


def loads(text: str | bytes, **ways: Any) -> Any:
    """As json.loads, but whatever is wrong with a text is a ValueError, nesting without end included."""
    try:
        return json.loads(text, **ways)
    except RecursionError:
        raise ValueError("nested too deeply") from None
