"""The journal as pages read it: what was said stays said until something is written. So nothing is read on a tick."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from core.ports import Clock, Store
from core.services.portfolio import AccountView, Portfolio
from core.services.today import Day
from core.values.changes import Change, Delivered, PricesForgotten, PricesKept
from core.values.errors import Transient
from core.values.pages import Page
from core.values.people import Person
from dashboard.board import Board

ANSWERS_MAX = 128
"""Answers kept at once."""
ROWS_MAX = 200
"""A longer page is not kept: whoever asks for it, asks the journal."""
MONEY_AGE = timedelta(seconds=3)
"""Money is asked of the broker, whose calls are counted: not more often than this."""
_UNSEEN = (Delivered, PricesForgotten, PricesKept)
"""What no page shows."""
_WRITES = frozenset({"accept_alert", "close", "forget_keys", "save"})
_Question = tuple[object, ...]


def reading(board: Board) -> Board:
    """The board that pages read. Its store tells listeners only of what a page may show, when it has forgotten it."""
    store = RecentStore(board.store)
    return replace(
        board,
        store=cast("Store", store),
        portfolio=cast("Portfolio", RecentMoney(board.portfolio, board.wire, board.desk.venues)),
        today=Day(board.desk).of,
    )


class RecentStore:
    """A Store's questions, each asked once until `forget`; several who ask at the same time share the answer."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._answers: dict[_Question, asyncio.Future[Any]] = {}
        self._listeners: list[Callable[[Sequence[Change]], None]] = []
        store.listen(self._written)

    def listen(self, listener: Callable[[Sequence[Change]], None]) -> None:
        self._listeners.append(listener)

    def _written(self, changes: Sequence[Change]) -> None:
        if not changes or not all(isinstance(change, _UNSEEN) for change in changes):
            self.forget()
            for listener in self._listeners:
                listener(changes)

    def forget(self) -> None:
        self._answers = {}

    def __getattr__(self, name: str) -> Any:
        asked: Callable[..., Awaitable[Any]] = getattr(self._store, name)
        if name in _WRITES or not asyncio.iscoroutinefunction(asked):
            return asked

        async def answer(*given: object, **more: object) -> Any:
            return await asyncio.shield(self._ask((name, given, tuple(more.items())), partial(asked, *given, **more)))

        return answer

    def _ask(self, question: _Question, ask: Callable[[], Awaitable[Any]]) -> asyncio.Future[Any]:
        known = self._answers.get(question)
        if known is not None:
            return known
        if len(self._answers) >= ANSWERS_MAX:
            self.forget()
        answers = self._answers
        asked = answers[question] = asyncio.ensure_future(ask())

        def keep_or_not(done: asyncio.Future[Any]) -> None:
            if done.cancelled() or done.exception() is not None or _long(done.result()):
                answers.pop(question, None)

        asked.add_done_callback(keep_or_not)
        return asked


def _long(answer: object) -> bool:
    return isinstance(answer, Page) and len(answer.items) > ROWS_MAX


class RecentMoney:
    """A Portfolio whose accounts are as the brokers said it a moment ago, also while they cannot be asked. venues: by
    account; who comes or leaves is seen at once."""

    def __init__(self, portfolio: Portfolio, wire: Clock, venues: Collection[str]) -> None:
        self._portfolio = portfolio
        self._wire = wire
        self._venues = venues
        self._known: dict[Person, tuple[datetime, frozenset[str], list[AccountView]]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._portfolio, name)

    async def accounts(self, person: Person) -> list[AccountView]:
        now = self._wire.now()
        there = frozenset(self._venues)
        at, then, known = self._known.get(person, (None, there, []))
        if at is not None and now - at < MONEY_AGE and then == there:
            return known
        with suppress(Transient):
            known = await self._portfolio.accounts(person)
        self._known[person] = (now, there, known)
        return known
