"""One intent's whole life, from the journal and the audit trail: what /why and the Log page tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.ports import Store
from core.services.ledger import Ledger
from core.values.alerts import AlertRecord
from core.values.changes import AuditRow
from core.values.fills import Fill
from core.values.ids import AlertId, FillId, OrderId, ProposalId, TaskId
from core.values.orders import CauseKind, Order
from core.values.people import Person
from core.values.proposals import Proposal
from core.values.tasks import Task


@dataclass(frozen=True, slots=True)
class OrderLife:
    """steps: its states as they came."""

    order: Order
    steps: Sequence[AuditRow]
    fills: Sequence[Fill]


@dataclass(frozen=True, slots=True)
class Life:
    """What is known of one intent, as far as a person may see it. answers: what people said to the proposal; steps: of
    the task."""

    alert: AlertRecord | None = None
    proposal: Proposal | None = None
    answers: Sequence[AuditRow] = ()
    task: Task | None = None
    steps: Sequence[AuditRow] = ()
    orders: Sequence[OrderLife] = ()


async def life_of(store: Store, ledger: Ledger, person: Person, asked: str) -> Life | None:
    """By the id of an alert, proposal, task, order, fill or open position; None where the person sees nothing of it."""
    wanted = await _cause_of(store, asked)
    orders = [order for order in await _orders(store, ledger, wanted) if person.sees(order.request.owner)]
    alert = await store.alert(AlertId(_first(orders, CauseKind.ALERT) or wanted))
    if alert is not None and not person.sees(alert.alert.owner):
        alert = None
    task = await store.task(TaskId(_first(orders, CauseKind.TASK) or wanted))
    if task is not None and not person.sees(task.owner):
        task = None
    if alert is None and task is None and not orders:
        return None
    named = alert.proposal_id if alert is not None else None
    proposal = await store.proposal(named) if named is not None else None
    return Life(
        alert=alert,
        proposal=proposal,
        answers=await store.audit_about(proposal.id) if proposal is not None else (),
        task=task,
        steps=await store.audit_about(task.id) if task is not None else (),
        orders=[
            OrderLife(order, await store.audit_about(order.id), await store.fills_of(order.id)) for order in orders
        ],
    )


async def _cause_of(store: Store, asked: str) -> str:
    """A fill is told by its order, a proposal by its alert; every other id stands for itself."""
    if (fill := await store.fill(FillId(asked))) is not None:
        return fill.order_id or asked
    proposal = await store.proposal(ProposalId(asked))
    return asked if proposal is None else proposal.alert


async def _orders(store: Store, ledger: Ledger, wanted: str) -> Sequence[Order]:
    """The one order of this id, every order because of the alert or task of this id, or those of a position."""
    order = await store.order(OrderId(wanted))
    if order is not None:
        return [order]
    position = next((p for p in ledger.positions.values() if p.id == wanted), None)
    if position is not None and position.plan_order is not None:
        entry = await store.order(position.plan_order)
        return [] if entry is None else await store.orders_because(CauseKind.ALERT.value, entry.request.intent)
    found = await store.orders_because(CauseKind.ALERT.value, wanted)
    return found or await store.orders_because(CauseKind.TASK.value, wanted)


def _first(orders: Sequence[Order], kind: CauseKind) -> str | None:
    return next((c.id for order in orders for c in order.request.because if c.kind is kind), None)
