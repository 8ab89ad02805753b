"""The notices and audit rows that order life makes: keys and parameters only, the words stand in the catalogues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from core.values.accounts import Account, Halt
from core.values.alerts import AlertRecord
from core.values.changes import Audited
from core.values.fills import Position
from core.values.ids import DeskId, NoticeId, UserId, derive_id
from core.values.money import ZERO, plain
from core.values.notices import Line, Notice, NoticeKind, Params
from core.values.orders import (
    CauseKind,
    Order,
    OrderRole,
    OrderState,
    PartTarget,
    ProtectionClass,
    Refused,
    protection_class,
)
from core.values.reports import Report

_ENDED = {
    OrderState.FILLED: (NoticeKind.INFO, "order.filled"),
    OrderState.CANCELLED: (NoticeKind.INFO, "order.cancelled"),
    OrderState.EXPIRED: (NoticeKind.INFO, "order.expired"),
    OrderState.REJECTED: (NoticeKind.ERROR, "order.rejected"),
}


def order_params(order: Order) -> Params:
    request = order.request
    return {
        "account": request.account,
        "ticker": request.ticker,
        "side": request.side.value,
        "type": request.type.value,
        "role": request.role.value,
        "quantity": plain(request.quantity),
        "filled": plain(order.filled),
        "price": plain(request.price) if request.price is not None else "",
        "stop_price": plain(request.stop_price) if request.stop_price is not None else "",
        "at": " → ".join(plain(at) for at in dict.fromkeys((request.stop_price, request.price)) if at is not None),
        "average": plain(round(order.average_price, 8)) if order.average_price is not None else "",
        "reason": order.reason,
        "mode": "PAPER" if order.paper else "LIVE",
    }


def order_ended(desk_id: DeskId, order: Order, now: datetime) -> Notice:
    kind, key = _ENDED[order.state]
    if order.state is OrderState.CANCELLED and order.filled:
        key = "order.part_filled"
    return Notice(
        id=NoticeId(derive_id(desk_id, "notice", key, order.id)),
        at=now,
        kind=kind,
        key=key,
        params=order_params(order),
        about=about(order),
        card=f"order:{order.id}" if pictured(order) else "",
        owner=order.request.owner,
    )


def pictured(order: Order) -> bool:
    """Whether a picture is drawn of this order's end: entries and exits of managed positions."""
    managed = protection_class(order.request.book) is ProtectionClass.MANAGED
    return managed and order.state is OrderState.FILLED and order.request.role is not OrderRole.TASK


def about(order: Order) -> tuple[str, ...]:
    causes = tuple(f"{cause.kind.value}:{cause.id}" for cause in order.request.because)
    return (f"order:{order.id}", f"intent:{order.request.intent}", *causes)


def order_audit(order: Order, now: datetime) -> Audited:
    request = order.request
    person = next((c.id for c in request.because if c.kind is CauseKind.PERSON), "desk")
    data = {**order_params(order), "state": order.state.value, "intent": request.intent}
    return Audited(now, UserId(person), "desk", f"order.{order.state.value.lower()}", order.id, data)


def alert_told(desk_id: DeskId, record: AlertRecord, now: datetime) -> Notice:
    """An informational alert: nothing to trade, people are told."""
    alert = record.alert
    return Notice(
        id=NoticeId(derive_id(desk_id, "notice", "alert.told", record.id)),
        at=now,
        kind=NoticeKind.INFO,
        key="alert.told",
        params={"ticker": alert.ticker, "message": alert.message, "price": plain(alert.price) if alert.price else ""},
        about=(f"alert:{record.id}", f"intent:{record.id}"),
        owner=alert.owner,
    )


def another_desk(desk_id: DeskId, where: str, now: datetime) -> Notice:
    """A second desk runs with our credentials: entries are halted until a person has looked."""
    return Notice(
        id=NoticeId(derive_id(desk_id, "notice", "another_desk", where, now.isoformat())),
        at=now,
        kind=NoticeKind.ERROR,
        key="desk.another",
        params={"where": where},
        critical=True,
    )


