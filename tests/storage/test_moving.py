"""A journal that is carried from SQLite into PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clock import ManualClock
from core.values.changes import FillTaken, FlagSet, NoticeMade, OrderMade, PositionSet, ProposalMade, TaskSet
from core.values.errors import Broken
from core.values.ids import AlertId
from storage.moving import move
from storage.postgres import open_store as open_server
from storage.sqlite import open_store
from tests.contracts.samples import NOON, alert, audited, fill, notice, order, position, proposal, task
from tests.servers.postgres import Postgres

pytestmark = pytest.mark.real


async def test_all_of_it_arrives_and_goes_on(postgres: Postgres, tmp_path: Path) -> None:
    """Every list reads the same there, in the same order; the next rows stand behind; the audit's chain goes on."""
    path, address, clock = tmp_path / "journal.db", postgres.database(), ManualClock(NOON)
    here = await open_store(path, clock)
    for name in ("a", "b"):
        await here.accept_alert(alert(body='"\\u0000" €', message=f"{name}\0"), AlertId(name), name)
        await here.save(OrderMade(order(name)), FillTaken(fill(name)), PositionSet(position(name, 5)), audited(name))
        await here.save(NoticeMade(notice(name)), TaskSet(task(name)), ProposalMade(proposal(name)), FlagSet(name, "1"))
    counts = await move(path, address)
    there = await open_server(address, clock)
    try:
        assert (counts["alerts"], counts["audit"], counts["desk"]) == (2, 2, 1)
        assert there.desk_id == here.desk_id
        for name in ("alerts", "orders", "fills", "positions", "notices", "tasks", "proposals", "audit"):
            assert (await getattr(there, name)(10)).items == (await getattr(here, name)(10)).items, name
        await there.save(OrderMade(order("c")), audited("c"))
        assert (await there.orders(1)).items == [order("c")]
        assert await there.verify_audit() is None
    finally:
        await there.close()
        await here.close()
    with pytest.raises(Broken, match="holds a desk already"):
        await move(path, address)
