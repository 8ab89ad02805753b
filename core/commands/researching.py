"""/recollect and /reset_history: begin anew with what strategies learn from, after a press."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from core.commands.registry import Argument, Ask, Call, Command, Reply, Tools, reply
from core.services.history import History
from core.services.run_records import RunRecords
from core.services.visuals import FIRST_DAY
from core.values.orders import Refused
from core.values.people import Role

USAGE = Refused("usage", {"usage": "/recollect [ticker] [2026-01-31]"})


def read(words: Sequence[str]) -> Mapping[str, str] | Refused:
    """A ticker, a day from which on, both or neither."""
    match [day_of(word) or word for word in words]:
        case []:
            return {}
        case [date() as first]:
            return {"first": first.isoformat()}
        case [str(ticker)]:
            return {"ticker": ticker}
        case [str(ticker), date() as first]:
            return {"ticker": ticker, "first": first.isoformat()}
        case _:
            return USAGE


def day_of(text: str) -> date | None:
    """`2026-01-31`, and `2026/1/31` as an older system wrote it; None for anything else."""
    parts = text.replace("/", "-").split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) <= 4 for part in parts):
        return None
    try:
        return date(*map(int, parts))
    except ValueError:
        return None


async def recollect(tools: Tools, call: Call) -> Reply:
    """Asked of the broker again, in the background; nothing is taken away before something better is there."""
    research = tools.research
    if research.recollect is None:
        return Refused("nothing_collected", {})
    ticker, text = call.arguments.get("ticker"), call.arguments.get("first")
    known = {symbol.casefold(): symbol for symbol in research.symbols}
    symbol = None if ticker is None else known.get(ticker.casefold())
    if ticker is not None and symbol is None:
        return Refused("not_collected", {"ticker": ticker[:100]})
    params = {"tickers": symbol or ", ".join(research.symbols), "day": text or FIRST_DAY.isoformat()}
    if not call.confirmed:
        return Ask("command.recollect_ask", params)
    refused = research.recollect(symbol, None if text is None else date.fromisoformat(text))
    return refused or reply(tools, call, "command.recollecting", params)


async def reset_history(tools: Tools, call: Call) -> Reply:
    """The person's own orders, fills and runs leave their lists; the journal keeps them."""
    if not call.confirmed:
        return Ask("command.reset_history_ask")
    refused = await History(tools.store, tools.desk, tools.office.links).hide(call.person, None)
    refused = refused or await RunRecords(tools.desk).reset(call.person)
    return refused or reply(tools, call, "command.history_reset")


COMMANDS = (
    Command(
        "recollect",
        Role.ADMIN,
        recollect,
        (Argument("ticker", required=False), Argument("first", required=False)),
        parse=read,
    ),
    Command("reset_history", Role.TRADER, reset_history),
)
