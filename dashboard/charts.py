"""GET /api/v1/charts/{ticker}: candles, the prices that matter to what is held or proposed, and where it was filled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from aiohttp import web

from core.rules.charting import BARS_MAX, of_position, of_proposal, telling, views
from core.services.candles import Candles
from core.services.portfolio import PositionView
from core.values.charts import Level, LevelRole, Theme
from core.values.errors import Rejected
from core.values.fills import Fill
from core.values.ids import AccountName, ProposalId
from core.values.instrument import Instrument
from core.values.market import Candle
from core.values.people import Person
from core.values.proposals import Proposal
from dashboard.board import Board
from dashboard.docs import Route
from dashboard.rows import Row
from dashboard.schemas import DECIMAL, SIDE, TEXT, TIME, WHOLE, many, one_of, row
from kit.http import ApiError, json_response
from texts import render

INTERVALS = (60, 300, 900, 3600, 86400)
MARKS_MAX = 300
QUERY = {
    "account": "by which to look; else the first that lists the ticker",
    "interval_s": " | ".join(map(str, INTERVALS)),
    "position": "show this one alone",
    "proposal": "show this one's prices instead",
}

_BAR = row(at=TIME, open=DECIMAL, high=DECIMAL, low=DECIMAL, close=DECIMAL, volume=DECIMAL)
ANSWER = row(
    ticker=TEXT,
    account=TEXT,
    interval_s=WHOLE,
    tick=DECIMAL,
    bars=many(_BAR),
    levels=many(row(role=one_of(LevelRole), price=DECIMAL, title=TEXT)),
    marks=many(row(at=TIME, price=DECIMAL, side=SIDE, quantity=DECIMAL)),
)


class ChartRoutes:
    """board: as `dashboard.recent.reading` makes it."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._candles = Candles(board.desk)

    def routes(self, api: str) -> list[Route]:
        path = f"{api}/charts/{{ticker}}"
        return [Route("GET", path, "candles with levels and fills", self.chart, query=QUERY, answer=ANSWER)]

    async def chart(self, request: web.Request, person: Person) -> web.Response:
        """200; 404 for a ticker, position or proposal that this person's accounts do not have; 422."""
        proposal = await self._proposal(request.query.get("proposal"), person)
        named = request.query.get("account", "") if proposal is None else proposal.account
        account, instrument = self._place(request.match_info["ticker"], named, person)
        held = self._held(instrument.ticker, named, request.query.get("position"), person)
        levels = self._levels(held, proposal, instrument)
        interval_s, bars = await self._bars(account, instrument, self._intervals(request, held), levels)
        fills = await self._fills(instrument, named, bars, person) if proposal is None else []
        return json_response(
            {
                "ticker": instrument.ticker,
                "account": account,
                "interval_s": interval_s,
                "tick": instrument.tick,
                "bars": [_bar(bar) for bar in bars],
                "levels": [_level(level, person.language) for level in levels],
                "marks": [_mark(fill) for fill in fills],
            }
        )

    def _place(self, ticker: str, named: str, person: Person) -> tuple[AccountName, Instrument]:
        for name, venue in self._board.desk.venues.items():
            if person.sees(venue.account.owner) and named.casefold() in {"", name.casefold()}:
                for instrument in self._board.desk.directory.instruments(name):
                    if instrument.ticker.casefold() == ticker.casefold():
                        return name, instrument
        raise ApiError(404, "unknown_ticker", "no account of yours trades that ticker", "ticker")

    async def _proposal(self, wanted: str | None, person: Person) -> Proposal | None:
        if wanted is None:
            return None
        found = await self._board.store.proposal(ProposalId(wanted))
        if found is None or not person.sees(found.owner):
            raise ApiError(404, "not_found", "there is no such proposal", "proposal")
        return found

    def _held(self, ticker: str, named: str, wanted: str | None, person: Person) -> Sequence[PositionView]:
        views_ = [
            view
            for view in self._board.portfolio.positions(person)
            if view.position.ticker == ticker
            and named.casefold() in {"", view.position.account.casefold()}
            and wanted in {None, view.position.id}
        ]
        if wanted is not None and not views_:
            raise ApiError(404, "not_found", "there is no such position", "position")
        return views_

    def _intervals(self, request: web.Request, held: Sequence[PositionView]) -> Sequence[int]:
        """The one asked for, else those that reach back to where the oldest position began, from near to far."""
        asked = request.query.get("interval_s")
        if asked is not None:
            if asked not in map(str, INTERVALS):
                known = ", ".join(map(str, INTERVALS))
                raise ApiError(422, "bad_interval", f"interval_s must be one of {known}", "interval_s")
            return [int(asked)]
        now = self._board.clock.now()
        age = max((now - view.position.opened_at for view in held), default=timedelta())
        return [interval_s for _, interval_s in views(age)]

    async def _bars(
        self, account: AccountName, instrument: Instrument, intervals: Sequence[int], levels: Sequence[Level]
    ) -> tuple[int, Sequence[Candle]]:
        """Of the first interval whose bars say something beside the levels, else of the last."""
        prices = [level.price for level in levels]
        for interval_s in intervals:
            try:
                bars = await self._candles.newest(account, instrument.ticker, interval_s)
            except Rejected as error:
                words = f"this venue has no bars of {interval_s} s"
                raise ApiError(422, error.code, words, "interval_s") from None
            if telling(bars[-BARS_MAX:], prices):
                break
        return interval_s, bars

    def _levels(
        self, held: Sequence[PositionView], proposal: Proposal | None, instrument: Instrument
    ) -> Sequence[Level]:
        if proposal is not None:
            return [
                level
                for level in of_proposal(proposal, None, Theme.DARK).levels  # a theme colours pictures, not levels
                if level.role is not LevelRole.LAST
            ]
        return [level for view in held for level in of_position(view.position, instrument)]

    async def _fills(
        self, instrument: Instrument, named: str, bars: Sequence[Candle], person: Person
    ) -> Sequence[Fill]:
        """The newest of those within the bars, oldest first."""
        since: datetime = bars[0].at if bars else self._board.clock.now()
        found = [
            fill
            for fill in await self._board.store.fills_since(since)
            if fill.ticker == instrument.ticker
            and person.sees(fill.owner)
            and named.casefold() in {"", fill.account.casefold()}
        ]
        return found[-MARKS_MAX:]


def _bar(bar: Candle) -> Row:
    return {
        "at": bar.at,
        "open": bar.open,
        "high": bar.high,
        "low": bar.low,
        "close": bar.close,
        "volume": bar.volume,
    }


def _level(level: Level, language: str) -> Row:
    name = render(f"chart.{level.role.value}", {}, language)
    title = f"{name} {level.number}" if level.number else name
    return {"role": level.role, "price": level.price, "title": title}


def _mark(fill: Fill) -> Row:
    return {"at": fill.at, "price": fill.price, "side": fill.side, "quantity": fill.quantity}
