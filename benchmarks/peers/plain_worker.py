"""A process of a grid that has no numba, whether it is installed or not."""

# ruff: noqa: E402 - numba is hidden before anybody looks for it

from __future__ import annotations

import sys

sys.modules["numba"] = None  # type: ignore[assignment]

from simulator.grid_worker import main

if __name__ == "__main__":
    main()
