"""/report: what today came to, what the last days kept and closed, and what searches have found."""

from __future__ import annotations

from core.commands.registry import Call, Command, Reply, Tools, reply
from core.services import telling
from core.services.portfolio import Portfolio
from core.values.money import ZERO, plain
from core.values.notices import Line
from core.values.people import Role
from core.values.reports import OPTIMISATION

REPORTS_SHOWN = 3


async def report(tools: Tools, call: Call) -> Reply:
    """A line an account: equity, the day's profit, what open positions stand at; then the newest reports."""
    portfolio = Portfolio(tools.desk, tools.guardian)
    views = portfolio.positions(call.person)
    lines = []
    for view in await portfolio.accounts(call.person):
        account = view.account
        opened = [p for p in views if p.position.account == account.name]
        margin = view.margin
        day = None if margin is None else await tools.desk.safety.day_profit(account.name, margin)
        params = {
            "account": account.name,
            "currency": account.currency,
            "equity": plain(round(margin.equity, 2)) if margin else "?",
            "day": "?" if day is None else f"{round(day, 2):+f}",
            "positions": str(len(opened)),
            "open": f"{round(sum((p.profit or ZERO for p in opened), ZERO), 2):+f}",
        }
        lines.append(Line("command.report_account", params))
    owner = None if call.person.may(Role.ADMIN) else call.person.works_for or call.person.id
    for kept in (await tools.store.reports(REPORTS_SHOWN, None, owner)).items:
        if kept.kind == OPTIMISATION:
            lines += [Line("report.optimised", kept.figures), Line("report.optimised_figures", kept.figures)]
            continue
        told = telling.day_ended(tools.desk.desk_id, kept, kept.at)
        lines += [Line(told.key, told.params), *told.lines]
    return reply(tools, call, "command.report", {}, lines)


COMMANDS = (Command("report", Role.VIEWER, report),)
