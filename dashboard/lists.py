"""GET /api/v1/NAME and /api/v1/NAME/{id}: what the desk holds, as far as the asking person may see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web

from core.services.history import owner_of as owner_of  # noqa: PLC0414 - where pages look for it
from core.values.ids import AlertId, FillId, NoticeId, OrderId, ProposalId, ReportId, TaskId, UserId
from core.values.pages import Page
from core.values.people import Person, Role
from dashboard import rows
from dashboard.board import Board
from dashboard.bodies import bad_after, page_asked
from dashboard.gate import Asked
from dashboard.pictures import drawn
from dashboard.rows import Row
from kit.http import ApiError, json_response

T = TypeVar("T")

PageOf = Callable[[Person, int, str | None], Awaitable[Page[Row]]]
OneOf = Callable[[Person, str], Awaitable[Row | None]]


@dataclass(frozen=True, slots=True)
class Listing:
    """page raises ValueError for an `after` that is none; one: None for what is unknown or another owner's."""

    name: str
    says: str
    page: PageOf
    one: OneOf


def listings(board: Board) -> list[Listing]:
    """Every list there is."""
    return [*_journal(board), _log(board), *_present(board)]


def _journal(board: Board) -> list[Listing]:
    store = board.store
    return [
        _stored(
            "alerts",
            "what charts and programs sent, without secrets",
            store.alerts,
            lambda person, key: _seen(store.alert(AlertId(key)), lambda r: r.alert.owner, person),
            lambda record, _: rows.alert_row(record),
        ),
        _stored(
            "orders",
            "every order, with its chain of causes",
            store.orders,
            lambda person, key: _seen(store.order(OrderId(key)), lambda o: o.request.owner, person),
            lambda order, _: rows.order_row(order),
        ),
        _stored(
            "fills",
            "every execution",
            store.fills,
            lambda person, key: store.fill(FillId(key), owner_of(person)),
            lambda fill, _: rows.fill_row(fill),
        ),
        _stored(
            "notices",
            "what the desk told people",
            store.notices,
            lambda person, key: _seen(store.notice(NoticeId(key)), lambda n: n.owner, person),
            lambda notice, person: rows.notice_row(notice, person.language),
        ),
        _stored(
            "tasks",
            "long-running work",
            store.tasks,
            lambda person, key: _seen(store.task(TaskId(key)), lambda t: t.owner, person),
            lambda task, _: rows.task_row(task),
        ),
        _stored(
            "proposals",
            "trades that wait for a person's word",
            store.proposals,
            lambda person, key: _seen(store.proposal(ProposalId(key)), lambda p: p.owner, person),
            lambda proposal, person: rows.proposal_row(
                proposal, person.language, board.clock.now(), drawn(board, proposal)
            ),
        ),
        _stored(
            "reports",
            "what was kept and closed at the end of a day, and what searches have found",
            store.reports,
            lambda person, key: _seen(store.report(ReportId(key)), lambda r: r.owner, person),
            lambda report, _: rows.report_row(report),
        ),
    ]


def _stored(
    name: str,
    says: str,
    pages: Callable[[int, str | None, UserId | None], Awaitable[Page[T]]],
    get: Callable[[Person, str], Awaitable[T | None]],
    row: Callable[[T, Person], Row],
) -> Listing:
    """A list that the journal keeps, page by page."""

    async def page(person: Person, limit: int, after: str | None) -> Page[Row]:
        found = await pages(limit, after, owner_of(person))
        return Page([row(value, person) for value in found.items], found.next)

    async def one(person: Person, key: str) -> Row | None:
        found = await get(person, key)
        return None if found is None else row(found, person)

    return Listing(name, says, page, one)


def _log(board: Board) -> Listing:
    """The audit trail has every owner's rows in it: admins read it."""

    async def page(person: Person, limit: int, after: str | None) -> Page[Row]:
        _admin(person)
        found = await board.store.audit(limit, after)
        return Page([rows.log_row(row) for row in found.items], found.next)

    async def one(person: Person, key: str) -> Row | None:
        _admin(person)
        number = int(key) if key.isascii() and key.isdecimal() and len(key) < 19 else 0
        found = await board.store.audit_row(number)
        return None if found is None else rows.log_row(found)

    return Listing("log", "the audit trail, hash-chained (admin)", page, one)


def _admin(person: Person) -> None:
    if not person.may(Role.ADMIN):
        raise ApiError(403, "not_allowed", "this needs the role admin")


def _present(board: Board) -> list[Listing]:
    """Lists of what is so now, from memory."""

    async def positions(person: Person) -> list[Row]:
        now = board.clock.now()
        return [rows.position_row(view, now) for view in board.portfolio.positions(person)]

    async def accounts(person: Person) -> list[Row]:
        return [rows.account_row(view) for view in await board.portfolio.accounts(person)]

    async def instruments(person: Person) -> list[Row]:
        return [rows.instrument_row(view) for view in board.portfolio.instruments(person)]

    return [
        _held("positions", "what is held now", positions, "id"),
        _held("accounts", "trading accounts and their money", accounts, "name"),
        _held("instruments", "what can be traded, with prices", instruments, "ticker"),
    ]


def _held(name: str, says: str, values: Callable[[Person], Awaitable[Sequence[Row]]], key: str) -> Listing:
    """A row is found by its field `key`, in any case."""

    async def one(person: Person, wanted: str) -> Row | None:
        folded = wanted.casefold()
        return next((row for row in await values(person) if str(row[key]).casefold() == folded), None)

    return held_listing(name, says, values, one)


def held_listing(name: str, says: str, values: Callable[[Person], Awaitable[Sequence[Row]]], one: OneOf) -> Listing:
    """`next` counts the rows told so far."""

    async def page(person: Person, limit: int, after: str | None) -> Page[Row]:
        if after is not None and not (after.isascii() and after.isdecimal() and len(after) < 10):
            raise ValueError("after is not the `next` of a page")
        start = int(after or 0)
        found = await values(person)
        end = start + limit
        return Page(found[start:end], str(end) if end < len(found) else None)

    return Listing(name, says, page, one)


async def _seen(asked: Awaitable[T | None], owner: Callable[[T], UserId], person: Person) -> T | None:
    found = await asked
    return found if found is not None and person.sees(owner(found)) else None


def list_handler(listing: Listing) -> Asked:
    async def handler(request: web.Request, person: Person) -> web.Response:
        limit, after = page_asked(request)
        try:
            page = await listing.page(person, limit, after)
        except ValueError:
            raise bad_after() from None
        return json_response({"items": page.items, "next": page.next})

    return handler


def one_handler(listing: Listing) -> Asked:
    async def handler(request: web.Request, person: Person) -> web.Response:
        row = await listing.one(person, request.match_info["id"])
        if row is None:
            raise ApiError(404, "not_found", f"there is no such row in {listing.name}")
        return json_response(row)

    return handler
