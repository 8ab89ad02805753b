"""The dashboard: pages, the JSON API and the event stream. A door: it knows core, kit and texts."""

from __future__ import annotations

from aiohttp import web

from dashboard.about import AboutRoutes
from dashboard.accounts import AccountRoutes
from dashboard.answers import Answers
from dashboard.audit import AuditRoutes
from dashboard.board import Board, DemoControls
from dashboard.charts import ChartRoutes
from dashboard.curves import Curves
from dashboard.demo import Demo
from dashboard.docs import ELSEWHERE, Route, paged
from dashboard.doing import Doing
from dashboard.entry import Entry
from dashboard.gate import Gate
from dashboard.hands import HandRoutes
from dashboard.history import Histories
from dashboard.library import Library
from dashboard.links import LinkRoutes
from dashboard.lint import LintRoutes
from dashboard.lists import list_handler, listings, one_handler
from dashboard.live import Live
from dashboard.logs import LogRoutes
from dashboard.me import Me
from dashboard.metrics import Metrics
from dashboard.pages import Pages
from dashboard.pictures import PictureRoutes
from dashboard.prices import Prices
from dashboard.recent import reading
from dashboard.research import ResearchRoutes
from dashboard.screens import Screens
from dashboard.search import TickerRoutes
from dashboard.sellbuy import SellBuys
from dashboard.signals import SignalRoutes
from dashboard.spreads import SpreadRoutes
from dashboard.stops import StopRoutes
from dashboard.tunables import TunableRoutes
from dashboard.updating import UpdateRoutes
from dashboard.users import UserRoutes
from dashboard.views import VIEWS
from dashboard.visuals import VisualRoutes
from kit.http import with_slash

__all__ = ["Board", "DemoControls", "routes"]

API = "/api/v1"
OLDER = "/api"
"""Under which an older system told of its research: what is there is the same."""


def routes(board: Board) -> list[web.RouteDef]:
    """Everything that the dashboard answers; the roof binds it. Begins to listen to the store and the ledger."""
    gate = Gate(board)
    shown = reading(board)
    api = [*_api(board), *ChartRoutes(shown).routes(API), *Curves(shown).routes(API), *_research(board, API)]
    bound = [
        r
        for route in [*api, *_research(board, OLDER)]
        for r in with_slash(route.method, route.path, gate.known(route.handler))
    ]
    screens = Screens(shown, VIEWS)
    live = Live(shown, gate, screens)
    return [
        *bound,
        *Library(gate).routes(),
        *Entry(board, gate).routes(),
        *Pages(shown, gate, screens, [*ELSEWHERE, *api]).routes(),
        web.get("/events", gate.known(live.answer)),
        web.get("/metrics", Metrics(board, gate).answer),
    ]


def _research(board: Board, api: str) -> list[Route]:
    rooms = (LogRoutes(board), VisualRoutes(board), ResearchRoutes(board), UpdateRoutes(board))
    return [route for room in rooms for route in room.routes(api)]


def _api(board: Board) -> list[Route]:
    prices, doing, demo, answers = Prices(board), Doing(board), Demo(board), Answers(board, board.approvals)
    queue = SellBuys(board, board.worklist, board.supervisor)
    spreads = SpreadRoutes(board)
    reading = []
    links, users, stops = LinkRoutes(board), UserRoutes(board), StopRoutes(board)
    for listing in [
        *listings(board),
        queue.listing(),
        links.listing(),
        users.listing(),
        spreads.listing(),
        *stops.listings(),
    ]:
        path = f"{API}/{listing.name}"
        reading.append(paged(path, f"{listing.says}, newest first", list_handler(listing)))
        reading.append(Route("GET", f"{path}/{{id}}", "one of them", one_handler(listing)))
    book = {"ticker": "", "bid": "price", "ask": "price", "bid_size?": "pieces", "ask_size?": "pieces"}
    fault = {"next": "its name", "count?": "how often", "seconds?": "of a delay", "retry_after?": "seconds"}
    row = {"ticker?": "or figi", "figi?": "", "amount": "pieces", "sell": "true or false", "account?": ""}
    change = {"executed?": "pieces", "avg_exec_price?": "price", "amount?": "pieces", "sell?": "true or false"}
    answer = {
        "version?": "that was seen",
        "action": "approve | half | market | edit | snooze | reject",
        "changes?": "quantity, price, type, stop, target",
        "accept_price?": "after 428 price_moved: the price that is taken; true: any",
        "reason?": "",
    }
    return [
        *reading,
        Route("POST", f"{API}/sellbuy", "queue a trade", queue.add, row),
        Route("PATCH", f"{API}/sellbuy/{{id}}", "correct a row, audited", queue.change, change),
        Route("DELETE", f"{API}/sellbuy/{{id}}", "take a row out of the queue", queue.remove),
        Route("POST", f"{API}/proposals/{{id}}/answer", "answer a proposal", answers.answer, answer),
        Route("GET", f"{API}/proposals/{{id}}/picture", "its picture, a PNG", PictureRoutes(board).proposal),
        Route("POST", f"{API}/commands", "run a command", doing.command, {"text": "as typed, like /status"}),
        Route("POST", f"{API}/actions/{{id}}", "press a notice's button, once", doing.press),
        *spreads.routes(API),
        *links.routes(API),
        *stops.routes(API),
        *TunableRoutes(board).routes(API),
        *users.routes(API),
        *Me(board).routes(API),
        *AccountRoutes(board).routes(API),
        *SignalRoutes(board).routes(API),
        *LintRoutes(board).routes(API),
        *AboutRoutes(board).routes(API),
        *HandRoutes(board).routes(API),
        *Histories(board).routes(API),
        *TickerRoutes(board).routes(API),
        *AuditRoutes(board).routes(API),
        Route("GET", f"{API}/health", "empty, while the desk answers", doing.health),
        Route("GET", f"{API}/ticker/{{ticker}}", "one instrument, in any case", doing.ticker),
        Route("GET", f"{API}/prices", "last price by ticker", prices.now),
        paged(f"{API}/prices/{{ticker}}", "what it cost before, newest first", prices.before),
        Route("POST", f"{API}/demo/market", "set a still market's book", demo.market, book),
        Route("POST", f"{API}/demo/clock", "move a still market's clock on", demo.clock, {"advance_s": "seconds"}),
        Route("POST", f"{API}/demo/faults", "let the next placings meet a fault", demo.faults, fault),
        Route("GET", f"{API}/demo/sample", "the body of the sample alert", demo.sample),
    ]
