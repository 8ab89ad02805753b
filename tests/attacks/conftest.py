from __future__ import annotations

from tests.dashboard.conftest import house

__all__ = ["house"]
