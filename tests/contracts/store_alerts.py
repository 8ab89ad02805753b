"""What every journal promises about the inbox."""

from __future__ import annotations

import asyncio

import pytest

from core.ports import Store
from core.values.alerts import AlertStatus, Source
from core.values.changes import (
    AlertDone,
    AlertTaken,
    OrderMade,
)
from core.values.errors import Conflict
from core.values.ids import AlertId, ProposalId, UserId
from tests.contracts.samples import (
    alert,
    because_of,
    later,
    order,
)

FIRST = AlertId("first")


class AlertsContract:
    async def test_accepted_alert_reads_back_the_same(self, store: Store) -> None:
        """An alert comes out of the inbox as it went in, with its receipt's id."""
        receipt = await store.accept_alert(alert(), FIRST, "key")
        record = await store.alert(FIRST)
        assert (receipt.alert_id, receipt.status) == (FIRST, AlertStatus.ACCEPTED)
        assert record is not None
        assert (record.alert, record.done, record.order_ids) == (alert(), False, ())

    async def test_the_hubs_alerts_and_the_others(self, store: Store) -> None:
        """Each by the page, however many of the other kind stand between."""
        sources = {"a": Source.HUB, "b": Source.ORDER, "c": Source.HOOK, "d": Source.HUB}
        for name, source in sources.items():
            await store.accept_alert(alert(source=source), AlertId(name), name)
        await store.accept_alert(alert(source=Source.HUB, owner=UserId("bob")), AlertId("e"), "e")
        assert [one.id for one in (await store.alerts(10, hub=True)).items] == ["e", "d", "a"]
        assert [one.id for one in (await store.alerts(10, owner=UserId("bob"), hub=True)).items] == ["e"]
        assert [one.id for one in (await store.alerts(10, owner=UserId("owner"), hub=True)).items] == ["d", "a"]
        others = await store.alerts(1, hub=False)
        assert [one.id for one in others.items] == ["c"]
        assert [one.id for one in (await store.alerts(1, others.next, hub=False)).items] == ["b"]

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

    async def test_received_alerts_wait_apart_until_they_are_taken(self, store: Store) -> None:
        """Oldest first; taken they are accepted and wait with the rest, once; those turned away wait nowhere."""
        for name in ("a", "b", "c"):
            await store.accept_alert(alert(), AlertId(name), name, AlertStatus.RECEIVED)
        assert await store.waiting_alerts() == []
        assert [record.id for record in await store.received_alerts(2)] == ["a", "b"]
        await store.save(AlertTaken(AlertId("b")))
        await store.save(AlertDone(AlertId("a"), AlertStatus.THROTTLED))
        assert [(record.id, record.status) for record in await store.waiting_alerts()] == [("b", AlertStatus.ACCEPTED)]
        assert [record.id for record in await store.received_alerts(10)] == ["c"]
        for name in ("a", "b", "nobody"):
            with pytest.raises(Conflict):
                await store.save(AlertTaken(AlertId(name)))

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
        assert not any(isinstance(done[number], BaseException) for number in (0, 2))
        assert (await store.accept_alert(alert(), AlertId("a9"), "9")).status is AlertStatus.ACCEPTED
