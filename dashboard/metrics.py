"""GET /metrics: counters fed by the journal's commits, gauges read when somebody asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import perf_counter

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from core.services.desk import Desk
from core.values.accounts import RiskState
from core.values.changes import AlertDone, Change, FillTaken, NoticeMade, OrderMade, OrderMoved
from core.values.errors import DeskError
from core.values.ids import OrderId
from core.values.orders import Order, OrderState
from dashboard.board import Board
from dashboard.gate import Gate
from dashboard.present import Present
from kit.timing import Seconds

OUTBOX_MAX = 1000
"""A deeper outbox is told as this."""


class Metrics:
    def __init__(self, board: Board, gate: Gate) -> None:
        self._gate = gate
        self._registry = registry = CollectorRegistry()
        self._alerts = Counter(
            "openoutcry_alerts", "Alerts handled since start: accepted, refused, stale", ["status"], registry=registry
        )
        self._orders = Counter(
            "openoutcry_orders", "Orders that came into a state since start", ["state"], registry=registry
        )
        self._fills = Counter("openoutcry_fills", "Executions since start", registry=registry)
        self._notices = Counter("openoutcry_notices", "Notices since start", ["kind"], registry=registry)
        self._refusals = Counter("openoutcry_refusals", "What was refused since start", ["code"], registry=registry)
        self._sent_at: dict[OrderId, float] = {}
        self._round_trip = Seconds()
        self._board = board
        self._present = Present(board, self._round_trip)
        registry.register(self._present)
        ProcessCollector(registry=registry)
        self._gauges(board)
        board.store.listen(self._count)

    def _gauges(self, board: Board) -> None:
        ledger = board.desk.ledger

        def gauge(name: str, says: str) -> Gauge:
            return Gauge(f"openoutcry_{name}", says, registry=self._registry)

        gauge("live_orders", "Orders not in a final state").set_function(lambda: len(ledger.orders))
        gauge("unknown_orders", "Orders whose outcome nobody knows").set_function(
            lambda: sum(1 for order in ledger.orders.values() if order.state is OrderState.UNKNOWN)
        )
        gauge("open_positions", "Open positions").set_function(lambda: len(ledger.positions))
        gauge("unprotected_positions", "Managed positions without their stop").set_function(
            lambda: sum(1 for p in ledger.positions.values() if p.managed and p.unprotected_since is not None)
        )
        gauge("asyncio_tasks", "Tasks of the event loop that are not over").set_function(
            lambda: float(len(asyncio.all_tasks()))
        )
        gauge("ready", "1 once start-up recovery is done").set_function(lambda: float(board.ready()))
        states = Gauge("openoutcry_risk_state", "1 for the state in force", ["state"], registry=self._registry)
        for state in RiskState:
            states.labels(state.value).set_function(_in_force(board.desk, state))

    def _count(self, changes: Sequence[Change]) -> None:
        for change in changes:
            match change:
                case AlertDone(status=status, reason=reason):
                    refused = bool(reason) and status.value == "accepted"
                    self._alerts.labels("refused" if refused else status.value).inc()
                case OrderMade(order=order):
                    self._orders.labels(order.state.value).inc()
                case OrderMoved(order=order, was=was) if order.state is not was:
                    self._orders.labels(order.state.value).inc()
                    self._time(order, was)
                case FillTaken():
                    self._fills.inc()
                case NoticeMade(notice=notice):
                    self._notices.labels(notice.kind.value).inc()
                    if notice.key == "refusal.head":
                        self._refusals.labels(notice.params.get("code", "")).inc()

    def _time(self, order: Order, was: OrderState) -> None:
        if order.state is OrderState.SENT:
            self._sent_at[order.id] = perf_counter()
        elif was is OrderState.SENT and order.id in self._sent_at:
            self._round_trip.observe(perf_counter() - self._sent_at.pop(order.id))

    async def answer(self, request: web.Request) -> web.Response:
        self._gate.check_browser(request)
        store = self._board.store
        with suppress(DeskError):  # a journal that cannot be read must not hide everything else
            for surface in self._board.figures.surfaces:
                self._present.outbox[surface] = len(await store.undelivered(surface, OUTBOX_MAX))
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _in_force(desk: Desk, state: RiskState) -> Callable[[], float]:
    return lambda: float(desk.safety.state(*desk.venues) is state)
