"""Log: what the desk said; the audit trail and the log files for admins; and ?id=: one intent's whole life."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.ports import Store
from core.services.life import Life, life_of
from core.values.changes import AuditRow
from core.values.ids import UserId
from core.values.notices import Notice, NoticeKind
from core.values.pages import Page
from core.values.people import Person, Role
from dashboard.asking import need
from dashboard.board import Board
from dashboard.lists import owner_of
from dashboard.logs import file_shown
from dashboard.rows import alert_fields, notice_row, proposal_row
from dashboard.timeline import Moment, left, timeline
from dashboard.view import Model, Query, View, Wakes
from kit.http import ApiError

SHOWN = 50
ASKED = ("id", "show", "kind", "q", "after", "feed", "file")
LINES = 300
FACTS = ("text", "role", "title", "side", "quantity", "amount", "ticker", "far", "near", "name", "value", "reason")
"""Of an audited row, what is shown before it is opened."""
READ, READS = 100, 5
"""A page of the journal, and how many are looked through for what fits."""
WORDS_MAX = 100
TROUBLE = frozenset({NoticeKind.REFUSED, NoticeKind.ERROR})
ABOUT = ("alert", "proposal", "task", "order")
"""What has a life to tell, in the order in which it is asked for."""


@dataclass(frozen=True, slots=True)
class Said:
    """about: the id whose life it belongs to."""

    id: str
    at: datetime
    kind: str
    text: str
    about: str


async def model(board: Board, person: Person, query: Query) -> Model:
    """Raises ApiError 403, 404 and 422."""
    asked = {name: query.get(name, "").strip() for name in ASKED}
    if len(asked["q"]) > WORDS_MAX:
        raise ApiError(422, "bad_field", f"q must have at most {WORDS_MAX} characters", "q")
    told: Mapping[str, object] = {"life": None, "rows": [], "next": None}
    if asked["id"]:
        told = {**told, **await _life(board, person, asked["id"])}
    elif asked["show"] == "audit":
        told = {**told, **await _audit(board, person, asked)}
    elif asked["show"] == "files":
        told = {**told, **await _files(board, person, asked)}
    elif asked["show"]:
        raise ApiError(422, "bad_field", "show must be audit or files", "show")
    else:
        told = {**told, **await _said(board, person, asked)}
    return {"asked": asked, "kinds": [kind.value for kind in NoticeKind], "admin": person.may(Role.ADMIN), **told}


async def _said(board: Board, person: Person, asked: Mapping[str, str]) -> Model:
    """Notices, newest first; of those that show one thing as it goes on, the last."""
    if asked["kind"] and asked["kind"] not in {kind.value for kind in NoticeKind}:
        raise ApiError(422, "bad_field", "kind is none that notices have", "kind")
    words, owner = asked["q"].casefold(), owner_of(person)
    rows: dict[str, Said] = {}
    after: str | None = asked["after"] or None
    for _ in range(READS):
        page = await _page(board.store, after, owner)
        for notice in page.items:
            said = _row(notice, person)
            if asked["kind"] in {"", said.kind} and words in f"{said.text} {said.about}".casefold():
                rows.setdefault(notice.card or notice.id, said)
        after = page.next
        if after is None or len(rows) >= SHOWN:
            break
    return {"rows": list(rows.values()), "next": after}


async def _page(store: Store, after: str | None, owner: UserId | None) -> Page[Notice]:
    try:
        return await store.notices(READ, after, owner)
    except ValueError:
        raise ApiError(422, "bad_after", "after is not the `next` of a page", "after") from None


def _row(notice: Notice, person: Person) -> Said:
    about = dict(reversed([text.split(":", 1) for text in notice.about if ":" in text]))
    cause = next((about[kind] for kind in ABOUT if kind in about), "")
    text = str(notice_row(notice, person.language)["text"])
    return Said(notice.id, notice.at, notice.kind.value, text, cause)


async def _files(board: Board, person: Person, asked: Mapping[str, str]) -> Model:
    """The last lines of a feed's newest file, or of another of its files."""
    need(person, Role.ADMIN)
    feed = asked["feed"] or next(iter(board.logs.feeds), "")
    try:
        names, lines = await asyncio.to_thread(file_shown, board.logs, feed, asked["file"], LINES)
    except LookupError:
        raise ApiError(404, "not_found", "there is no such log", "file") from None
    file = asked["file"] or next(iter(names), "")
    return {"feeds": board.logs.feeds, "feed": feed, "names": names, "file": file, "lines": lines}


async def _audit(board: Board, person: Person, asked: Mapping[str, str]) -> Model:
    need(person, Role.ADMIN)
    words, rows = asked["q"].casefold(), list[AuditRow]()
    after: str | None = asked["after"] or None
    for _ in range(READS):
        try:
            page = await board.store.audit(READ, after)
        except ValueError:
            raise ApiError(422, "bad_after", "after is not the `next` of a page", "after") from None
        rows += [row for row in page.items if words in _haystack(row)]
        after = page.next
        if after is None or len(rows) >= SHOWN:
            break
    return {"rows": rows, "facts": [_facts(row) for row in rows], "next": after}


def _facts(row: AuditRow) -> str:
    """The audited row in a few words."""
    data = row.row.data
    return " ".join(data[name] for name in FACTS if data.get(name)) or row.row.about


def _haystack(row: AuditRow) -> str:
    facts: Sequence[str] = [*row.row.data.values(), row.row.actor, row.row.surface, row.row.action, row.row.about]
    return " ".join(facts).casefold()


async def _life(board: Board, person: Person, asked: str) -> Model:
    """An order is told with all that its alert or task brought about."""
    life = await life_of(board.store, board.desk.ledger, person, asked)
    whole = await _whole(board, person, life)
    if life is None or whole is None:
        raise ApiError(404, "unknown_id", "nothing of yours has this id", "id")
    alert, proposal = whole.alert, whole.proposal
    return {
        "life": whole,
        "moments": timeline(whole, await _trouble(board, person, whole)),
        "left": left(whole),
        "link": board.office.links.get(alert.alert.link) if alert and alert.alert.link else None,
        "fields": {} if alert is None else alert_fields(alert.alert.body),
        "checks": [] if proposal is None else proposal_row(proposal, person.language, board.clock.now())["checks"],
    }


async def _trouble(board: Board, person: Person, life: Life) -> list[Moment]:
    """What people were told about it besides its orders: refusals, faults, what came of its position."""
    ids = {f"order:{each.order.id}" for each in life.orders}
    ids |= {f"alert:{life.alert.id}"} if life.alert is not None else set()
    ids |= {f"task:{life.task.id}"} if life.task is not None else set()
    recent = await board.store.notices(2 * READ, None, owner_of(person))
    about = [notice for notice in recent.items if ids & set(notice.about)]
    told = [n for n in about if n.kind in TROUBLE or n.key.startswith("position.")]
    return [Moment(n.at, "notice", reason=_row(n, person).text, place=float("inf")) for n in told]


async def _whole(board: Board, person: Person, life: Life | None) -> Life | None:
    cause = None if life is None else life.alert.id if life.alert else life.task.id if life.task else None
    return life if cause is None else await life_of(board.store, board.desk.ledger, person, cause)


VIEW = View(
    "log",
    model,
    parts=("list", "life", "files"),
    wakes=Wakes.JOURNAL | Wakes.TIME,
    scripts=("filters.js", "log.js"),
    query=frozenset(ASKED),
)