def stranger(desk_id: DeskId, peer: str, tries: int, now: datetime) -> Notice:
    """Somebody knocks at the webhook without the right secret."""
    return Notice(
        id=NoticeId(derive_id(desk_id, "notice", "stranger", peer, str(tries), now.isoformat())),
        at=now,
        kind=NoticeKind.ERROR,
        key="desk.stranger",
        params={"peer": peer, "tries": str(tries)},
    )


def order_trouble(desk_id: DeskId, key: str, order: Order, now: datetime) -> Notice:
    """An order that people must look at: its outcome is unknown, or the broker forgot it."""
    return Notice(
        id=NoticeId(derive_id(desk_id, "notice", key, order.id)),
        at=now,
        kind=NoticeKind.ERROR,
        key=key,
        params=order_params(order),
        about=about(order),
        critical=True,
        owner=order.request.owner,
    )


def position_differs(desk_id: DeskId, position: Position, difference: str, now: datetime) -> Notice:
    """The broker holds something else than our books say; the difference is now shown as held by hand."""
    params = {"account": position.account, "ticker": position.ticker, "difference": difference}
    return Notice(
        id=NoticeId(derive_id(desk_id, "notice", "position.differs", position.id, difference, now.isoformat())),
        at=now,
        kind=NoticeKind.ERROR,
        key="position.differs",
        params=params,
        about=(f"position:{position.id}",),
        critical=True,
        owner=position.owner,
    )


def books_differ(desk_id: DeskId, account: Account, difference: str, now: datetime) -> Notice:
    """The broker shows less than the desk opened there, and no execution tells why."""
    return Notice(
        id=NoticeId(derive_id(desk_id, "notice", "books_differ", account.name, now.isoformat())),
        at=now,
        kind=NoticeKind.ERROR,
        key="position.less",
        params={"account": account.name, "difference": difference},
        critical=True,
        owner=account.owner,
    )


def unsettled(desk_id: DeskId, account: Account, reason: str, now: datetime) -> Notice:
    """The desk has started, and this account's broker has not told what stands there."""
    return Notice(
        id=NoticeId(derive_id(desk_id, "notice", "unsettled", account.name, now.isoformat())),
        at=now,
        kind=NoticeKind.ERROR,
        key="report.unsettled",
        params={"account": account.name, "reason": reason},
        critical=True,
        owner=account.owner,
    )


def unprotected(desk_id: DeskId, position: Position, why: Refused, now: datetime) -> Notice:
    """A managed position stands without its stop."""
    params = {"account": position.account, "ticker": position.ticker, "quantity": plain(position.quantity)}
    return Notice(
        id=NoticeId(derive_id(desk_id, "notice", "unprotected", position.id, why.code, now.isoformat())),
        at=now,
        kind=NoticeKind.ERROR,
        key="position.unprotected",
        params={**params, "code": why.code, "reason": "", **why.params},
        about=(f"position:{position.id}",),
        critical=True,
        owner=position.owner,
    )


def stop_stays(desk_id: DeskId, position: Position, why: Refused, now: datetime) -> Notice:
    """A new stop was refused; the one before it goes on protecting the position."""
    return replace(
        unprotected(desk_id, position, why, now),
        id=NoticeId(derive_id(desk_id, "notice", "stop_stays", position.id, why.code, now.isoformat())),
        key="position.stop_stays",
    )


