"""/scan and /dscan: which pairs of shares and futures earn what, and which dividends prices expect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from core.commands.registry import Argument, ArgumentKind, Call, Command, Reply, Tools, reply
from core.commands.trading import digits
from core.rules.yields import DIVIDEND_LINES, Dividend, Executable, Pair
from core.values.ids import NoticeId, derive_id
from core.values.money import parse_decimal, plain
from core.values.notices import Line, Notice, NoticeKind
from core.values.orders import Refused
from core.values.people import Person, Role

LINES_MAX = 1000
RATE_MAX = 1_000_000
CARD_LINES = 60
"""A card is one message of a chat; longer answers are split, and what follows stands by itself."""


def read_rate(words: Sequence[str]) -> Mapping[str, str] | Refused:
    """`7.5`, `18` or nothing."""
    if not words:
        return {}
    rate = parse_decimal(words[0]) if len(words) == 1 else None
    if rate is not None and 0 <= rate <= RATE_MAX:
        return {"rate": words[0]}
    return Refused("usage", {"usage": "/scan [rate]"})


def read_rows(words: Sequence[str]) -> Mapping[str, str] | Refused:
    if not words:
        return {}
    if len(words) == 1 and digits(words[0]) and 0 < int(words[0]) <= LINES_MAX:
        return {"rows": words[0]}
    return Refused("usage", {"usage": "/dscan [rows]"})


async def scan(tools: Tools, call: Call) -> Reply:
    """The classic figure at once; what could really be had follows, in the same message where a chat can edit it."""
    assert call.account is not None, "the command needs an account"
    asked = call.arguments.get("rate")
    rate = Decimal(asked) if asked else await _usual_rate(tools, call.person)
    pairs = await tools.scanner.scan(call.account, rate)
    if not pairs:
        return reply(tools, call, "command.scan_none", {"rate": plain(rate)})
    card = f"scan:{derive_id(tools.desk.desk_id, 'scan', call.call_id)}"

    def notice(found: Sequence[Executable]) -> Notice:
        return Notice(
            id=NoticeId(derive_id(tools.desk.desk_id, "notice", card)),
            at=tools.clock_now(),
            kind=NoticeKind.INFO,
            key="command.scan_now",
            params={"rate": plain(rate), "count": str(len(found))},
            lines=tuple(map(_executable, found)),
            card=card,
            owner=call.person.id,
        )

    tools.scanner.afterwards(call.account, pairs, notice)
    params = {"rate": plain(rate), "count": str(len(pairs))}
    answer = reply(tools, call, "command.scan", params, scan_lines(pairs))
    return replace(answer, card=card) if len(pairs) <= CARD_LINES else answer


async def _usual_rate(tools: Tools, person: Person) -> Decimal:
    return (await tools.office.lists.tunables(person.master)).scan_rate


def scan_lines(pairs: Sequence[Pair]) -> list[Line]:
    """A line a pair: both tickers, margin, the yearly figure to two digits, profit and days."""
    return [_pair(pair) for pair in pairs]


def _pair(pair: Pair) -> Line:
    return Line("command.scan_row", _params(pair) | {"yearly": f"{pair.yearly:.2f}", "profit": f"{int(pair.profit)}"})


def _executable(found: Executable) -> Line:
    figures = {
        "yearly": f"{found.yearly:.2f}",
        "profit": f"{int(found.profit)}",
        "pieces": plain(found.pieces),
        "fees": f"{found.fees:.2f}",
        "affordable": plain(found.affordable),
    }
    return Line("command.scan_now_row", _params(found.pair) | figures)


def _params(pair: Pair) -> dict[str, str]:
    return {
        "near": pair.near.ticker,
        "far": pair.far.ticker,
        "margin": f"{int(pair.margin)}",
        "days": str(pair.days),
    }


async def dscan(tools: Tools, call: Call) -> Reply:
    assert call.account is not None, "the command needs an account"
    rate, lines = await _usual_rate(tools, call.person), int(call.arguments.get("rows", DIVIDEND_LINES))
    found = await tools.scanner.dividends(call.account, rate, lines)
    if not found:
        return reply(tools, call, "command.dscan_none", {})
    return reply(tools, call, "command.dscan", {"count": str(len(found))}, [_dividend(each) for each in found])


def _dividend(found: Dividend) -> Line:
    params = {
        "near": found.near.ticker,
        "far": found.far.ticker,
        "amount": f"{found.amount:.2f}",
        "percent": f"{found.percent:.2f}",
        "days": str(found.days),
        "price": f"{found.price:.2f}",
    }
    return Line("command.dscan_row" if found.tradable else "command.dscan_row_closed", params)


COMMANDS = (
    Command(
        "scan",
        Role.VIEWER,
        scan,
        (Argument("rate", ArgumentKind.NUMBER, required=False),),
        read_rate,
        needs_account=True,
    ),
    Command(
        "dscan",
        Role.VIEWER,
        dscan,
        (Argument("rows", ArgumentKind.NUMBER, required=False),),
        read_rows,
        needs_account=True,
    ),
)
