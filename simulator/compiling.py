"""Whether loops over columns are compiled: they are where numba is installed (the extra `fast`).

What it compiles is kept in the user's own cache directory, never beside the code: the first run pays some seconds,
later ones a few tenths. NUMBA_CACHE_DIR has the last word; where nothing can be written, every process compiles anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])

try:
    import numba
except ImportError:
    COMPILED = False

    def compiled(function: Function) -> Function:
        return function

else:
    COMPILED = True

    def compiled(function: Function) -> Function:
        """Without the interpreter's lock, so that threads share the columns."""
        return cast("Function", numba.njit(nogil=True, cache=_KEPT)(function))

    def _kept() -> bool:
        """Whether there is a place for compiled code."""
        if numba.config.CACHE_DIR:  # type: ignore[attr-defined]  # its settings are made at import
            return True
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        place = home / "openoutcry" / "numba"
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError:
            return False
        numba.config.CACHE_DIR = str(place)  # type: ignore[attr-defined]
        return os.access(place, os.W_OK)

    _KEPT = _kept()
