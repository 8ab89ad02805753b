"""docs/commands.md: every command with what a still demo answers. The desk, its clock and its ids are always the same,
so the page changes only with the desk's words."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot import words
from core import commands
from core.clock import ManualClock
from core.commands.registry import Command
from core.values.alerts import AlertKind, Source
from core.values.orders import OrderRole, Side
from core.values.people import Role
from storage.sqlite import open_store
from tests.desk import TestDesk, an_alert, levels, opened, price

BEGAN = datetime(2026, 11, 24, 9, tzinfo=UTC)
DESK_ID = 0x0DE5C0DE
LINES_MAX = 12
HEAD = Path(__file__).with_name("commands_head.md")
ROLES = {
    Role.VIEWER: "everybody",
    Role.TRADER: "traders",
    Role.APPROVER: "approvers",
    Role.ADMIN: "admins",
}
GROUPS = {
    "Trade by hand": "buy sell dump sellbuy queue tasks stop pause resume cancel",
    "Look": "status positions orders why report health",
    "Answer proposals": "proposals approve edit reject",
    "Stop everything": "kill arm",
    "Stop orders by the dozen": "stops shorts nuke stash restore",
    "Spreads": "spreads sprices scan dscan",
    "Strategies and links": "strategies recollect reset_history links answer",
    "The desk itself": "help language noise dashboard reload",
}
CONVERSATION = """
/help
/status
/health
/language en
/noise entries silent
/noise quiet 23:00-07:00
! enter
/positions
/orders
/why {order}
/buy 25 SBER
/sell GAZP 5000
/tasks
/pause
/resume
/stop
/dump SBER
/stop
/queue add SBER 100 sell
/queue
/sellbuy
/cancel
/scan 5
/dscan 3
/spreads add SRZ6 SBER sell 620 1
/spreads
/sprices
/stop
/stops white SBER GAZP
/stops
/shorts
/nuke SBER 100000
/stash evening
/restore evening
! study
/proposals
/edit {proposal} quantity=20
/approve {proposal} half
! study
/reject {proposal} earnings tomorrow
/links new
/answer Trend
/answer cancel
/links
/strategies
/strategies run recycle SBER
/stop
/recollect SBER
/reset_history
/report
/reload
/dashboard
/kill
/arm
"""
"""What is typed, in this order; `!` is what comes in meanwhile. A line that comes again is not shown again."""


@dataclass(slots=True)
class Talk:
    """What was typed and answered, by command."""

    desk: TestDesk
    samples: dict[str, list[str]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    async def go(self, line: str) -> None:
        if line.startswith("!"):
            await getattr(self, f"_{line[2:]}")()
            return
        typed = line.format(order=await self._entry(), proposal=await self._waiting())
        notice = await self.desk.say(typed, call_id=f"sample:{len(self.said)}:{line}")
        answer = words.words(notice, "en").splitlines()
        if len(answer) > LINES_MAX:
            answer = [*answer[:LINES_MAX], "…"]
        answer += [f"[{words.label(action, 'en')}]" for action in notice.actions]
        name = line[1:].split(maxsplit=1)[0]
        if line not in self.said:
            self.samples.setdefault(name, []).append("\n".join([f"> {typed}", *answer]))
        self.said.append(line)

    async def _entry(self) -> str:
        orders = await self.desk.orders(OrderRole.ENTRY)
        return orders[0].id if orders else ""

    async def _waiting(self) -> str:
        page = await self.desk.engine.store.proposals(1)
        return page.items[0].id if page.items else ""

    async def _enter(self) -> None:
        await self._sber(Source.ORDER)

    async def _study(self) -> None:
        await self._sber(Source.STUDY)

    async def _sber(self, source: Source) -> None:
        now = self.desk.now
        await self.desk.take(
            an_alert(
                AlertKind.ENTRY,
                now,
                ticker="SBER",
                side=Side.BUY,
                source=source,
                sent_at=now,
                price=price("300"),
                long=levels("288", "318"),
                body=f"{source} {len(self.said)}",
            )
        )


async def page(folder: Path) -> str:
    """The whole page. folder: an empty one, for the desk."""
    await _drawn(folder / "desk.sqlite3")
    account = {"name": "Testing", "broker": "paper", "cash": "1000000"}
    async with opened(folder, began=BEGAN, account=account, market={"still": True}) as desk:
        desk.engine.office.links.base_url = "http://127.0.0.1:8089"
        talk = Talk(desk)
        for line in CONVERSATION.split("\n"):
            if line:
                await talk.go(line)
    return "\n".join([HEAD.read_text(encoding="utf-8"), *_sections(talk.samples)])


async def _drawn(path: Path) -> None:
    """A journal whose desk id, else drawn by lot, is ours."""
    store = await open_store(path, ManualClock(BEGAN))
    await store.close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE desk SET desk_id = ?", (DESK_ID,))


def shown() -> Sequence[Command]:
    """What /help lists."""
    return [command for command in commands.table() if not command.hidden]


def _sections(samples: dict[str, list[str]]) -> list[str]:
    known = {command.name: command for command in shown()}
    for name in known:
        assert name in samples, f"/{name} has no sample: type it in CONVERSATION of {Path(__file__).name}"
    told: list[str] = []
    for title, names in GROUPS.items():
        told += [f"## {title}", ""]
        for name in names.split():
            told += _section(known.pop(name), samples[name])
    assert not known, f"GROUPS of {Path(__file__).name} names no {', '.join(known)}"
    return told


def _section(command: Command, samples: Sequence[str]) -> list[str]:
    helped = words.help_line(command, "en")
    also = "".join(f", also called `/{alias}`" for alias in command.aliases)
    return [
        f"### /{command.name}",
        "",
        f"`{command.usage}`: {helped}. For {ROLES[command.role]}{also}.",
        "",
        "```",
        *_masked("\n\n".join(samples)).splitlines(),
        "```",
        "",
    ]


def _masked(text: str) -> str:
    """Without what is drawn by lot: the pass behind a link."""
    return re.sub(r"(/enter#)\S+", r"\1...", text)
