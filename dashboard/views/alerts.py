"""Alerts: the hub's, as its old screen showed them (behaviour.md 3.6); and what came to be traded, with its fate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from core.rules.signals import Signal, screen
from core.services.hub import may_publish
from core.values.alerts import AlertRecord
from core.values.ids import OWNER
from core.values.people import Person
from dashboard.board import Board
from dashboard.bodies import bad_after
from dashboard.lists import owner_of
from dashboard.rows import alert_fields
from dashboard.view import Model, Query, View, Wakes
from kit.http import ApiError
from texts import render

LOOKED_AT = 200
"""Of the hub's newest alerts: its screen folds repeats and closes into one row."""
OWN = 50
"""Alerts to be traded, a page."""
SHOWN, SHOWN_MAX = 10, 99
TIMEOUT_MIN, REFRESH_S = 15, 5
"""What the screen's settings are where nobody has set them; the reader's own stay in the browser."""


async def model(board: Board, person: Person, query: Query) -> Model:
    shown = _shown(query, person)
    owner, after = owner_of(person), query.get("after")
    newest = await board.store.alerts(LOOKED_AT, None, owner, hub=True)
    try:
        page = await board.store.alerts(OWN, after, owner, hub=False)
    except ValueError:
        raise bad_after() from None
    now = max(board.clock.now(), board.wire.now())
    signals = screen(map(_signal, reversed(newest.items)), shown)
    return {
        "sees_hub": person.sees(OWNER),
        "signals": [(signal, _state(signal, now - signal.sent_at)) for signal in signals],
        "own": page.items,
        "names": {link.id: link.name for link in board.office.links.seen(person)},
        "older": page.next,
        "after": after,
        "usual": {"show": SHOWN, "timeout": TIMEOUT_MIN, "refresh": REFRESH_S},
        "may_publish": board.roof.publish is not None and may_publish(person) is None,
    }


def _shown(query: Query, person: Person) -> int:
    text = query.get("show", str(SHOWN))
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(SHOWN_MAX)) else 0
    if not number:
        raise ApiError(422, "bad_field", render("page.alerts.show_bad", {}, person.language), "show")
    return number


def _signal(record: AlertRecord) -> Signal:
    alert, fields = record.alert, alert_fields(record.alert.body)
    symbol = f"{alert.exchange}:{alert.ticker}" if alert.exchange else alert.ticker
    return Signal(
        id=record.id,
        number=_number(fields),
        name=alert.strategy,
        symbol=symbol,
        direction=alert.action,
        sent_at=alert.sent_at or alert.received_at,
        received_at=alert.received_at,
        price=alert.price,
    )


def _number(fields: Mapping[str, object]) -> str:
    """The sender's id of its strategy, under either name."""
    return next((str(fields[name]) for name in ("id", "stratId") if name in fields), "")


def _state(signal: Signal, age: timedelta) -> str:
    if signal.closed:
        return "closed"
    return "outdated" if age >= timedelta(minutes=TIMEOUT_MIN) else "active"


VIEW = View(
    "alerts",
    model,
    parts=("signals", "own"),
    wakes=Wakes.JOURNAL,
    scripts=("alerts.js",),
    query=frozenset({"after", "show"}),
)
