"""/positions, /orders, /status, /why, /health, /help: questions that change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.commands.registry import Argument, Call, Command, Reply, Tools, reply
from core.commands.tasking import task_line
from core.services import telling
from core.services.health_checks import result_params
from core.services.life import life_of
from core.services.portfolio import Portfolio, PositionView
from core.values.alerts import AlertRecord
from core.values.changes import AuditRow
from core.values.fills import Fill
from core.values.money import plain
from core.values.notices import Line
from core.values.orders import Order, Refused
from core.values.people import Role

SHOWN_MAX = 50


async def positions(tools: Tools, call: Call) -> Reply:
    views = Portfolio(tools.desk, tools.guardian).positions(call.person)
    if not views:
        return reply(tools, call, "command.no_positions")
    lines = [_position_line(view) for view in views[:SHOWN_MAX]]
    return reply(tools, call, "command.positions", {"count": str(len(views))}, lines)


def _position_line(view: PositionView) -> Line:
    position = view.position
    return Line(
        "command.position",
        {
            "account": position.account,
            "ticker": position.ticker,
            "quantity": plain(position.quantity),
            "average": plain(round(position.average_price, 8)),
            "last": plain(view.last) if view.last is not None else "?",
            "profit": plain(round(view.profit, 2)) if view.profit is not None else "?",
            "stop": plain(position.plan.stop) if position.plan.stop is not None else "none",
            "target": plain(position.plan.target) if position.plan.target is not None else "none",
            "protection": view.protection.value,
            "by": view.protected_by or "nobody",
            "mode": "PAPER" if view.paper else "LIVE",
        },
    )


async def orders(tools: Tools, call: Call) -> Reply:
    live = [o for o in tools.desk.ledger.orders.values() if call.person.sees(o.request.owner)]
    if not live:
        return reply(tools, call, "command.no_orders")
    lines = [
        Line("command.order", {**telling.order_params(order), "id": order.id, "state": order.state.value})
        for order in sorted(live, key=lambda o: o.at, reverse=True)[:SHOWN_MAX]
    ]
    return reply(tools, call, "command.orders", {"count": str(len(live))}, lines)


async def status(tools: Tools, call: Call) -> Reply:
    desk = tools.desk
    views = await Portfolio(desk, tools.guardian).accounts(call.person)
    lines = [
        Line(
            "command.account",
            {
                "account": view.account.name,
                "mode": view.account.mode.value.upper(),
                "equity": plain(round(view.margin.equity, 2)) if view.margin else "?",
                "free": plain(round(view.margin.free, 2)) if view.margin else "?",
                "currency": view.account.currency,
            },
        )
        for view in views
    ]
    halt = desk.safety.halt
    if halt is not None:
        lines.append(Line("command.halted", {"by": halt.by, "reason": halt.reason, "at": _utc(halt.at)}))
    seen = [p for p in desk.ledger.positions.values() if call.person.sees(p.owner)]
    live = [o for o in desk.ledger.orders.values() if call.person.sees(o.request.owner)]
    state = desk.safety.state(*(view.account.name for view in views))
    counts = {"state": state.value, "positions": str(len(seen)), "orders": str(len(live))}
    return reply(tools, call, "command.status", counts, lines)


async def why(tools: Tools, call: Call) -> Reply:
    """An intent's life: alert or task -> order -> fills, from the journal and the audit trail."""
    asked = call.arguments["id"]
    life = await life_of(tools.store, tools.desk.ledger, call.person, asked)
    if life is None:
        return Refused("unknown_id", {"id": asked})
    lines = [] if life.alert is None else [_alert_line(life.alert)]
    lines += [] if life.task is None else [task_line(life.task)]
    for each in life.orders:
        lines += [_cause_line(each.order), *map(_audit_line, each.steps), *map(_fill_line, each.fills)]
    return reply(tools, call, "command.why", {"id": asked}, lines[: SHOWN_MAX * 2])


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _alert_line(record: AlertRecord) -> Line:
    alert = record.alert
    params = {
        "id": record.id,
        "at": _utc(alert.received_at),
        "source": alert.source.value,
        "kind": alert.kind.value,
        "ticker": alert.ticker,
        "side": alert.side.value if alert.side else "",
        "price": plain(alert.price) if alert.price is not None else "",
        "status": record.status.value,
        "reason": record.reason,
    }
    return Line("command.why_alert", params)


def _cause_line(order: Order) -> Line:
    chain = " -> ".join(f"{cause.kind.value} {cause.id}" for cause in order.request.because) or "?"
    return Line("command.why_order", {**telling.order_params(order), "id": order.id, "because": chain})


def _audit_line(row: AuditRow) -> Line:
    data = row.row.data
    return Line(
        "command.why_step",
        {
            "at": _utc(row.row.at),
            "state": data.get("state", row.row.action),
            "filled": data.get("filled", "0"),
            "reason": data.get("reason", ""),
        },
    )


def _fill_line(fill: Fill) -> Line:
    return Line(
        "command.why_fill",
        {
            "at": _utc(fill.at),
            "quantity": plain(fill.quantity),
            "price": plain(fill.price),
            "fee": plain(fill.fee),
        },
    )


async def health(tools: Tools, call: Call) -> Reply:
    """True or False, as the old desk said it; then the newest result of each health check."""
    checks = tools.research.checks
    lines = [Line("health_check.result", result_params(result)) for result in (checks.results() if checks else ())]
    return reply(tools, call, "command.healthy" if tools.healthy() else "command.unhealthy", lines=lines)


def helper(commands: Sequence[Command]) -> Command:
    """/help over a finished table."""

    async def show(tools: Tools, call: Call) -> Reply:
        seen = [c for c in commands if not c.hidden and call.person.may(c.role)]
        lines = [Line(f"help.{c.name}", {"usage": c.usage}) for c in seen]
        return reply(tools, call, "command.help", {}, lines)

    return Command("help", Role.VIEWER, show, aliases=("start",))


COMMANDS = (
    Command("positions", Role.VIEWER, positions),
    Command("orders", Role.VIEWER, orders),
    Command("status", Role.VIEWER, status),
    Command("why", Role.VIEWER, why, (Argument("id"),)),
    Command("health", Role.VIEWER, health, aliases=("test",)),
)
