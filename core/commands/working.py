"""/sellbuy and /queue: rows that wait, and the work on all of them at once (behaviour.md 1.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from core.commands.registry import Argument, Call, Command, Reply, Tools, reply
from core.commands.tasking import start_batch
from core.commands.trading import digits, task_of
from core.values.money import plain
from core.values.notices import Line
from core.values.orders import Refused, Side
from core.values.people import Role
from core.values.tasks import QueueRow

SELLBUY = "/sellbuy"
USAGE = Refused("usage", {"usage": "/queue [add <ticker> <amount> <buy | sell> | remove <id>]"})


async def sellbuy(tools: Tools, call: Call) -> Reply:
    """A task for each waiting row, side by side; one answer names them, one report tells what they came to."""
    running = [t for t in tools.supervisor.unfinished(call.person) if t.command == SELLBUY]
    if running:
        return Refused("already_running", {"title": "sellbuy", "id": running[0].id})
    rows = [row for row in await tools.worklist.rows(call.person) if not row.command]
    if not rows:
        return reply(tools, call, "command.nothing_queued")
    tasks = [task_of(tools, call, row, _title(row, rows), SELLBUY) for row in rows]
    lines = await start_batch(tools, call, tasks)
    return reply(tools, call, "command.sellbuy", {"count": str(len(rows))}, lines)


def _title(row: QueueRow, rows: Sequence[QueueRow]) -> str:
    """Rows of one ticker are told apart by their ids."""
    alone = sum((other.account, other.ticker) == (row.account, row.ticker) for other in rows) == 1
    return f"sellbuy {row.ticker}" if alone else f"sellbuy {row.ticker} {row.id[-6:]}"


def read_queue(words: Sequence[str]) -> Mapping[str, str] | Refused:
    match [word.lower() for word in words]:
        case []:
            return {"verb": "list"}
        case ["add", _, amount, "buy" | "sell" as side] if digits(amount):
            return {"verb": "add", "ticker": words[1], "amount": amount, "side": side}
        case ["remove", row_id]:
            return {"verb": "remove", "id": row_id}
    return USAGE


async def queue(tools: Tools, call: Call) -> Reply:
    match call.arguments["verb"]:
        case "add":
            return await _add(tools, call)
        case "remove":
            return await _remove(tools, call)
    rows = await tools.worklist.rows(call.person)
    if not rows:
        return reply(tools, call, "command.nothing_queued")
    return reply(tools, call, "command.queue", {"count": str(len(rows))}, [_line(row) for row in rows])


async def _add(tools: Tools, call: Call) -> Reply:
    account = call.account if call.account is not None else tools.desk.directory.account(None, call.person)
    if isinstance(account, Refused):
        return account
    found = tools.desk.directory.only(account.name, call.arguments["ticker"])
    if isinstance(found, Refused):
        return found
    amount = Decimal(call.arguments["amount"])
    if amount < found.lot:
        return Refused("zero_size", {"ticker": found.ticker, "step": plain(found.lot)})
    row = tools.worklist.make(account, found, Side(call.arguments["side"]), amount, cause=call.call_id)
    await tools.worklist.add(row, call.person)
    return reply(tools, call, "command.queued", {}, [_line(row)])


async def _remove(tools: Tools, call: Call) -> Reply:
    wanted = call.arguments["id"]
    found = [row for row in await tools.worklist.rows(call.person) if row.id.endswith(wanted)]
    if len(found) != 1:
        return Refused("unknown_id", {"id": wanted})
    [row] = found
    worker = tools.supervisor.working_on(row.id)
    if worker is not None:
        return Refused("already_running", {"title": worker.title, "id": worker.id})
    await tools.worklist.remove(row, call.person)
    return reply(tools, call, "command.unqueued", {}, [_line(row)])


def _line(row: QueueRow) -> Line:
    return Line(
        "command.queue_row",
        {
            "id": row.id,
            "account": row.account,
            "ticker": row.ticker,
            "side": row.side.value,
            "amount": plain(row.amount),
            "executed": plain(row.executed),
            "average": plain(round(row.average_price, 8)) if row.average_price is not None else "-",
        },
    )


COMMANDS = (
    Command("sellbuy", Role.TRADER, sellbuy),
    Command(
        "queue",
        Role.TRADER,
        queue,
        tuple(Argument(name, required=False) for name in ("verb", "ticker", "amount", "side")),
        read_queue,
    ),
)
