"""What must be so once all troubles are over: the verdict of tests/crashes, and what only a simulator can see."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from openoutcry.parts import House
from tests.crashes.verdict import Row, disagreements
from tests.servers.broker import payload
from tests.simulation.doors import call

if TYPE_CHECKING:
    from tests.simulation.story import Run

DIFFERENCES = frozenset({"position.differs", "position.less"})


async def judge(run: Run, house: House) -> list[str]:
    """Everything that is wrong; empty when all is well."""
    desk = {name: await _items(run, name) for name in ("alerts", "orders", "positions", "notices", "proposals")}
    found = [problem for name in run.exchanges for problem in of_account(run, name, desk)]
    found += unasked(run.people.asked, desk["orders"], desk["proposals"])
    halt = house.desk.safety.halt
    if halt is not None and halt.by == "desk":
        found.append(f"the desk halted itself: {halt.reason}")
    found += [
        f"nobody pays in or takes out here: {row['text']}"
        for row in desk["notices"]
        if row["key"] == "position.differs"
    ]
    for row in desk["positions"]:
        run.trace("desk", "holds", row["ticker"], row["quantity"])
    return found


def of_account(run: Run, name: str, desk: Mapping[str, Sequence[Row]]) -> list[str]:
    """Its exchange's word against what the desk says of it."""
    exchange = run.exchanges[name]
    own = {what: [row for row in rows if row.get("account", name) == name] for what, rows in desk.items()}
    referee = {what: payload_of(exchange.ask(what)) for what in ("orders", "stop_orders", "positions")}
    referee["ledger"] = exchange.ledger
    return [f"{name}: {what}" for what in disagreements(run.people.accepted[name], own, referee, exchange.dialect)]


def unasked(asked: Collection[str], orders: Sequence[Row], proposals: Sequence[Row]) -> list[str]:
    """I12: an entry that people decide on has their word."""
    approved = {order for row in proposals if row["state"] == "approved" for order in row["order_ids"]}
    entries = (o for o in orders if o["role"] == "entry" and o["because"][0]["id"] in asked)
    return [f"I12 order {o['id']} was sent without a word" for o in entries if o["id"] not in approved]


def payload_of(rows: Any) -> list[dict[str, Any]]:
    return [payload(row) for row in rows]


async def _items(run: Run, name: str) -> list[dict[str, Any]]:
    """Every row of a list of the API, page by page."""
    rows: list[dict[str, Any]] = []
    after = ""
    while True:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        path = f"/api/v1/{name}?limit=1000{after}"
        call(run.loop, "GET", path, None, "test-token", partial(_give, answer))
        status, body = await answer
        assert status == 200, body
        rows += body["items"]
        if body["next"] is None:
            return rows
        after = f"&after={body['next']}"


def _give(answer: asyncio.Future[Any], status: int, body: Any) -> None:
    answer.set_result((status, body))
