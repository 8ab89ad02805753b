"""What every journal promises (`core.ports.Store`), apart from how it keeps things.

A suite for one journal: a subclass whose name begins with Test, and a fixture `journal` that opens the same journal
each time it is called, after the one before was closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

import pytest

from core.clock import ManualClock
from core.ports import Page, Store
from core.values.alerts import AlertStatus
from core.values.changes import (
    AlertDone,
    Audited,
    Change,
    Delivered,
    FillTaken,
    FlagSet,
    NoticeMade,
    OrderMade,
    OrderMoved,
    PositionSet,
    PressOffered,
    PressUsed,
    ProposalMade,
    ProposalMoved,
    TaskSet,
)
from core.values.errors import Conflict
from core.values.ids import AccountName, ActionId, AlertId, NoticeId, OrderId, ProposalId, TaskId, UserId
from core.values.money import Price, Quantity
from core.values.notices import Press
from core.values.orders import OrderState
from core.values.proposals import ProposalState
from core.values.tasks import TaskGoal, TaskState
from tests.contracts.samples import (
    DEMO,
    NOON,
    alert,
    because_of,
    fill,
    later,
    notice,
    order,
    position,
    proposal,
    task,
)

T = TypeVar("T")
Journal = Callable[[], Awaitable[Store]]
Pages = Callable[[str | None], Awaitable[Page[T]]]
BOB = UserId("bob")
FIRST = AlertId("first")


async def every_page(read: Pages[T]) -> list[list[T]]:
    pages: list[list[T]] = []
    after: str | None = None
    while not pages or after is not None:
        page = await read(after)
        pages.append(list(page.items))
        after = page.next
    return pages


def audited(about: str, **data: str) -> Audited:
    return Audited(NOON, BOB, "api", "test", about, data)


class StoreContract:
    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock(NOON)

    @pytest.fixture
    async def store(self, journal: Journal) -> AsyncIterator[Store]:
        store = await journal()
        yield store
        await store.close()

    # ------------------------------------------------------------------------------------------------- alerts

    async def test_accepted_alert_reads_back_the_same(self, store: Store) -> None:
        """An alert comes out of the inbox as it went in, with its receipt's id."""
        receipt = await store.accept_alert(alert(), FIRST, "key")
        record = await store.alert(FIRST)
        assert (receipt.alert_id, receipt.status) == (FIRST, AlertStatus.ACCEPTED)
        assert record is not None
        assert (record.alert, record.done, record.order_ids) == (alert(), False, ())

    async def test_unknown_alert_is_none(self, store: Store) -> None:
        """An id nobody has is None, not an error."""
        assert await store.alert(FIRST) is None

    async def test_repeated_key_is_a_duplicate_of_the_first(self, store: Store) -> None:
        """A taken key writes nothing and tells the first id."""
        await store.accept_alert(alert(), FIRST, "key")
        receipt = await store.accept_alert(alert(), AlertId("second"), "key")
        assert (receipt.alert_id, receipt.status) == (FIRST, AlertStatus.DUPLICATE)
        assert len((await store.alerts(10)).items) == 1

    async def test_one_of_many_at_once_is_the_first(self, store: Store) -> None:
        """Fifty alerts of one key in one burst: one is accepted, forty-nine are told its id."""
        receipts = await asyncio.gather(
            *(store.accept_alert(alert(), AlertId(f"a{number}"), "key") for number in range(50))
        )
        statuses = [receipt.status for receipt in receipts]
        assert statuses.count(AlertStatus.ACCEPTED) == 1
        assert statuses.count(AlertStatus.DUPLICATE) == 49
        assert len({receipt.alert_id for receipt in receipts}) == 1

    async def test_repeated_id_is_a_duplicate_of_itself(self, store: Store) -> None:
        """An id that is taken under another key is not written again: it would make the same orders."""
        await store.accept_alert(alert(), FIRST, "key")
        receipt = await store.accept_alert(alert(), FIRST, "other key")
        assert (receipt.alert_id, receipt.status) == (FIRST, AlertStatus.DUPLICATE)

    async def test_duplicates_among_others_in_one_burst(self, store: Store) -> None:
        """Each sender of a mixed burst is told about its own alert."""
        await store.accept_alert(alert(), FIRST, "0")
        receipts = await asyncio.gather(
            *(store.accept_alert(alert(), AlertId(f"a{number}"), str(number)) for number in range(5))
        )
        assert [receipt.alert_id for receipt in receipts] == [FIRST, "a1", "a2", "a3", "a4"]

    async def test_forgotten_key_may_come_again(self, store: Store) -> None:
        """A key is free once its alert is old enough, and not before."""
        await store.accept_alert(alert(), FIRST, "old")
        await store.accept_alert(alert(received_at=later(10)), AlertId("b"), "new")
        await store.forget_keys(later(10))
        assert (await store.accept_alert(alert(), AlertId("c"), "old")).status is AlertStatus.ACCEPTED
        assert (await store.accept_alert(alert(), AlertId("d"), "new")).status is AlertStatus.DUPLICATE

    async def test_recent_keys_are_told_oldest_first(self, store: Store) -> None:
        """Keys come with their arrival, by time and from `since` on; forgotten ones are left out."""
        for seconds in (30, 10, 20, 5):
            await store.accept_alert(alert(received_at=later(seconds)), AlertId(f"a{seconds}"), f"k{seconds}")
        assert await store.recent_keys(later(10)) == [("k10", later(10)), ("k20", later(20)), ("k30", later(30))]
        await store.forget_keys(later(15))
        assert [key for key, _ in await store.recent_keys(later(0))] == ["k20", "k30"]

    async def test_waiting_alerts_end_when_done(self, store: Store) -> None:
        """The inbox holds what is accepted and not done, oldest first."""
        for name in ("a", "b", "c"):
            await store.accept_alert(alert(), AlertId(name), name)
        await store.accept_alert(alert(), AlertId("stale"), "stale", AlertStatus.STALE)
        await store.save(AlertDone(AlertId("b"), AlertStatus.IGNORED, "info", ProposalId("p")))
        assert [record.id for record in await store.waiting_alerts()] == ["a", "c"]
        done = await store.alert(AlertId("b"))
        assert done is not None
        assert (done.status, done.done, done.reason, done.proposal_id) == (AlertStatus.IGNORED, True, "info", "p")

    async def test_alert_is_done_once(self, store: Store) -> None:
        """A second end of the same alert, or of one that is not there, is a Conflict."""
        await store.accept_alert(alert(), FIRST, "key")
        await store.save(AlertDone(FIRST, AlertStatus.ACCEPTED))
        for name in (FIRST, AlertId("nobody")):
            with pytest.raises(Conflict):
                await store.save(AlertDone(name, AlertStatus.ACCEPTED))

    async def test_alerts_tell_their_orders(self, store: Store) -> None:
        """Every order that an alert caused is in its record, oldest first, in a list as well as alone."""
        await store.accept_alert(alert(), FIRST, "key")
        await store.save(OrderMade(order("z", because_of(FIRST))), OrderMade(order("a", because_of(FIRST))))
        record = await store.alert(FIRST)
        assert record is not None
        assert record.order_ids == ("z", "a")
        assert (await store.alerts(1)).items[0].order_ids == ("z", "a")

    @pytest.mark.parametrize("field", ["body", "ticker", "message", "strategy"])
    async def test_lone_surrogate_is_refused_alone(self, store: Store, field: str) -> None:
        """Text that cannot be stored is its sender's ValueError; the alerts around it are taken."""
        bad = alert(**{field: "\ud800"})
        receipts = await asyncio.gather(
            store.accept_alert(alert(), AlertId("a"), "a"),
            store.accept_alert(bad, AlertId("b"), "b"),
            store.accept_alert(alert(), AlertId("c"), "c"),
            return_exceptions=True,
        )
        assert isinstance(receipts[1], ValueError)
        assert [record.id for record in await store.waiting_alerts()] == ["a", "c"]

    async def test_key_with_a_lone_surrogate_is_refused(self, store: Store) -> None:
        """The key is text as well."""
        with pytest.raises(ValueError, match="surrogate"):
            await store.accept_alert(alert(), FIRST, "\udfff")

    async def test_text_is_kept_whole_or_refused(self, store: Store) -> None:
        """A NUL is either kept or a ValueError, never a place where the text is cut."""
        cut = alert(body="before\0after")
        try:
            await store.accept_alert(cut, FIRST, "key")
        except ValueError:
            return
        record = await store.alert(FIRST)
        assert record is not None
        assert record.alert == cut

    async def test_escaped_nul_in_a_body_is_kept(self, store: Store) -> None:
        r"""A body that holds the six characters `\u0000` is ordinary text."""
        escaped = alert(body=r'{"message": "\u0000"}', message="a\0b")
        await store.accept_alert(escaped, FIRST, "key")
        record = await store.alert(FIRST)
        assert record is not None
        assert record.alert == escaped

    async def test_cancelled_sender_does_not_take_others_along(self, store: Store) -> None:
        """One who stops waiting changes nothing for those in the same batch."""
        tasks = [asyncio.ensure_future(store.accept_alert(alert(), AlertId(f"a{n}"), str(n))) for n in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert [isinstance(result, BaseException) for result in done] == [False, True, False]
        assert (await store.accept_alert(alert(), AlertId("a9"), "9")).status is AlertStatus.ACCEPTED

    # ------------------------------------------------------------------------------------------------- saving

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
        """A lone surrogate in a saved value is its saver's ValueError."""
        results = await asyncio.gather(
            store.save(FlagSet("a", "1")), store.save(FlagSet("b", "\ud800")), return_exceptions=True
        )
        assert results[0] is None
        assert isinstance(results[1], ValueError)
        assert await store.flag("a") == "1"

    async def test_listeners_hear_what_was_saved(self, store: Store) -> None:
        """Every committed save is told, in order, before its saver goes on; one that conflicts or is empty is not."""
        heard: list[Change] = []
        store.listen(heard.extend)
        await store.save(OrderMade(order("a")), FlagSet("a", "1"))
        await asyncio.gather(
            store.save(OrderMade(order("a"))), store.save(FlagSet("b", "2")), store.save(), return_exceptions=True
        )
        assert heard == [OrderMade(order("a")), FlagSet("a", "1"), FlagSet("b", "2")]

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

    # ------------------------------------------------------------------------------------- orders, fills, positions

    async def test_order_moves_from_what_it_was(self, store: Store) -> None:
        """An order's new state is written where the old one is what the mover thought; else Conflict."""
        await store.save(OrderMade(order("a")))
        sent = replace(order("a"), state=OrderState.SENT)
        await store.save(OrderMoved(sent, OrderState.INTENDED))
        assert await store.order(OrderId("a")) == sent
        with pytest.raises(Conflict):
            await store.save(OrderMoved(sent, OrderState.INTENDED))
        with pytest.raises(Conflict):
            await store.save(OrderMoved(order("nobody"), OrderState.INTENDED))

    async def test_live_orders_are_those_that_are_not_final(self, store: Store) -> None:
        """Every state but the four final ones is live, oldest first."""
        await store.save(*(OrderMade(order(state, state=state)) for state in OrderState))
        live = [held.state for held in await store.live_orders()]
        assert live == [state for state in OrderState if not state.final]

    async def test_orders_because(self, store: Store) -> None:
        """Orders are found by any cause of their chain, oldest first; a cause named twice counts once."""
        twice = (because_of(FIRST), because_of(AlertId("other")), because_of(FIRST))
        await store.save(OrderMade(order("b", *twice)), OrderMade(order("a", because_of(FIRST))), OrderMade(order("c")))
        assert [held.id for held in await store.orders_because("alert", FIRST)] == ["b", "a"]
        assert [held.id for held in await store.orders_because("alert", "other")] == ["b"]
        assert await store.orders_because("task", FIRST) == []

    async def test_fill_counts_once(self, store: Store) -> None:
        """The same execution of the same account is a Conflict; another account may use the same id."""
        await store.save(FillTaken(fill("1")))
        with pytest.raises(Conflict):
            await store.save(FillTaken(fill("1", price=Price(Decimal(7)))))
        await store.save(FillTaken(fill("1", account=AccountName("other"))))

    async def test_fills_by_order_and_time(self, store: Store) -> None:
        """Fills of one order, or since a moment and of one account, oldest first."""
        mine = [fill(f"{seconds}", at=later(seconds), order_id=OrderId("a")) for seconds in (30, 10)]
        other = fill("20", at=later(20), account=AccountName("other"))
        await store.save(*(FillTaken(taken) for taken in (*mine, other)))
        assert await store.fills_of(OrderId("a")) == [mine[1], mine[0]]
        assert await store.fills_since(later(20)) == [other, mine[0]]
        assert await store.fills_since(NOON, DEMO) == [mine[1], mine[0]]

    async def test_open_positions(self, store: Store) -> None:
        """A position is replaced by its id and is open while it holds something, long or short."""
        await store.save(*(PositionSet(position(name, 5)) for name in ("a", "b")), PositionSet(position("c", -5)))
        await store.save(PositionSet(position("a", 0)))
        assert await store.open_positions() == [position("b", 5), position("c", -5)]
        reopened = replace(position("a", 0), quantity=Quantity(Decimal("0.001")))
        await store.save(PositionSet(reopened))
        assert [held.id for held in await store.open_positions()] == ["a", "b", "c"]

    # ------------------------------------------------------------------------------------------------ notices

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

    # -------------------------------------------------------------------------------------- tasks, proposals, flags

    async def test_task_is_replaced_by_its_id(self, store: Store) -> None:
        """Saving a task again keeps its place and shows what is so now."""
        await store.save(TaskSet(task("a")), TaskSet(task("b")))
        changed = task("a", TaskGoal.STOP, attempts=3, due_at=later(5))
        await store.save(TaskSet(changed))
        assert await store.task(TaskId("a")) == changed
        assert [kept.id for kept in (await store.tasks(10)).items] == ["b", "a"]

    async def test_due_tasks(self, store: Store, clock: ManualClock) -> None:
        """Unfinished tasks of a goal, oldest first; a later one waits for its time, unless it is to stop."""
        await store.save(
            TaskSet(task("now")),
            TaskSet(task("later", due_at=later(60))),
            TaskSet(task("ended", state=TaskState.DONE)),
            TaskSet(task("stop", TaskGoal.STOP, due_at=later(60))),
        )
        assert [due.id for due in await store.due_tasks(TaskGoal.RUN)] == ["now"]
        assert [due.id for due in await store.due_tasks(TaskGoal.STOP)] == ["stop"]
        await clock.advance(60)
        assert [due.id for due in await store.due_tasks(TaskGoal.RUN)] == ["now", "later"]

    async def test_proposal_is_answered_once(self, store: Store) -> None:
        """An answer counts for the version and state it saw; any other is a Conflict."""
        await store.save(ProposalMade(proposal("p")))
        answered = proposal("p", version=2, state=ProposalState.APPROVED, answered_by=BOB)
        await store.save(ProposalMoved(answered, 1, ProposalState.OPEN))
        assert await store.proposal(ProposalId("p")) == answered
        for version, state in ((1, ProposalState.APPROVED), (2, ProposalState.OPEN)):
            with pytest.raises(Conflict):
                await store.save(ProposalMoved(answered, version, state))
        with pytest.raises(Conflict):
            await store.save(ProposalMade(proposal("p")))

    async def test_flag_is_replaced(self, store: Store) -> None:
        """A flag holds what was set last, None before."""
        assert await store.flag("risk") is None
        await store.save(FlagSet("risk", "HALTED"))
        await store.save(FlagSet("risk", "ACTIVE"))
        assert await store.flag("risk") == "ACTIVE"

    # -------------------------------------------------------------------------------------------------- audit

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

    # -------------------------------------------------------------------------------------------------- pages

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
