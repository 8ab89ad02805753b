"""What every journal promises about saving: all or none, each saver for itself, nothing lost by closing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest

from core.ports import Store
from core.values.alerts import AlertStatus
from core.values.changes import (
    Change,
    FlagSet,
    OrderMade,
    QueueGone,
    QueueSet,
)
from core.values.errors import Conflict
from core.values.ids import AlertId, OrderId
from tests.contracts.samples import (
    alert,
    order,
    queue_row,
)

Journal = Callable[[], Awaitable[Store]]
FIRST = AlertId("first")


class SavesContract:
    async def test_conflict_undoes_the_whole_save(self, store: Store) -> None:
        """All of a save or none of it, also what came before the conflict."""
        await store.save(OrderMade(order("a")))
        with pytest.raises(Conflict):
            await store.save(FlagSet("flag", "1"), OrderMade(order("b")), OrderMade(order("a")))
        assert await store.flag("flag") is None
        assert await store.order(OrderId("b")) is None

    async def test_conflict_undoes_only_its_own_save(self, store: Store) -> None:
        """Savers and senders of the same moment are not touched by another's conflict."""
        await store.save(OrderMade(order("a")))
        results = await asyncio.gather(
            store.save(FlagSet("before", "1")),
            store.save(FlagSet("mine", "1"), OrderMade(order("a"))),
            store.save(FlagSet("after", "1")),
            store.accept_alert(alert(), FIRST, "key"),
            return_exceptions=True,
        )
        assert [isinstance(result, Conflict) for result in results] == [False, True, False, False]
        assert [await store.flag(key) for key in ("before", "mine", "after")] == ["1", None, "1"]
        assert await store.alert(FIRST) is not None

    async def test_text_that_cannot_be_stored_undoes_only_its_own_save(self, store: Store) -> None:
        """A lone surrogate in a saved value is kept as it is, or its saver's ValueError."""
        results = await asyncio.gather(
            store.save(FlagSet("a", "1")), store.save(FlagSet("b", "\ud800")), return_exceptions=True
        )
        assert results[0] is None
        assert await store.flag("b") == (None if isinstance(results[1], ValueError) else "\ud800")
        assert await store.flag("a") == "1"

    async def test_an_undone_removal_leaves_the_row_in_its_place(self, store: Store) -> None:
        """What a save removed, replaced and made before its conflict is as it was, in the same order."""
        rows = [queue_row("a"), queue_row("b")]
        await store.save(OrderMade(order("a")), *map(QueueSet, rows))
        changed = QueueSet(replace(rows[1], command="/buy"))
        with pytest.raises(Conflict):
            await store.save(changed, QueueGone(rows[0].id), QueueSet(queue_row("c")), OrderMade(order("a")))
        assert await store.active_queue() == rows

    async def test_listeners_hear_what_was_saved(self, store: Store) -> None:
        """Every committed save is told, in order, before its saver goes on; one that conflicts or is empty is not."""
        heard: list[Change] = []
        store.listen(heard.extend)
        await store.save(OrderMade(order("a")), FlagSet("a", "1"))
        await asyncio.gather(
            store.save(OrderMade(order("a"))), store.save(FlagSet("b", "2")), store.save(), return_exceptions=True
        )
        assert heard == [OrderMade(order("a")), FlagSet("a", "1"), FlagSet("b", "2")]

    async def test_listeners_hear_that_alerts_came_in(self, store: Store) -> None:
        """Without a change; nothing where all of them were known."""
        heard: list[Sequence[Change]] = []
        store.listen(heard.append)
        await store.accept_alert(alert(), FIRST, "key")
        await store.accept_alert(alert(), AlertId("second"), "key")
        await store.save(FlagSet("a", "1"))
        assert [list(changes) for changes in heard] == [[], [FlagSet("a", "1")]]

    async def test_listener_hears_a_saver_who_left(self, store: Store) -> None:
        """A save that was committed is told even where its saver was cancelled meanwhile."""
        heard: list[Change] = []
        store.listen(heard.extend)
        left = asyncio.ensure_future(store.save(FlagSet("a", "1")))
        await asyncio.sleep(0)
        left.cancel()
        await store.save(FlagSet("b", "2"))
        assert heard == [FlagSet("a", "1"), FlagSet("b", "2")]

    async def test_saving_nothing_is_nothing(self, store: Store) -> None:
        """No changes, no work."""
        await store.save()

    async def test_all_outlives_closing(self, journal: Journal) -> None:
        """What was saved is there after the journal was closed and opened again, the desk id too."""
        first = await journal()
        await first.accept_alert(alert(), FIRST, "key")
        await first.save(OrderMade(order("a")), FlagSet("flag", "1"))
        await first.close()
        second = await journal()
        try:
            assert second.desk_id == first.desk_id
            assert await second.order(OrderId("a")) == order("a")
            assert await second.flag("flag") == "1"
            assert (await second.accept_alert(alert(), AlertId("b"), "key")).alert_id == FIRST
            assert (await second.accept_alert(alert(), AlertId("c"), "c")).status is AlertStatus.ACCEPTED
        finally:
            await second.close()

    async def test_closing_finishes_what_waits(self, journal: Journal) -> None:
        """An alert that waits when the journal is closed is written, and told."""
        store = await journal()
        waiting = asyncio.ensure_future(store.accept_alert(alert(), FIRST, "key"))
        await asyncio.sleep(0)
        await store.close()
        assert (await waiting).status is AlertStatus.ACCEPTED
