"""What every room's tests may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.servers.postgres import Postgres, serving

for part in ("orders", "telling", "trouble"):  # more than one room plays these cards
    pytest.register_assert_rewrite(f"tests.contracts.broker_{part}")
settings.register_profile("untimed", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("untimed")


@pytest.fixture
def rounds() -> int:
    """How often a proof is repeated (make prove, make prove-quick)."""
    return int(os.environ.get("OPENOUTCRY_ROUNDS", "3"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Debian's PostgreSQL, one server for a whole run (make test-real); `postgres.database()` is a test's own."""
    with serving() as server:
        yield server
