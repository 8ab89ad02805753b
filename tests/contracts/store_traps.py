"""What every journal promises about stashes, stop lists and tunables."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from core.ports import Store
from core.values.changes import StashSet, StopListGone, StopListSet, TunableSet
from core.values.errors import Conflict
from core.values.ids import OWNER, StashId, StopListId
from core.values.money import Price
from core.values.orders import OrderType, Side
from core.values.traps import Stash, StopList, Trap
from tests.contracts.samples import BOB, DEMO, FIVE, HUNDRED, NOON, later

TRAP = Trap("SBER", Side.BUY, OrderType.TAKE_PROFIT, FIVE, HUNDRED, Price(Decimal("0.1")), later(60))
STASH = Stash(StashId("s"), DEMO, "usual", NOON, (TRAP, replace(TRAP, price=None, expires_at=None)))
ROW = StopList(StopListId("a"), "SBER")


class TrapsContract:
    async def test_a_stash_is_replaced_whole(self, store: Store) -> None:
        """The second of an id is the only one; others and other owners' stay."""
        other = replace(STASH, id=StashId("t"), owner=BOB)
        await store.save(StashSet(STASH), StashSet(other))
        again = replace(STASH, made_at=later(5), traps=(TRAP,))
        await store.save(StashSet(again))
        assert await store.stashes() == [again, other]
        assert await store.stashes(BOB) == [other]

    async def test_tm_66_stop_lists_hold_a_ticker_once(self, store: Store) -> None:
        """One row an owner and ticker, changed in place; gone is gone."""
        rows = [ROW, replace(ROW, id=StopListId("b"), owner=BOB, short_blacklist=True)]
        await store.save(*map(StopListSet, rows))
        with pytest.raises(Conflict):
            await store.save(StopListSet(replace(ROW, id=StopListId("c"))))
        changed = replace(ROW, whitelist=False, stop_blacklist=True, morning=False)
        await store.save(StopListSet(changed))
        assert await store.stop_lists() == [changed, rows[1]]
        await store.save(StopListGone(ROW.id), StopListGone(ROW.id))
        assert (await store.stop_lists(OWNER), await store.stop_lists(BOB)) == ([], [rows[1]])

    async def test_tm_71_tunables_come_back_as_they_were_written(self, store: Store) -> None:
        """Per owner and key, replaced; a decimal keeps its digits."""
        await store.save(TunableSet(OWNER, "stop_sum", "1"), TunableSet(BOB, "stop_sum", "2"))
        await store.save(TunableSet(OWNER, "stop_sum", "0.30"))
        assert await store.tunables(OWNER) == {"stop_sum": "0.30"}
        assert await store.tunables(BOB) == {"stop_sum": "2"}
