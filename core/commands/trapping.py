"""/stops, /shorts and /nuke: traps for everything on a list, or for one ticker. The words behind /stops edit lists.

The answer says how many orders at which levels, the money of them all if each fires, and what was left out; where
that money is more than the account's equity, a press is asked first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from core.commands import listing
from core.commands.registry import Argument, ArgumentKind, Ask, Call, Command, Handler, Reply, Tools, reply
from core.commands.trading import digits
from core.jobs.pace import seconds_to_place
from core.jobs.traps import KIND, Layout, lay_out
from core.services.cards import task_params
from core.values.accounts import Account
from core.values.ids import TaskId, derive_id
from core.values.money import Quantity, plain
from core.values.notices import Line, Params
from core.values.orders import Refused, Side
from core.values.people import Role
from core.values.tasks import Task, TaskGoal, TaskState
from core.values.traps import packed

SKIPPED_MAX = 50


@dataclass(frozen=True, slots=True)
class Wish:
    """What a command asks for. levels: percent. sum_: money of one order."""

    title: str
    tickers: Sequence[str]
    side: Side
    levels: Sequence[Decimal]
    sum_: Decimal


def placing(side: Side) -> Handler:
    """The handler of /stops (buy) or /shorts (sell)."""

    async def handler(tools: Tools, call: Call) -> Reply:
        if call.arguments["verb"] != "place":
            return await listing.words(tools, call)
        account = call.account if call.account is not None else tools.desk.directory.account(None, call.person)
        if isinstance(account, Refused):
            return account
        tunables = await tools.office.lists.tunables(call.person.master)
        tickers = await tools.office.lists.taken(call.person, side)
        if not tickers:
            return Refused("nothing_listed")
        levels = tunables.long_levels if side is Side.BUY else tunables.short_levels
        title = "stops" if side is Side.BUY else "shorts"
        return await _place(tools, call, account, Wish(title, tickers, side, levels, tunables.stop_sum))

    return handler


def read_nuke(words: Sequence[str]) -> Mapping[str, str] | Refused:
    if len(words) == 2 and digits(words[1]):
        return {"ticker": words[0], "sum": words[1]}
    return Refused("usage", {"usage": "/nuke <ticker> <sum>"})


async def nuke(tools: Tools, call: Call) -> Reply:
    """The sum in equal parts; refused where a part is not more than a lot costs now."""
    account = call.account
    assert account is not None, "the command needs an account"
    found = tools.desk.directory.only(account.name, call.arguments["ticker"])
    if isinstance(found, Refused):
        return found
    prices = await tools.desk.venues[account.name].feed.last_prices([found.ticker])
    if found.ticker not in prices:
        return Refused("no_quote", {"ticker": found.ticker})
    levels = (await tools.office.lists.tunables(call.person.master)).nuke_levels
    part = Decimal(call.arguments["sum"]) // len(levels)
    lot = found.notional(prices[found.ticker], found.lot)
    if part <= lot:
        return Refused("sum_too_small", {"ticker": found.ticker, "part": plain(part), "lot": plain(lot)})
    return await _place(tools, call, account, Wish(f"nuke {found.ticker}", [found.ticker], Side.BUY, levels, part))


async def _place(tools: Tools, call: Call, account: Account, wish: Wish) -> Reply:
    held_back = tools.desk.safety.held_back(account.name)
    if held_back is not None:
        return held_back
    ends = tools.clock_now() + timedelta(
        minutes=float((await tools.office.lists.tunables(call.person.master)).stop_minutes)
    )
    layout = await lay_out(tools.desk, account.name, wish.tickers, wish.side, wish.levels, wish.sum_, ends)
    if not layout.traps:
        ticker, _, code = layout.skipped[0]
        return Refused("nothing_to_place", {"ticker": ticker, "why": code})
    margin = await tools.desk.venues[account.name].broker.margin()
    params = _params(tools, account, wish, layout) | {"equity": plain(round(margin.equity, 2))}
    if layout.notional > margin.equity and not call.confirmed:
        return Ask("command.traps_ask", params, tuple(_skipped(layout)))
    return await begin(tools, call, _task(tools, call, account, wish, layout), params, _skipped(layout))


def _params(tools: Tools, account: Account, wish: Wish, layout: Layout) -> dict[str, str]:
    able = tools.desk.venues[account.name].broker.capabilities
    return {
        "title": wish.title,
        "account": account.name,
        "count": str(len(layout.traps)),
        "levels": ", ".join(map(plain, wish.levels)),
        "sum": plain(wish.sum_),
        "notional": plain(round(layout.notional, 2)),
        "currency": account.currency,
        "skipped": str(len(layout.skipped)),
        "seconds": f"{seconds_to_place(able, len(layout.traps)):.0f}",
    }


def _skipped(layout: Layout) -> list[Line]:
    return [
        Line("command.trap_skipped", {"ticker": ticker, "level": level, "reason": code})
        for ticker, level, code in layout.skipped[:SKIPPED_MAX]
    ]


def _task(tools: Tools, call: Call, account: Account, wish: Wish, layout: Layout) -> Task:
    """words: its card counts orders, not pieces."""
    return Task(
        id=TaskId(derive_id(tools.desk.desk_id, "task", call.call_id, wish.title)),
        kind=KIND,
        command=f"/{wish.title.partition(' ')[0]}",
        title=wish.title,
        arguments={"by": call.person.id, "traps": packed(layout.traps), "words": "_orders"},
        goal=TaskGoal.RUN,
        state=TaskState.WAITING,
        started_at=tools.clock_now(),
        account=account.name,
        ticker=wish.tickers[0] if wish.title.startswith("nuke") else None,
        side=wish.side,
        asked=Quantity(Decimal(len(layout.traps))),
        owner=account.owner,
    )


async def begin(tools: Tools, call: Call, task: Task, params: Params, lines: Sequence[Line]) -> Reply:
    """Start it; the answer is its result where that comes at once."""
    started = await tools.supervisor.start(task, call.person)
    if isinstance(started, Refused):
        return started
    now = await tools.supervisor.first_step(started.id)
    key = "command.traps_placed" if now.state is TaskState.DONE else "command.traps_begun"
    if now.state is TaskState.FAILED:
        return Refused(now.checkpoint.get("code", "failed"), {"reason": now.checkpoint.get("reason", "")})
    told = {**params, **task_params(now), "refused": now.checkpoint.get("reason", "")}
    refused = [Line("command.traps_refused", {"rows": told["refused"]})] if told["refused"] else []
    sums = [Line("command.traps_sums", params)] if "notional" in params else []
    return reply(tools, call, key, told, [*sums, *refused, *lines])


_WORDS = tuple(Argument(name, required=False) for name in ("verb", "list", "tickers"))

COMMANDS = (
    Command("stops", Role.TRADER, placing(Side.BUY), _WORDS, listing.read_words),
    Command("shorts", Role.TRADER, placing(Side.SELL), (), listing.read_none),
    Command(
        "nuke",
        Role.TRADER,
        nuke,
        (Argument("ticker", ArgumentKind.TICKER), Argument("sum", ArgumentKind.NUMBER)),
        read_nuke,
        needs_account=True,
    ),
)
