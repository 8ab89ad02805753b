"""Work and trades that wait, as rows: tasks, the queue and proposals."""

from __future__ import annotations

import json
from decimal import Decimal

from core.values.money import Price, Quantity, plain
from core.values.orders import OrderType, Side
from core.values.proposals import Changed, Check, Proposal, ProposalState, Quoted
from core.values.tasks import QueueRow, Task, TaskGoal, TaskState
from storage.sql.columns import (
    Row,
    Stored,
    encode,
    plain_or_none,
    read_list,
    read_price,
    read_texts,
    read_time,
    read_time_or_none,
    time_or_none,
    time_text,
)


def task_row(task: Task) -> Row:
    return {
        "id": task.id,
        "kind": task.kind,
        "command": task.command,
        "title": task.title,
        "arguments": encode(dict(task.arguments)),
        "goal": task.goal,
        "state": task.state,
        "started_at": time_text(task.started_at),
        "account": task.account,
        "ticker": task.ticker,
        "side": task.side,
        "asked": plain(task.asked),
        "done": plain(task.done),
        "average_price": plain_or_none(task.average_price),
        "waits_for": task.waits_for,
        "checkpoint": encode(dict(task.checkpoint)),
        "attempts": task.attempts,
        "due_at": time_or_none(task.due_at),
        "lease_until": time_or_none(task.lease_until),
        "ended_at": time_or_none(task.ended_at),
        "owner": task.owner,
    }


def read_task(row: Stored) -> Task:
    return Task(
        id=row["id"],
        kind=row["kind"],
        command=row["command"],
        title=row["title"],
        arguments=read_texts(row["arguments"]),
        goal=TaskGoal(row["goal"]),
        state=TaskState(row["state"]),
        started_at=read_time(row["started_at"]),
        account=row["account"],
        ticker=row["ticker"],
        side=None if row["side"] is None else Side(row["side"]),
        asked=Quantity(Decimal(row["asked"])),
        done=Quantity(Decimal(row["done"])),
        average_price=read_price(row["average_price"]),
        waits_for=row["waits_for"],
        checkpoint=read_texts(row["checkpoint"]),
        attempts=row["attempts"],
        due_at=read_time_or_none(row["due_at"]),
        lease_until=read_time_or_none(row["lease_until"]),
        ended_at=read_time_or_none(row["ended_at"]),
        owner=row["owner"],
    )


def queue_row(row: QueueRow) -> Row:
    return {
        "id": row.id,
        "account": row.account,
        "ticker": row.ticker,
        "side": row.side,
        "amount": plain(row.amount),
        "made_at": time_text(row.made_at),
        "active": int(row.active),
        "executed": plain(row.executed),
        "average_price": plain_or_none(row.average_price),
        "command": row.command,
        "owner": row.owner,
    }


def read_queue_row(row: Stored) -> QueueRow:
    return QueueRow(
        id=row["id"],
        account=row["account"],
        ticker=row["ticker"],
        side=Side(row["side"]),
        amount=Quantity(Decimal(row["amount"])),
        made_at=read_time(row["made_at"]),
        active=bool(row["active"]),
        executed=Quantity(Decimal(row["executed"])),
        average_price=read_price(row["average_price"]),
        command=row["command"],
        owner=row["owner"],
    )


def proposal_row(proposal: Proposal) -> Row:
    return {
        "id": proposal.id,
        "version": proposal.version,
        "state": proposal.state,
        "alert": proposal.alert,
        "account": proposal.account,
        "ticker": proposal.ticker,
        "side": proposal.side,
        "type": proposal.type,
        "quantity": plain(proposal.quantity),
        "price": plain(proposal.price),
        "stop": plain_or_none(proposal.stop),
        "targets": encode([plain(target) for target in proposal.targets]),
        "risk": plain(proposal.risk),
        "created_at": time_text(proposal.created_at),
        "expires_at": time_text(proposal.expires_at),
        "checks": encode([[check.name, check.ok, check.text, dict(check.params)] for check in proposal.checks]),
        "chart_url": proposal.chart_url,
        "picture": proposal.picture,
        "answered_by": proposal.answered_by,
        "surface": proposal.surface,
        "reason": proposal.reason,
        "order_ids": encode(proposal.order_ids),
        "details": encode(_details(proposal)),
        "owner": proposal.owner,
    }


def _details(proposal: Proposal) -> dict[str, object]:
    quoted = proposal.quoted
    numbers = (quoted.market, quoted.position, quoted.gross, quoted.leverage)
    return {
        "since": proposal.since,
        "quoted": [plain_or_none(number) for number in numbers],
        "alerted_at": time_or_none(proposal.alerted_at),
        "changed": [[change.name, change.old, change.new] for change in proposal.changed],
        "first_by": proposal.first_by,
    }


def read_proposal(row: Stored) -> Proposal:
    details = json.loads(row["details"])
    return Proposal(
        id=row["id"],
        version=row["version"],
        state=ProposalState(row["state"]),
        alert=row["alert"],
        account=row["account"],
        ticker=row["ticker"],
        side=Side(row["side"]),
        type=OrderType(row["type"]),
        quantity=Quantity(Decimal(row["quantity"])),
        price=Price(Decimal(row["price"])),
        stop=read_price(row["stop"]),
        targets=tuple(Price(Decimal(target)) for target in read_list(row["targets"])),
        risk=Decimal(row["risk"]),
        created_at=read_time(row["created_at"]),
        expires_at=read_time(row["expires_at"]),
        checks=tuple(Check(*check) for check in read_list(row["checks"])),
        chart_url=row["chart_url"],
        picture=row["picture"],
        answered_by=row["answered_by"],
        surface=row["surface"],
        reason=row["reason"],
        order_ids=tuple(read_list(row["order_ids"])),
        since=details.get("since", 1),
        quoted=_read_quoted(*details.get("quoted", ())),
        alerted_at=read_time_or_none(details.get("alerted_at")),
        changed=tuple(Changed(*change) for change in details.get("changed", ())),
        first_by=details.get("first_by"),
        owner=row["owner"],
    )


def _read_quoted(*numbers: str | None) -> Quoted:
    market, *others = [None if text is None else Decimal(text) for text in numbers] or [None]
    return Quoted(None if market is None else Price(market), *others)
