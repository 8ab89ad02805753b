from __future__ import annotations

import pytest

for part in ("orders", "telling", "trouble"):
    pytest.register_assert_rewrite(f"tests.contracts.broker_{part}")
