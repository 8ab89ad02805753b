"""Values as JSON objects, by the names of CONTRACT 3. Decimals and times stay what they are: kit.http writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import texts
from core.services.portfolio import AccountView, InstrumentView, PositionView
from core.values.alerts import AlertRecord
from core.values.changes import AuditRow
from core.values.fills import Fill, Position
from core.values.instrument import Instrument, InstrumentKind
from core.values.notices import Notice
from core.values.orders import Order, Side
from core.values.proposals import Proposal, ProposalState
from core.values.reports import Report
from core.values.spreads import LegDone, SpreadRow
from core.values.tasks import QueueRow, Task

Row = dict[str, object]

_DIGITS = 8
"""Averages and profits are quotients: more digits than this say nothing."""
_INT_DIGITS = 15
"""Longer whole numbers are told as text: a reader's doubles could not hold them."""
_OLD_TYPES = {InstrumentKind.SHARE: "S", InstrumentKind.FUTURE: "F", InstrumentKind.BOND: "B"}


def _short(value: Decimal | None) -> Decimal | None:
    return None if value is None else round(value, _DIGITS)


def alert_row(record: AlertRecord) -> Row:
    alert = record.alert
    return {
        "id": record.id,
        "received_at": alert.received_at,
        "source": alert.source,
        "link": alert.link,
        "account": alert.account,
        "ticker": alert.ticker,
        "action": alert.action,
        "kind": alert.kind,
        "status": record.status,
        "reason": record.reason or None,
        "done": record.done,
        "proposal_id": record.proposal_id,
        "order_ids": list(record.order_ids),
        "fields": alert_fields(alert.body),
    }


MASKED = "***"
"""What the door puts in place of a secret."""


def alert_fields(body: str) -> Mapping[str, object]:
    """A stored body, whose secrets were masked at the door; one that is not plain JSON comes whole, as `body`."""
    try:
        found = json.loads(body, parse_float=str, parse_int=_whole, parse_constant=str)
    except (ValueError, RecursionError):
        return {"body": body}
    if not isinstance(found, dict):
        return {"body": body}
    return {name: value for name, value in found.items() if value != MASKED}


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= _INT_DIGITS else text


def order_row(order: Order) -> Row:
    request = order.request
    return {
        "id": order.id,
        "broker_id": order.broker_id,
        "at": order.at,
        "updated_at": order.updated_at,
        "account": request.account,
        "ticker": request.ticker,
        "side": request.side,
        "role": request.role,
        "purpose": request.purpose,
        "type": request.type,
        "quantity": request.quantity,
        "filled": order.filled,
        "price": request.price,
        "stop_price": request.stop_price,
        "average_price": _short(order.average_price),
        "state": order.state,
        "reason": order.reason or None,
        "because": [{"kind": cause.kind, "id": cause.id} for cause in request.because],
        "intent": request.intent,
        "book": request.book,
        "paper": order.paper,
    }


def fill_row(fill: Fill) -> Row:
    return {
        "id": fill.id,
        "order_id": fill.order_id,
        "account": fill.account,
        "ticker": fill.ticker,
        "side": fill.side,
        "quantity": fill.quantity,
        "price": fill.price,
        "fee": fill.fee,
        "at": fill.at,
    }


def position_row(view: PositionView, now: datetime) -> Row:
    position = view.position
    return {
        "id": position.id,
        "account": position.account,
        "ticker": position.ticker,
        "quantity": position.quantity,
        "average_price": _short(position.average_price),
        "last_price": view.last,
        "profit": _short(view.profit),
        "protection": view.protection.value,
        "protected_by": view.protected_by,
        "stop": position.plan.stop,
        "target": position.plan.target,
        "trailing": position.plan.rule and position.plan.rule.trailing,
        "unprotected_s": _unprotected_s(position, now),
        "opened_at": position.opened_at,
        "book": position.book,
        "paper": view.paper,
    }


def _unprotected_s(position: Position, now: datetime) -> float:
    since = position.unprotected_since
    running = 0.0 if since is None else max(0.0, (now - since).total_seconds())
    return round(position.unprotected_s + running, 3)


def account_row(view: AccountView) -> Row:
    account = view.account
    return {
        "name": account.name,
        "broker": account.broker,
        "mode": account.mode,
        "currency": account.currency,
        "equity": view.margin and _short(view.margin.equity),
        "free_collateral": view.margin and _short(view.margin.free),
        "risk_state": view.risk_state,
        "risk_percent": account.risk_percent,
        "leverage_max": account.leverage_max,
    }


def instrument_row(view: InstrumentView) -> Row:
    instrument, quote = view.instrument, view.quote
    return {
        "ticker": instrument.ticker,
        "exchange": instrument.exchange,
        "name": instrument.name,
        "kind": instrument.kind,
        "currency": instrument.currency,
        "lot": instrument.lot,
        "tick": instrument.tick,
        "step": instrument.step,
        "last": quote.last if quote else None,
        "bid": quote.bid if quote else None,
        "ask": quote.ask if quote else None,
        "bid_size": quote.bid_size if quote else None,
        "ask_size": quote.ask_size if quote else None,
        "trading": quote is not None and quote.trading,
        "shortable": instrument.shortable,
        "expiry": instrument.expires_at,
        "basic_asset": instrument.basic_asset,
        "basic_asset_size": instrument.basic_asset_size,
    }


def ticker_row(instrument: Instrument, *, trading: bool) -> Row:
    """The twelve fields of the old REST surface (behaviour.md 1.13)."""
    return {
        "id": f"{instrument.exchange}:{instrument.ticker}",
        "min_price_increment": instrument.tick,
        "figi": instrument.broker_key or None,
        "ticker": instrument.ticker,
        "name": instrument.name,
        "lot": instrument.lot,
        "asset_type": _OLD_TYPES.get(instrument.kind),
        "api_trading_available": trading,
        "short_enabled": instrument.shortable,
        "buy_enabled": trading,
        "sell_enabled": trading,
        "basic_asset_size": instrument.basic_asset_size,
    }


