"""Now: is it alive, what is at risk, what waits for me, what did today earn, how do I stop everything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.services.portfolio import PositionView
from core.values.alerts import AlertRecord
from core.values.fills import Fill
from core.values.ids import OWNER
from core.values.money import ZERO
from core.values.orders import Order, OrderRole, ProtectionClass
from core.values.people import Person, Role
from dashboard.board import Board
from dashboard.frame import may_run
from dashboard.lists import owner_of
from dashboard.pictures import drawn
from dashboard.rows import proposal_row
from dashboard.view import Model, Query, View, Wakes

STORY = 10
"""Alerts, orders and fills among which the newest story is looked for."""
NAMED = 3
"""Accounts and positions that are named, those first that somebody must look at."""


@dataclass(frozen=True, slots=True)
class Line:
    """One account. fed: its feed's heartbeats arrive. quoted_at: the newest price of anything; None before the first.
    equity: None while the broker does not answer."""

    account: str
    currency: str
    fed: bool
    quoted_at: datetime | None
    equity: Decimal | None

    @property
    def well(self) -> bool:
        return self.fed and self.equity is not None


@dataclass(frozen=True, slots=True)
class Risk:
    """at_stops: what the positions with a stop would give back from here if all stops were hit; exposure: notional."""

    at_stops: Decimal = ZERO
    exposure: Decimal = ZERO
    open: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Story:
    """The newest alert and what became of it."""

    alert: AlertRecord
    order: Order | None
    fills: Sequence[Fill]
    position: PositionView | None


async def model(board: Board, person: Person, _query: Query) -> Model:
    views = board.portfolio.positions(person)
    waiting = [p for p in await board.store.unfinished_proposals() if p.waits and person.sees(p.owner)]
    now, lines = board.clock.now(), await _lines(board, person)
    first = max(waiting, key=lambda p: p.created_at, default=None)
    bare = [v for v in views if v.protection is ProtectionClass.MANAGED and v.protected_by is None]
    return {
        "lines": lines[:NAMED],
        "accounts": len(lines),
        "unwell": sum(1 for line in lines if not line.well),
        "bare": bare,
        "bare_since": min((v.position.unprotected_since for v in bare if v.position.unprotected_since), default=None),
        "ready": board.ready(),
        "last_alert": next(iter((await board.store.alerts(1, None, owner_of(person))).items), None),
        "risks": _risks(board, views),
        "views": sorted(views, key=lambda v: v not in bare)[:NAMED],
        "held": len(views),
        "first": None if first is None else proposal_row(first, person.language, now, drawn(board, first)),
        "expires_at": None if first is None else first.expires_at,
        "may_answer": person.may(Role.APPROVER),
        "today": await board.today(person),
        "may_arm": may_run(board, person, "arm") and person.sees(OWNER),
        "sample": board.sample_alert is not None,
        "story": await _story(board, person, views) if board.sample_alert is not None else None,
    }


async def _lines(board: Board, person: Person) -> list[Line]:
    """A line an account, those that are not well first."""
    found = []
    for view in await board.portfolio.accounts(person):
        account = view.account
        feed = board.desk.venues[account.name].feed
        quotes = (feed.quote(instrument.ticker) for instrument in board.desk.directory.instruments(account.name))
        newest = max((quote.at for quote in quotes if quote is not None), default=None)
        equity = None if view.margin is None else view.margin.equity
        found.append(Line(account.name, account.currency, feed.alive(), newest, equity))
    return sorted(found, key=lambda line: line.well)


def _risks(board: Board, views: Sequence[PositionView]) -> dict[str, Risk]:
    """By currency."""
    sums: dict[str, Risk] = defaultdict(Risk)
    for view in views:
        position, last = view.position, view.last
        if last is None:
            continue
        currency = board.desk.venues[position.account].account.currency
        value = position.quantity * board.desk.directory.point_value(position.account, position.ticker)
        stop = position.plan.stop if view.protected_by else None
        sums[currency] = Risk(
            sums[currency].at_stops + (ZERO if stop is None else max(ZERO, (last - stop) * value)),
            sums[currency].exposure + abs(value * last),
            sums[currency].open + (view.profit or ZERO),
        )
    return dict(sums)


async def _story(board: Board, person: Person, views: Sequence[PositionView]) -> Story | None:
    alerts = await board.store.alerts(STORY, None, owner_of(person))
    alert = next((record for record in alerts.items if record.alert.account), None)
    if alert is None:
        return None
    orders = [await board.store.order(order_id) for order_id in alert.order_ids]
    order = next((o for o in orders if o and o.request.role in {OrderRole.ENTRY, OrderRole.EXIT}), None)
    fills = await board.store.fills_of(order.id) if order is not None else []
    place = None if order is None else (order.request.account, order.request.ticker, order.request.book)
    position = next((v for v in views if (v.position.account, v.position.ticker, v.position.book) == place), None)
    return Story(alert, order, fills, position)


VIEW = View(
    "now",
    model,
    parts=("halt", "alive", "risk", "waits", "today", "stop", "story"),
    wakes=Wakes.JOURNAL | Wakes.BOOKS | Wakes.QUOTES | Wakes.TIME,
    scripts=("now.js",),
)
