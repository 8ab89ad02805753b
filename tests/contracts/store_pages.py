"""What every journal promises about lists."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import pytest

from core.ports import Store
from core.values.changes import (
    Change,
    FillTaken,
    NoticeMade,
    OrderMade,
    ProposalMade,
    TaskSet,
)
from core.values.ids import AlertId, UserId
from core.values.pages import Page
from tests.contracts.samples import (
    BOB,
    alert,
    fill,
    later,
    notice,
    order,
    proposal,
    task,
)

T = TypeVar("T")
Pages = Callable[[str | None], Awaitable[Page[T]]]


async def every_page(read: Pages[T]) -> list[list[T]]:
    pages: list[list[T]] = []
    after: str | None = None
    while not pages or after is not None:
        page = await read(after)
        pages.append(list(page.items))
        after = page.next
    return pages


class PagesContract:
    async def test_pages_go_back_in_time(self, store: Store) -> None:
        """Newest first, each row once, rows that come meanwhile do not shift the pages; the last has no next."""
        await store.save(*(OrderMade(order(str(number))) for number in range(5)))
        first = await store.orders(2)
        await store.save(OrderMade(order("new")))
        rest = await every_page(lambda after: store.orders(2, after or first.next))
        assert [held.id for held in first.items] == ["4", "3"]
        assert [[held.id for held in page] for page in rest] == [["2", "1"], ["0"]]

    async def test_full_last_page_has_no_next(self, store: Store) -> None:
        """A page that ends exactly with the last row does not promise another."""
        await store.save(OrderMade(order("a")), OrderMade(order("b")))
        assert (await store.orders(2)).next is None

    async def test_pages_of_one_owner(self, store: Store) -> None:
        """An owner sees their rows, None sees everybody's, in every list."""
        await store.accept_alert(alert(), AlertId("theirs"), "1")
        await store.accept_alert(alert(owner=BOB), AlertId("bobs"), "2")
        changes: list[Change] = []
        for name, owner in (("theirs", UserId("owner")), ("bobs", BOB)):
            changes += [
                OrderMade(order(name, owner=owner)),
                FillTaken(fill(name, owner=owner)),
                NoticeMade(notice(name, owner=owner)),
                TaskSet(task(name, owner=owner)),
                ProposalMade(proposal(name, owner=owner)),
            ]
        await store.save(*changes)
        for read in (store.alerts, store.orders, store.fills, store.notices, store.tasks, store.proposals):
            assert [item.id for item in (await read(10, owner=BOB)).items] == ["bobs"]
            assert [item.id for item in (await read(10)).items] == ["bobs", "theirs"]

    @pytest.mark.parametrize("after", ["", "x", "-1", "1.5", "٣", "9" * 30, " 1"])
    async def test_bad_after_is_a_value_error(self, store: Store, after: str) -> None:
        """Only a page's own `next` names a place."""
        with pytest.raises(ValueError, match="after"):
            await store.orders(10, after)

    @pytest.mark.parametrize("limit", [0, -1, 1001])
    async def test_bad_limit_is_a_value_error(self, store: Store, limit: int) -> None:
        """A limit is 1..1000."""
        with pytest.raises(ValueError, match="limit"):
            await store.alerts(limit)
        with pytest.raises(ValueError, match="limit"):
            await store.undelivered("chat", limit)

    async def test_old_keys_are_compared_by_time_and_not_by_text(self, store: Store) -> None:
        """Moments of other zones and with fewer digits sort right."""
        await store.accept_alert(alert(received_at=later(0)), AlertId("a"), "a")
        await store.accept_alert(alert(received_at=later(0.5)), AlertId("b"), "b")
        assert [key for key, _ in await store.recent_keys(later(0) + timedelta(microseconds=1))] == ["b"]
