"""Looking for instruments by what people remember of them: GET /api/v1/tickers, and the Instruments page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aiohttp import web

from core.services.desk import Desk
from core.values.accounts import Account, is_twin
from core.values.instrument import Instrument, InstrumentKind
from core.values.people import Person
from dashboard.board import Board
from dashboard.docs import Route
from dashboard.schemas import TEXT, one_of, page_of, row
from dashboard.view import Query
from kit.http import ApiError, json_response

FOUND = row(ticker=TEXT, name=TEXT, exchange=TEXT, kind=one_of(InstrumentKind), account=TEXT)
WORDS_MAX = 100
OFFERED = 20


@dataclass(frozen=True, slots=True)
class Listed:
    """An instrument, and an account that lists it."""

    account: Account
    instrument: Instrument


@dataclass(frozen=True, slots=True)
class Wanted:
    """words: of ticker, name or exchange, in any case. kind, account: None for all."""

    words: str = ""
    kind: InstrumentKind | None = None
    account: Account | None = None


def wanted(query: Query, desk: Desk, person: Person) -> Wanted:
    """From q, kind and account. Raises ApiError 422 for what cannot be meant."""
    words = query.get("q", "").strip()
    if len(words) > WORDS_MAX:
        raise ApiError(422, "bad_field", f"q must have at most {WORDS_MAX} characters", "q")
    kinds = {kind.value: kind for kind in InstrumentKind}
    kind = query.get("kind", "")
    if kind and kind not in kinds:
        raise ApiError(422, "bad_field", f"kind must be one of {', '.join(kinds)}", "kind")
    name = query.get("account", "")
    account = next((a for a in desk.directory.accounts if a.name == name and person.sees(a.owner)), None)
    if name and account is None:
        raise ApiError(422, "unknown_account", "no account of yours has this name", "account")
    return Wanted(words.casefold(), kinds.get(kind), account)


def found(desk: Desk, person: Person, what: Wanted) -> list[Listed]:
    """Each exchange's ticker once; the ticker itself first, then what begins so, then the rest, by ticker."""
    hits: dict[tuple[str, str], tuple[int, str, Listed]] = {}
    for account in [what.account] if what.account is not None else trading_accounts(desk, person):
        for instrument in desk.directory.instruments(account.name):
            rank = _rank(instrument, what)
            if rank is not None:
                key = (instrument.exchange, instrument.ticker)
                hits.setdefault(key, (rank, instrument.ticker, Listed(account, instrument)))
    return [listed for _, _, listed in sorted(hits.values(), key=lambda hit: hit[:2])]


def _rank(instrument: Instrument, what: Wanted) -> int | None:
    """None: not meant."""
    ticker, words = instrument.ticker.casefold(), what.words
    if what.kind not in {None, instrument.kind}:
        return None
    if ticker.startswith(words):
        return 0 if ticker == words else 1
    return (
        2 if words in ticker or words in instrument.name.casefold() or words == instrument.exchange.casefold() else None
    )


def trading_accounts(desk: Desk, person: Person) -> Sequence[Account]:
    """Those that the person may name in a form."""
    return [a for a in desk.directory.accounts if person.sees(a.owner) and not is_twin(a.name)]


def listing(desk: Desk, person: Person, ticker: str) -> Iterator[Listed]:
    """Every account that lists a ticker, as it is written or in upper case."""
    for account in trading_accounts(desk, person):
        instrument = next((i for i in desk.directory.instruments(account.name) if i.ticker == ticker), None)
        if instrument is not None:
            yield Listed(account, instrument)


class TickerRoutes:
    def __init__(self, board: Board) -> None:
        self._desk = board.desk

    def routes(self, api: str) -> list[Route]:
        query = {"q": "part of ticker or name", "kind": "share, future ...", "account": "only what it lists"}
        says = f"what fits, the likeliest first, at most {OFFERED}"
        return [Route("GET", f"{api}/tickers", says, self.find, query=query, answer=page_of(FOUND))]

    async def find(self, request: web.Request, person: Person) -> web.Response:
        fitting = found(self._desk, person, wanted(request.query, self._desk, person))[:OFFERED]
        items = [
            {"ticker": i.ticker, "name": i.name, "exchange": i.exchange, "kind": i.kind, "account": each.account.name}
            for each in fitting
            for i in (each.instrument,)
        ]
        return json_response({"items": items, "next": None})
