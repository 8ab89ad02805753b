"""What every journal promises about notices, buttons and the audit trail."""

from __future__ import annotations

import asyncio

import pytest

from core.ports import Store
from core.values.changes import (
    Delivered,
    NoticeMade,
    OrderMade,
    PressOffered,
    PressUsed,
)
from core.values.errors import Conflict
from core.values.ids import ActionId, NoticeId
from core.values.notices import Press
from tests.contracts.samples import (
    BOB,
    NOON,
    audited,
    later,
    notice,
    order,
)


class TellingContract:
    async def test_notice_is_made_once(self, store: Store) -> None:
        """A notice of a known id is left as it is."""
        await store.save(NoticeMade(notice("n", key="first")))
        await store.save(NoticeMade(notice("n", key="second")))
        assert [kept.key for kept in (await store.notices(10)).items] == ["first"]

    async def test_undelivered_goes_surface_by_surface(self, store: Store) -> None:
        """Each surface has its own queue, oldest first; a new surface is owed everything."""
        await store.save(*(NoticeMade(notice(name)) for name in ("a", "b", "c")))
        await store.save(Delivered("telegram", NoticeId("a")), Delivered("telegram", NoticeId("c")))
        assert [owed.id for owed in await store.undelivered("telegram", 10)] == ["b"]
        assert [owed.id for owed in await store.undelivered("discord", 2)] == ["a", "b"]

    async def test_undelivered_is_told_again_until_delivered(self, store: Store) -> None:
        """Asking changes nothing; delivering does; what comes later is told as well."""
        await store.save(NoticeMade(notice("a")), NoticeMade(notice("b")))
        for _ in range(2):
            assert [owed.id for owed in await store.undelivered("chat", 10)] == ["a", "b"]
        await store.save(Delivered("chat", NoticeId("a")), Delivered("chat", NoticeId("b")))
        await store.save(Delivered("chat", NoticeId("b")))
        assert await store.undelivered("chat", 10) == []
        await store.save(NoticeMade(notice("c")))
        assert [owed.id for owed in await store.undelivered("chat", 10)] == ["c"]

    async def test_press_counts_once_under_a_hundred_tries(self, store: Store) -> None:
        """A hundred presses of one button at the same moment: one succeeds, the rest are Conflicts."""
        press = Press(ActionId("button"), BOB, "/kill", later(60))
        await store.save(PressOffered(press))
        assert await store.press(press.id) == press
        tries = await asyncio.gather(
            *(store.save(PressUsed(press.id, NOON)) for _ in range(100)), return_exceptions=True
        )
        assert tries.count(None) == 1
        assert sum(isinstance(result, Conflict) for result in tries) == 99
        assert await store.press(press.id) is None

    async def test_press_is_offered_once(self, store: Store) -> None:
        """A button's id is good for one press; offering it again is a Conflict."""
        press = Press(ActionId("button"), BOB, "/kill", later(60))
        await store.save(PressOffered(press))
        with pytest.raises(Conflict):
            await store.save(PressOffered(press))

    async def test_audit_is_numbered_and_chained(self, store: Store) -> None:
        """Rows are numbered from 1 in the order they came, each with a hash of its own; the chain holds."""
        assert await store.verify_audit() is None
        await asyncio.gather(*(store.save(audited(f"order:{number}", price="1")) for number in range(5)))
        await store.save(audited("order:1"), audited("order:1"))
        rows = (await store.audit(10)).items
        assert [row.number for row in rows] == [7, 6, 5, 4, 3, 2, 1]
        assert len({row.hash for row in rows}) == 7
        assert [row.number for row in await store.audit_about("order:1")] == [2, 6, 7]
        assert rows[-1].row == audited("order:0", price="1")
        assert await store.verify_audit() is None

    async def test_undone_save_leaves_no_gap_in_the_audit(self, store: Store) -> None:
        """An audited fact of a save that conflicts is gone with it, and the chain goes on."""
        await store.save(OrderMade(order("a")), audited("1"))
        with pytest.raises(Conflict):
            await store.save(audited("2"), OrderMade(order("a")))
        await store.save(audited("3"))
        assert [row.row.about for row in (await store.audit(10)).items] == ["3", "1"]
        assert await store.verify_audit() is None
