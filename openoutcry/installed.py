"""What install.sh laid out, seen from inside."""

from __future__ import annotations

import sys
from pathlib import Path

from core.values.errors import Broken


def root_of_this() -> Path:
    """Where this very program was installed to. Raises Broken where it was not by install.sh."""
    root = Path(sys.prefix).parent.parent
    if Path(sys.prefix).parent.name != "versions" or not (root / "current").is_symlink():
        raise Broken(
            "this program was not installed by install.sh: `pipx upgrade openoutcry`, `uv tool upgrade openoutcry` or "
            "a new container image update it"
        )
    return root
