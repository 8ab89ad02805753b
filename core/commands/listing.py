"""The words behind /stops: what is on the lists, and the figures that people may set otherwise than the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.commands.registry import Call, Reply, Tools, reply
from core.rules.tuning import NAMES
from core.values.money import plain
from core.values.notices import Line
from core.values.orders import Refused
from core.values.traps import StopList, Tunables

USAGE = (
    "/stops [list | white <tickers> | unwhite <tickers> | black <long | short> <tickers> | unblack <long | short> "
    "<tickers> | remove <tickers> | morning <tickers> | nomorning [tickers] | set [name values]]"
)
SHORT_NAMES = {name.removesuffix("_levels").removeprefix("stop_"): name for name in NAMES}
"""long, short, nuke, sum, minutes, scan_rate."""
FLAGS: Mapping[tuple[str, ...], tuple[str, bool]] = {
    ("white",): ("whitelist", True),
    ("unwhite",): ("whitelist", False),
    ("black", "long"): ("stop_blacklist", True),
    ("black", "short"): ("short_blacklist", True),
    ("unblack", "long"): ("stop_blacklist", False),
    ("unblack", "short"): ("short_blacklist", False),
    ("morning",): ("morning", True),
    ("nomorning",): ("morning", False),
}


def read_none(words: Sequence[str]) -> Mapping[str, str] | Refused:
    return Refused("usage", {"usage": "/shorts"}) if words else {"verb": "place"}


def read_words(words: Sequence[str]) -> Mapping[str, str] | Refused:
    """list, set and flags; the tickers as they were typed."""
    small = [word.lower() for word in words]
    match small:
        case []:
            return {"verb": "place"}
        case ["list"] | ["set"]:
            return {"verb": small[0]}
        case ["set", name, _, *_]:
            return {"verb": "set", "name": SHORT_NAMES.get(name, name), "values": " ".join(words[2:])}
        case ["remove", _, *_]:
            return {"verb": "remove", "tickers": " ".join(words[1:])}
        case ["nomorning"] | ["morning"]:
            return {"verb": "session", "on": small[0]}
    for phrase in FLAGS:
        if tuple(small[: len(phrase)]) == phrase and len(words) > len(phrase):
            return {"verb": "flag", "flag": " ".join(phrase), "tickers": " ".join(words[len(phrase) :])}
    return Refused("usage", {"usage": USAGE})


async def words(tools: Tools, call: Call) -> Reply:
    match call.arguments["verb"]:
        case "set":
            return await _set(tools, call)
        case "flag":
            return await _flag(tools, call)
        case "remove":
            return await _remove(tools, call)
        case "session":
            changed = await tools.office.lists.morning(call.person, on=call.arguments["on"] == "morning")
            return reply(tools, call, "command.mornings", {"count": str(changed)})
    rows = await tools.office.lists.rows(call.person)
    return reply(tools, call, "command.lists", {"count": str(len(rows))}, [_line(row) for row in rows])


async def _flag(tools: Tools, call: Call) -> Reply:
    """All of the tickers or none: the first that nobody knows, or that means several things, is the answer."""
    lists = tools.office.lists
    name, on = FLAGS[tuple(call.arguments["flag"].split())]
    tickers = call.arguments["tickers"].split()
    for ticker in tickers:
        if await lists.row(call.person, ticker.upper()) is None:
            known = lists.known(call.person, ticker)
            if isinstance(known, Refused):
                return known
    changed = [await lists.put(call.person, ticker, {name: on}) for ticker in tickers]
    refused = next((row for row in changed if isinstance(row, Refused)), None)
    if refused is not None:
        return refused
    lines = [_line(row) for row in changed if isinstance(row, StopList)]
    return reply(tools, call, "command.listed", {"count": str(len(lines))}, lines)


async def _remove(tools: Tools, call: Call) -> Reply:
    found = []
    for ticker in call.arguments["tickers"].split():
        row = await tools.office.lists.row(call.person, ticker.upper())
        if row is None:
            return Refused("not_listed", {"ticker": ticker})
        found.append(row)
    for row in found:
        await tools.office.lists.remove(call.person, row)
    return reply(tools, call, "command.unlisted", {"tickers": ", ".join(row.ticker for row in found)})


async def _set(tools: Tools, call: Call) -> Reply:
    lists, name = tools.office.lists, call.arguments.get("name")
    if name is None:
        now = await lists.tunables(call.person.master)
    else:
        set_ = await lists.tune(call.person, {name: call.arguments["values"].split()})
        if isinstance(set_, Refused):
            return set_
        now = set_
    return reply(tools, call, "command.tunables", figures(now))


def figures(tunables: Tunables) -> dict[str, str]:
    """As people type them."""
    values = {name: getattr(tunables, name) for name in NAMES}
    return {name: " ".join(map(plain, v)) if isinstance(v, tuple) else plain(v) for name, v in values.items()}


def _line(row: StopList) -> Line:
    marks = {
        "white": row.whitelist,
        "black long": row.stop_blacklist,
        "black short": row.short_blacklist,
        "no morning": not row.morning,
    }
    return Line(
        "command.list_row", {"ticker": row.ticker, "marks": ", ".join(m for m, on in marks.items() if on) or "-"}
    )
