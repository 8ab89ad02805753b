"""A whole desk without doors for the tests of core."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.desk import TestDesk, opened


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Where the desk of this test lives; open it again for a restart."""
    return tmp_path / "desk"


@pytest.fixture
async def desk(data_dir: Path) -> AsyncIterator[TestDesk]:
    """Account Testing with 10000 in cash, BTCPERP at 40000."""
    async with opened(data_dir) as desk:
        yield desk
