"""/spreads and /sprices: rows of two legs, the work on all of them, and what they would cost now (behaviour.md 1.7)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal

from core.commands.registry import Argument, Call, Command, Reply, Tools, reply
from core.commands.tasking import start_batch
from core.commands.trading import digits
from core.jobs.spreads import KIND
from core.rules.spread import immediate_price, own_best, passive_price, weight_of
from core.services.pairs import spread_params
from core.values.errors import Transient
from core.values.ids import TaskId, derive_id
from core.values.instrument import Instrument
from core.values.money import ZERO, parse_decimal, plain
from core.values.notices import Line
from core.values.orders import Refused, Side
from core.values.people import Role
from core.values.spreads import SpreadRow
from core.values.tasks import Task, TaskGoal, TaskState

SPREADS = "/spreads"
USAGE = Refused(
    "usage", {"usage": "/spreads [add <far> <near> <sell | buy> <price> <amount> [ratio] | list | remove <id>]"}
)


def read_spreads(words: Sequence[str]) -> Mapping[str, str] | Refused:
    match [word.lower() for word in words]:
        case []:
            return {"verb": "run"}
        case ["list"]:
            return {"verb": "list"}
        case ["add", _, _, "buy" | "sell" as side, price, amount, *ratio] if digits(amount) and len(ratio) <= 1:
            numbers = [parse_decimal(text) for text in (price, *ratio)]
            if None in numbers or any(number is None or number < 0 for number in numbers[1:]):
                return USAGE
            named = {"verb": "add", "far": words[1], "near": words[2], "side": side, "price": price, "amount": amount}
            return named | ({"ratio": ratio[0]} if ratio else {})
        case ["remove", row_id]:
            return {"verb": "remove", "id": row_id}
    return USAGE


async def spreads(tools: Tools, call: Call) -> Reply:
    match call.arguments["verb"]:
        case "add":
            return await _add(tools, call)
        case "remove":
            return await _remove(tools, call)
    rows = await tools.pairs.rows(call.person)
    if not rows:
        return reply(tools, call, "command.no_spreads")
    if call.arguments["verb"] == "list":
        return reply(tools, call, "command.spreads", {"count": str(len(rows))}, [_line(row) for row in rows])
    return await _run(tools, call, rows)


async def _run(tools: Tools, call: Call, rows: Sequence[SpreadRow]) -> Reply:
    """A task for each row, side by side; one answer names them, one report tells what they came to."""
    running = [t for t in tools.supervisor.unfinished(call.person) if t.command == SPREADS]
    if running:
        return Refused("already_running", {"title": "spreads", "id": running[0].id})
    refusals = await asyncio.gather(*(_refused(tools, row) for row in rows))
    lines = [line for row, no in zip(rows, refusals, strict=True) if no is not None for line in _no(row, no)]
    tasks = [_task(tools, call, row, rows) for row, no in zip(rows, refusals, strict=True) if no is None]
    lines += await start_batch(tools, call, tasks)
    return reply(tools, call, "command.spreading", {"count": str(len(tasks))}, lines)


async def _refused(tools: Tools, row: SpreadRow) -> Refused | None:
    """What makes both legs together impossible: a far leg that could not be hedged must not be bought."""
    legs = tools.pairs.legs(row)
    if isinstance(legs, Refused):
        return legs
    desk, venue = tools.desk, tools.desk.venues[row.account]
    sold = legs[1] if row.side is Side.BUY else legs[0]
    if not sold.shortable or not desk.limits.short:
        needed = (row.amount - row.far_done.executed) * (row.ratio if sold is legs[1] else 1)
        if desk.ledger.net(row.account, sold.ticker) < needed:
            return Refused("short", {"ticker": sold.ticker})
    far, near = await asyncio.gather(*(desk.quote(row.account, leg.ticker) for leg in legs))
    left = row.amount - row.far_done.executed
    needed = ZERO
    for leg, quote, side, pieces in zip(
        legs, (far, near), (row.side, row.side.opposite), (left, left * row.ratio), strict=True
    ):
        price = None if quote is None else own_best(side, quote) or quote.last
        needed += leg.notional(price, pieces) if price else ZERO
    power = (await venue.broker.margin()).free * venue.account.leverage_max
    return None if needed <= power else Refused("buying_power", {"needed": plain(needed), "power": plain(power)})


def _no(row: SpreadRow, refused: Refused) -> tuple[Line, Line]:
    return Line("command.spread_not_begun", spread_params(row)), Line(f"refused.{refused.code}", refused.params)


def _task(tools: Tools, call: Call, row: SpreadRow, rows: Sequence[SpreadRow]) -> Task:
    """The task that works on a row, for what is left of it."""
    alone = sum((other.account, other.title) == (row.account, row.title) for other in rows) == 1
    done = {"far": row.far_done, "near": row.near_done}
    before = {f"{leg}_executed": plain(each.executed) for leg, each in done.items()}
    averages = {f"{leg}_average": plain(each.average) for leg, each in done.items() if each.average is not None}
    return Task(
        id=TaskId(derive_id(tools.desk.desk_id, "task", call.call_id, row.id)),
        kind=KIND,
        command=SPREADS,
        title=f"spread {row.title}" if alone else f"spread {row.title} {row.id[-6:]}",
        arguments={"by": call.person.id, "row": row.id, **before, **averages},
        goal=TaskGoal.RUN,
        state=TaskState.WAITING,
        started_at=tools.clock_now(),
        account=row.account,
        ticker=row.far,
        side=row.side,
        asked=row.amount,
        done=row.far_done.executed,
        owner=row.owner,
    )


async def _add(tools: Tools, call: Call) -> Reply:
    account = call.account if call.account is not None else tools.desk.directory.account(None)
    if isinstance(account, Refused):
        return account
    legs: list[Instrument] = []
    for name in ("far", "near"):
        found = tools.desk.directory.find(account.name, call.arguments[name])
        if isinstance(found, Refused):
            return found
        legs.append(found)
    wish = {name: Decimal(call.arguments.get(name, "0")) for name in ("price", "amount", "ratio")}
    amount = legs[0].quantity_down(wish["amount"])
    side = Side(call.arguments["side"])
    row = tools.pairs.make(account, (legs[0], legs[1]), side, wish["price"], amount, wish["ratio"], call.call_id)
    if isinstance(row, Refused):
        return row
    await tools.pairs.add(row, call.person)
    rounded = {"asked": plain(wish["amount"]), "quantity": plain(amount), "step": plain(legs[0].step)}
    lines = [] if amount == wish["amount"] else [Line("command.rounded", rounded)]
    return reply(tools, call, "command.spread_added", {}, [*lines, _line(row)])


async def _remove(tools: Tools, call: Call) -> Reply:
    wanted = call.arguments["id"]
    found = [row for row in await tools.pairs.rows(call.person) if row.id.endswith(wanted)]
    if len(found) != 1:
        return Refused("unknown_id", {"id": wanted})
    worker = tools.supervisor.working_on(found[0].id)
    if worker is not None:
        return Refused("already_running", {"title": worker.title, "id": worker.id})
    await tools.pairs.remove(found[0], call.person)
    return reply(tools, call, "command.spread_removed", {}, [_line(found[0])])


def _line(row: SpreadRow) -> Line:
    return Line("command.spread_row", spread_params(row))


async def sprices(tools: Tools, call: Call) -> Reply:
    """What each row would cost joining the book and taking it; the closed ones with the minutes until they open."""
    rows = await tools.pairs.rows(call.person)
    if not rows:
        return reply(tools, call, "command.no_spreads")
    told = await asyncio.gather(*(_priced(tools, row) for row in rows))
    lines = sorted(told, key=lambda line: line.key == "command.spread_closed")
    return reply(tools, call, "command.sprices", {"count": str(len(rows))}, lines)


async def _priced(tools: Tools, row: SpreadRow) -> Line:
    try:
        return await _price(tools, row)
    except Transient as error:
        return Line("command.spread_failed", {**spread_params(row), "reason": error.reason})


async def _price(tools: Tools, row: SpreadRow) -> Line:
    legs = tools.pairs.legs(row)
    if isinstance(legs, Refused):
        return Line(f"refused.{legs.code}", {**spread_params(row), **legs.params})
    opens = await tools.pairs.opens(row)
    params, now = spread_params(row), tools.clock_now()  # later than what was just asked, or `now` would be ahead
    if opens is None or opens > now:
        minutes = "-" if opens is None else str(-(-int((opens - now).total_seconds()) // 60))
        return Line("command.spread_closed", {**params, "minutes": minutes})
    far, near = [await tools.desk.quote(row.account, leg.ticker) for leg in legs]
    if far is None or near is None:
        return Line("command.spread_failed", {**params, "reason": "no_quote"})
    weight = weight_of(*legs, row.ratio)
    prices = {
        "passive": passive_price(row.side, far, near, weight),
        "immediate": immediate_price(row.side, far, near, weight),
    }
    told = {name: "-" if price is None else plain(price) for name, price in prices.items()}
    return Line("command.spread_price", params | told)


COMMANDS = (
    Command(
        "spreads",
        Role.TRADER,
        spreads,
        tuple(Argument(name, required=False) for name in ("verb", "far", "near", "side", "price", "amount", "ratio")),
        read_spreads,
    ),
    Command("sprices", Role.VIEWER, sprices),
)