def incomplete(
    desk_id: DeskId,
    position: Position,
    placed: Sequence[Order],
    missing: Sequence[tuple[PartTarget, str]],
    now: datetime,
) -> Notice:
    """Targets of a position were given up. placed: the orders of the same cause. missing: each with why."""
    lines = [
        Line(
            "position.placed",
            {
                "id": order.id,
                "role": order.request.role.value,
                "quantity": plain(order.request.quantity),
                "price": plain(order.request.price or order.request.stop_price or order.average_price or ZERO),
                "state": order.state.value,
            },
        )
        for order in placed
    ]
    lines += [
        Line("position.missing", {"quantity": plain(part.quantity), "price": plain(part.price), "reason": reason})
        for part, reason in missing
    ]
    levels = (plain(part.price) for part, _ in missing)
    return Notice(
        id=NoticeId(derive_id(desk_id, "notice", "incomplete", position.id, *levels, now.isoformat())),
        at=now,
        kind=NoticeKind.ERROR,
        key="position.incomplete",
        params={"account": position.account, "ticker": position.ticker, "quantity": plain(position.quantity)},
        lines=tuple(lines),
        about=(f"position:{position.id}", *(f"order:{order.id}" for order in placed)),
        owner=position.owner,
    )


def day_ended(desk_id: DeskId, report: Report, now: datetime) -> Notice:
    """What was kept overnight and what is being closed, with why."""
    lines = tuple(
        Line(
            "report.kept" if judged.kept else "report.closed",
            {
                "symbol": judged.symbol,
                "entry": plain(round(judged.entry, 8)),
                "last": plain(judged.last) if judged.last is not None else "-",
            },
        )
        for judged in report.positions
    )
    return Notice(
        id=NoticeId(derive_id(desk_id, "notice", report.id)),
        at=now,
        kind=NoticeKind.ERROR if report.missed else NoticeKind.INFO,
        key="report.day_missed" if report.missed else "report.day_ended",
        params={"account": report.account, "at": f"{report.at:%Y-%m-%d %H:%M} UTC", "count": str(len(lines))},
        lines=lines,
        about=(f"report:{report.id}",),
        owner=report.owner,
    )


def protected(desk_id: DeskId, position: Position, after_s: float, now: datetime) -> Notice:
    """A managed position has its protection back."""
    params = {"account": position.account, "ticker": position.ticker, "quantity": plain(position.quantity)}
    return Notice(
        id=NoticeId(derive_id(desk_id, "notice", "protected", position.id, now.isoformat())),
        at=now,
        kind=NoticeKind.INFO,
        key="position.protected",
        params={**params, "seconds": f"{after_s:.0f}"},
        about=(f"position:{position.id}",),
        owner=position.owner,
    )


def halted(desk_id: DeskId, halt: Halt) -> Notice:
    """Trading was stopped: everybody must know, whoever did it and from wherever."""
    return Notice(
        id=NoticeId(derive_id(desk_id, "notice", "halted", halt.at.isoformat(), halt.by)),
        at=halt.at,
        kind=NoticeKind.ERROR,
        key="report.halted",
        params={"by": halt.by, "reason": halt.reason},
        critical=True,
    )


def reducing(desk_id: DeskId, account: Account, why: Refused, now: datetime) -> Notice:
    """An account lost as much today as it may."""
    return Notice(
        id=NoticeId(derive_id(desk_id, "notice", "reducing", account.name, now.isoformat())),
        at=now,
        kind=NoticeKind.ERROR,
        key="report.reducing",
        params={"account": account.name, "currency": account.currency, **why.params},
        critical=True,
        owner=account.owner,
    )


def refused_notice(desk_id: DeskId, refused: Refused, now: datetime, *about_what: str, owner: UserId) -> Notice:
    """Our own no to something that people or alerts asked for. The code word stands first in every language."""
    return Notice(
        id=NoticeId(derive_id(desk_id, "notice", "refused", refused.code, *about_what, now.isoformat())),
        at=now,
        kind=NoticeKind.REFUSED,
        key="refusal.head",
        params={"code": refused.code, **refused.params},
        lines=(Line(f"refused.{refused.code}", refused.params),),
        about=about_what,
        owner=owner,
    )
