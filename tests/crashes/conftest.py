from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.crashes.rig import Rig


@pytest.fixture(scope="module")
def rig_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Rig]]:
    """A running rig of a dialect, kept from test to test as long as all is well with it: starting costs seconds."""
    kept: dict[str, Rig] = {}

    def of(dialect: str) -> Rig:
        rig = kept.get(dialect)
        if rig is not None and (not rig.alive or rig.verdict() or rig.desk.items("positions")):
            rig.close()
            rig = None
        if rig is None:
            for other in kept.values():
                other.close()
            kept.clear()
            rig = kept[dialect] = Rig(tmp_path_factory.mktemp(dialect), dialect)
            rig.start()
        return rig

    yield of
    for rig in kept.values():
        rig.close()
