"""/buy, /sell and /dump: so many pieces, so much money or all that is held, patiently at the own-side best.

What can be refused is refused at once and makes no task (behaviour.md 1.3, 1.6). All else is a row of the queue and a
task that works on it; the answer tells its first step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from core.commands.registry import Argument, ArgumentKind, Call, Command, Handler, Reply, Tools, reply
from core.jobs.sellbuy import KIND
from core.rules.risk import review
from core.rules.sizing import size_by_sum, whole_steps
from core.rules.spread import own_best
from core.services import telling
from core.services.cards import task_params
from core.values.ids import IntentId, OrderId, TaskId, derive_id
from core.values.instrument import Instrument
from core.values.market import Quote
from core.values.money import ZERO, Price, Quantity, plain
from core.values.notices import Line
from core.values.orders import (
    CauseKind,
    OrderRequest,
    OrderRole,
    OrderType,
    Purpose,
    Refused,
    Side,
    TimeInForce,
    side_of,
)
from core.values.people import Role
from core.values.tasks import QueueRow, Task, TaskGoal, TaskState

DIGITS_MAX = 15
ARGUMENTS = (
    Argument("ticker", ArgumentKind.TICKER),
    Argument("amount", ArgumentKind.NUMBER, required=False),
    Argument("sum", ArgumentKind.NUMBER, required=False),
)


def read_amount_or_sum(words: Sequence[str]) -> Mapping[str, str] | Refused:
    """The grammar of behaviour.md 1.3: `100 GAZP` is an amount of pieces, `GAZP 5000` a sum of money."""
    if len(words) == 1:
        return {"ticker": words[0]}
    if len(words) == 2:
        first, second = words
        if digits(first):
            return {"amount": first, "ticker": second}
        if digits(second):
            return {"ticker": first, "sum": second}
        return Refused("amount_or_sum", {})
    return Refused("too_many_arguments" if words else "amount_or_sum", {})


def digits(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= DIGITS_MAX


def trade(side: Side) -> Handler:
    """The handler that trades by hand on this side."""

    async def handler(tools: Tools, call: Call) -> Reply:
        found = _instrument(tools, call)
        if isinstance(found, Refused):
            return found
        assert call.account is not None, "the command needs an account"
        quote = await tools.desk.quote(call.account.name, found.ticker)
        if quote is None:
            return Refused("no_quote", {"ticker": found.ticker})
        quantity = _quantity(call, found, quote)
        if isinstance(quantity, Refused):
            return quantity
        return await _work(tools, call, found, side, quantity, side.value)

    return handler


async def dump(tools: Tools, call: Call) -> Reply:
    """Close what the broker says that the account holds, whoever bought it."""
    found = _instrument(tools, call)
    if isinstance(found, Refused):
        return found
    assert call.account is not None, "the command needs an account"
    holdings = await tools.desk.venues[call.account.name].broker.positions()
    held = next((h.quantity for h in holdings if h.ticker == found.ticker), ZERO)
    if not held:
        return Refused("nothing_held", {"ticker": found.ticker})
    quantity = whole_steps(abs(held), found)
    if isinstance(quantity, Refused):
        return quantity
    return await _work(tools, call, found, side_of(held).opposite, quantity, "dump")


def _instrument(tools: Tools, call: Call) -> Instrument | Refused:
    assert call.account is not None, "the command needs an account"
    return tools.desk.directory.only(call.account.name, call.arguments["ticker"])


def _quantity(call: Call, instrument: Instrument, quote: Quote) -> Quantity | Refused:
    if "amount" in call.arguments:
        return whole_steps(Decimal(call.arguments["amount"]), instrument)
    if "sum" in call.arguments:
        price = quote.last or quote.bid or quote.ask
        if price is None:
            return Refused("no_quote", {"ticker": instrument.ticker})
        return size_by_sum(Decimal(call.arguments["sum"]), price, instrument)
    return Refused("amount_or_sum", {})


async def _work(tools: Tools, call: Call, instrument: Instrument, side: Side, quantity: Quantity, verb: str) -> Reply:
    """Start the task, unless a refusal is known already; answer with its first step."""
    assert call.account is not None, "the command needs an account"
    quote = await tools.desk.quote(call.account.name, instrument.ticker)
    best = None if quote is None else own_best(side, quote)
    if best is None:
        return Refused("no_quote", {"ticker": instrument.ticker})
    refused = await _refused(tools, call, instrument, side, quantity, best)
    if refused is not None:
        return refused
    row = tools.worklist.make(call.account, instrument, side, quantity, f"/{verb}", call.call_id)
    task = task_of(tools, call, row, f"{verb} {instrument.ticker}", f"/{verb}", arrival=plain(best))
    twin = tools.supervisor.twin(task)
    if twin is not None:
        return twin
    if await tools.store.task(task.id) is None:  # else the message was told twice
        await tools.worklist.add(row, call.person)
    started = await tools.supervisor.start(task, call.person)
    if isinstance(started, Refused):
        await tools.worklist.close(row.id)
        return started
    return await _first_step(tools, call, task, _rounded(call, quantity, instrument))


async def _refused(
    tools: Tools, call: Call, instrument: Instrument, side: Side, quantity: Quantity, price: Price
) -> Refused | None:
    """What the risk gate would say to all of it at once. Writes nothing."""
    assert call.account is not None, "the command needs an account"
    request = OrderRequest(
        id=OrderId(derive_id(tools.desk.desk_id, "asked", call.call_id)),
        intent=IntentId(call.call_id),
        account=call.account.name,
        ticker=instrument.ticker,
        side=side,
        type=OrderType.LIMIT,
        quantity=quantity,
        role=OrderRole.TASK,
        purpose=Purpose.WORKING,
        because=(),
        price=price,
        time_in_force=TimeInForce.DAY,
    )
    verdict = review(request, tools.desk.limits, await tools.desk.situation(request))
    return verdict if isinstance(verdict, Refused) else None


def task_of(tools: Tools, call: Call, row: QueueRow, title: str, command: str, arrival: str = "") -> Task:
    """The task that works on a row of the queue, for what is left of it."""
    average = plain(row.average_price) if row.average_price is not None else ""
    return Task(
        id=TaskId(derive_id(tools.desk.desk_id, "task", call.call_id, row.id)),
        kind=KIND,
        command=command,
        title=title,
        arguments={
            "by": call.person.id,
            "row": row.id,
            "executed": plain(row.executed),
            "average": average,
            "arrival": arrival,
        },
        goal=TaskGoal.RUN,
        state=TaskState.WAITING,
        started_at=tools.clock_now(),
        account=row.account,
        ticker=row.ticker,
        side=row.side,
        asked=Quantity(row.amount - row.executed),
        owner=row.owner,
    )


async def _first_step(tools: Tools, call: Call, task: Task, lines: list[Line]) -> Reply:
    """The result where it is there already, else where the order rests and which task goes on."""
    task = await tools.supervisor.first_step(task.id)
    if task.state is TaskState.FAILED:
        return Refused(task.checkpoint.get("code", "failed"), {"ticker": task.ticker or "", **task.checkpoint})
    orders = await tools.store.orders_because(CauseKind.TASK.value, task.id)
    about = [*lines, Line("command.task", task_params(task))]
    if task.state.final or not orders:
        key = f"task.{task.state.value.lower()}" if task.state.final else "task.progress"
        return replace(reply(tools, call, key, task_params(task), about), about=(f"task:{task.id}",))
    order = tools.desk.ledger.orders.get(orders[-1].id, orders[-1])
    answer = reply(tools, call, "command.traded", telling.order_params(order), about)
    return replace(answer, about=(f"task:{task.id}", f"order:{order.id}"))


def _rounded(call: Call, quantity: Quantity, instrument: Instrument) -> list[Line]:
    asked = call.arguments.get("amount")
    if asked is None or Decimal(asked) == quantity:
        return []
    return [Line("command.rounded", {"asked": asked, "quantity": plain(quantity), "step": plain(instrument.step)})]


COMMANDS = (
    *(
        Command(side.value, Role.TRADER, trade(side), ARGUMENTS, read_amount_or_sum, needs_account=True)
        for side in Side
    ),
    Command("dump", Role.TRADER, dump, (Argument("ticker", ArgumentKind.TICKER),), needs_account=True),
)
