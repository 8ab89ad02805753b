"""What every room's tests may ask for."""

from __future__ import annotations

import os

import pytest


@pytest.fixture
def rounds() -> int:
    """How often a proof is repeated (make prove, make prove-quick)."""
    return int(os.environ.get("OPENOUTCRY_ROUNDS", "3"))