def notice_row(notice: Notice, language: str) -> Row:
    lines = [texts.render(notice.key, notice.params, language)]
    lines += [texts.render(line.key, line.params, language) for line in notice.lines]
    return {
        "id": notice.id,
        "at": notice.at,
        "kind": notice.kind,
        "key": notice.key,
        "params": dict(notice.params),
        "text": "\n".join(lines),
        "about": list(notice.about),
        "actions": [
            {"id": action.id, "label": texts.render(action.label, {}, language), "command": action.command}
            for action in notice.actions
        ],
        "card": notice.card or None,
        "critical": notice.critical,
    }


def log_row(row: AuditRow) -> Row:
    audited = row.row
    return {
        "id": str(row.number),
        "at": audited.at,
        "actor": audited.actor,
        "surface": audited.surface,
        "action": audited.action,
        "about": audited.about,
        "data": dict(audited.data),
        "hash": row.hash,
    }


def task_row(task: Task) -> Row:
    return {
        "id": task.id,
        "command": task.command,
        "title": task.title,
        "account": task.account,
        "ticker": task.ticker,
        "side": task.side,
        "goal": task.goal,
        "state": task.state,
        "asked": task.asked,
        "done": task.done,
        "average_price": _short(task.average_price),
        "waits_for": task.waits_for or None,
        "started_at": task.started_at,
        "ended_at": task.ended_at,
    }


def queue_row(row: QueueRow, instrument: Instrument | None) -> Row:
    """The fields of the old REST surface (behaviour.md 1.13), and account, ticker and side as they are called here."""
    return {
        "id": row.id,
        "account": row.account,
        "ticker": row.ticker,
        **_old_fields(instrument),
        "sell": row.side is Side.SELL,
        "side": row.side,
        "amount": row.amount,
        "executed": row.executed,
        "avg_exec_price": _short(row.average_price) or Decimal(0),
        "active": row.active,
        "command": row.command or None,
    }


def spread_row(row: SpreadRow, legs: Mapping[str, Instrument]) -> Row:
    """The fields of the old REST surface (behaviour.md 1.13), and account and side as they are called here."""
    done = {"far_leg": (row.far, row.far_done), "near_leg": (row.near, row.near_done)}
    return {
        "id": row.id,
        "account": row.account,
        "sell": row.side is Side.SELL,
        "side": row.side,
        "price": row.price,
        "amount": row.amount,
        "ratio": row.ratio,
        "active": row.active,
    } | {name: _leg(ticker, each, legs.get(ticker)) for name, (ticker, each) in done.items()}


def _leg(ticker: str, done: LegDone, instrument: Instrument | None) -> Row:
    average = _short(done.average) or Decimal(0)
    return {"ticker": ticker, **_old_fields(instrument), "executed": done.executed, "avg_exec_price": average}


def _old_fields(instrument: Instrument | None) -> Row:
    """What the old surface tells of an instrument beside a row; None for all of one that the venue dropped."""
    kind = None if instrument is None else instrument.kind
    evenings = instrument is not None and not instrument.calendar.endswith("-main")
    return {
        "figi": instrument.broker_key or None if instrument else None,
        "min_price_increment": instrument.tick if instrument else None,
        "lot": instrument.lot if instrument else None,
        "asset_type": _OLD_TYPES.get(kind) if kind else None,
        "morning_trading": evenings,
        "evening_trading": evenings,
    }


def report_row(report: Report) -> Row:
    positions = [
        {
            "symbol": judged.symbol,
            "expiry": judged.expiry,
            "strike": judged.strike,
            "last": judged.last,
            "entry": _short(judged.entry),
            "kept": judged.kept,
        }
        for judged in report.positions
    ]
    about = {"id": report.id, "kind": report.kind, "at": report.at, "account": report.account or None}
    return {**about, "positions": positions, "missed": report.missed, "figures": dict(report.figures)}


def proposal_row(proposal: Proposal, language: str, now: datetime, picture: str | None = None) -> Row:
    """One whose time is over shows as expired, also in the moment before it is written down."""
    quoted = proposal.quoted
    return {
        "id": proposal.id,
        "version": proposal.version,
        "state": ProposalState.EXPIRED if proposal.waits and proposal.expires_at <= now else proposal.state,
        "alert_id": proposal.alert,
        "account": proposal.account,
        "ticker": proposal.ticker,
        "side": proposal.side,
        "type": proposal.type,
        "quantity": proposal.quantity,
        "price": proposal.price,
        "stop": proposal.stop,
        "targets": list(proposal.targets),
        "risk": _short(proposal.risk),
        "checks": [
            {"name": check.name, "ok": check.ok, "text": texts.render(check.text, check.params, language)}
            for check in proposal.checks
        ],
        "reward_to_risk": _short(proposal.reward_to_risk),
        "market": quoted.market,
        "position_after": quoted.position,
        "gross_after": _short(quoted.gross),
        "leverage_after": quoted.leverage,
        "alerted_at": proposal.alerted_at,
        "changed": [{"name": c.name, "old": c.old, "new": c.new} for c in proposal.changed],
        "first_by": proposal.first_by,
        "chart_url": proposal.chart_url,
        "picture": picture,
        "created_at": proposal.created_at,
        "expires_at": proposal.expires_at,
        "answered_by": proposal.answered_by,
        "surface": proposal.surface,
        "reason": proposal.reason or None,
        "order_ids": list(proposal.order_ids),
    }
