"""Changes of the journal as moves of rows. Each raises Conflict where what it expects is not so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from core.values import changes as made
from core.values.alerts import AlertStatus
from core.values.changes import Audited, Change
from core.values.errors import Conflict
from core.values.money import NO_QUANTITY
from storage.memory.tables import K, Tables, V

C = TypeVar("C")


def apply(tables: Tables, changes: Sequence[Change]) -> None:
    """All of them, in order; or none, where one raises."""
    tables.begin()
    try:
        for change in changes:
            _MOVES[type(change)](tables, change)
    except BaseException:
        tables.undo()
        raise


def _insert(tables: Tables, rows: dict[K, V], key: K, value: V) -> None:
    _expect(key not in rows, key)
    tables.put(rows, key, value)


def _expect(holds: bool, key: object) -> None:  # noqa: FBT001 - the one thing it is asked
    if not holds:
        raise Conflict(f"{key} is not what was expected")


def _order_made(tables: Tables, change: made.OrderMade) -> None:
    order = change.order
    _insert(tables, tables.orders, order.id, order)
    for cause in order.request.because:
        tables.put(tables.causes.setdefault((cause.kind, cause.id), {}), order.id, None)


def _order_moved(tables: Tables, change: made.OrderMoved) -> None:
    order = change.order
    known = tables.orders.get(order.id)
    _expect(known is not None and known.state is change.was, order.id)
    tables.put(tables.orders, order.id, order)


def _fill_taken(tables: Tables, change: made.FillTaken) -> None:
    fill = change.fill
    key = (fill.account, fill.id)
    _insert(tables, tables.fills, key, fill)
    if fill.order_id is not None:
        tables.put(tables.fills_of.setdefault(fill.order_id, {}), key, None)


def _alert_taken(tables: Tables, change: made.AlertTaken) -> None:
    known = tables.alerts.get(change.alert_id)
    if known is None or known.done or known.status is not AlertStatus.RECEIVED:
        raise Conflict(f"alert {change.alert_id} is not waiting for an owner")
    tables.put(tables.alerts, known.id, replace(known, status=AlertStatus.ACCEPTED))


def _alert_done(tables: Tables, change: made.AlertDone) -> None:
    known = tables.alerts.get(change.alert_id)
    if known is None or known.done:
        raise Conflict(f"alert {change.alert_id} is not waiting")
    done = replace(known, status=change.status, done=True, reason=change.reason, proposal_id=change.proposal_id)
    tables.put(tables.alerts, known.id, done)


def _alert_noted(tables: Tables, change: made.AlertNoted) -> None:
    known = tables.alerts.get(change.alert_id)
    if known is not None:
        tables.put(tables.alerts, known.id, replace(known, reason=change.reason))


def _notice_made(tables: Tables, change: made.NoticeMade) -> None:
    if change.notice.id not in tables.notices:
        tables.put(tables.notices, change.notice.id, change.notice)


def _press_used(tables: Tables, change: made.PressUsed) -> None:
    _expect(change.action in tables.presses, change.action)
    _insert(tables, tables.pressed, change.action, change.at)


def _stop_list_set(tables: Tables, change: made.StopListSet) -> None:
    row = change.row
    others = (other for other in tables.stop_lists.values() if other.id != row.id)
    _expect(all((other.owner, other.ticker) != (row.owner, row.ticker) for other in others), row.id)
    tables.put(tables.stop_lists, row.id, row)


def _proposal_moved(tables: Tables, change: made.ProposalMoved) -> None:
    proposal = change.proposal
    known = tables.proposals.get(proposal.id)
    as_seen = known is not None and (known.version, known.state) == (change.was_version, change.was)
    _expect(as_seen, proposal.id)
    tables.put(tables.proposals, proposal.id, proposal)


def _prices_kept(tables: Tables, change: made.PricesKept) -> None:
    for quote in change.quotes:
        tables.put(
            tables.prices, next(tables.price_numbers), replace(quote, bid_size=NO_QUANTITY, ask_size=NO_QUANTITY)
        )


def _prices_forgotten(tables: Tables, change: made.PricesForgotten) -> None:
    tables.drop(tables.prices, *(number for number, quote in tables.prices.items() if quote.at < change.before))


def _user_set(tables: Tables, change: made.UserSet) -> None:
    user = change.user
    _expect(user.id in tables.users, user.id)
    tables.put(tables.users, user.id, user)
    if user.deleted_at is not None:
        tables.drop(tables.tokens, *(token.hash for token in tables.tokens.values() if token.user == user.id))


def _link_set(tables: Tables, change: made.LinkSet) -> None:
    link = change.link
    for other in tables.links.values():
        if other.id == link.id:
            continue
        _expect(other.token_hash != link.token_hash, link.id)
        both = other.deleted_at is None and link.deleted_at is None and other.owner == link.owner
        _expect(not both or other.name.lower() != link.name.lower(), link.id)
    tables.put(tables.links, link.id, link)


def _account_set(tables: Tables, change: made.AccountSet) -> None:
    account = change.account
    _expect(account.name.lower() in tables.accounts, account.name)
    tables.put(tables.accounts, account.name.lower(), account)
    if account.deleted_at is not None:
        tables.drop(tables.credentials, account.name)


def _credentials_set(tables: Tables, change: made.CredentialsSet) -> None:
    if change.sealed is None:
        tables.drop(tables.credentials, change.account)
    else:
        tables.put(tables.credentials, change.account, (change.sealed, change.owner))


def _history_hidden(tables: Tables, change: made.HistoryHidden) -> None:
    for order in tables.orders.values():
        if order.request.owner == change.owner and order.state.final and order.updated_at <= change.before:
            tables.put(tables.hidden_orders, order.id, None)
    for key, fill in tables.fills.items():
        if fill.owner == change.owner and fill.at <= change.before:
            tables.put(tables.hidden_fills, key, None)


def _equity_kept(tables: Tables, change: made.EquityKept) -> None:
    kept = change.kept
    tables.put(tables.equity, (kept.account, kept.day), kept)


_MOVES: Mapping[type, Callable[[Tables, Any], None]] = {
    made.OrderMade: _order_made,
    made.OrderMoved: _order_moved,
    made.FillTaken: _fill_taken,
    made.PositionSet: lambda tables, change: tables.put(tables.positions, change.position.id, change.position),
    made.EquityKept: _equity_kept,
    made.AlertTaken: _alert_taken,
    made.AlertDone: _alert_done,
    made.AlertNoted: _alert_noted,
    made.NoticeMade: _notice_made,
    made.Delivered: lambda tables, change: tables.put(tables.delivered, (change.surface, change.notice), None),
    made.PressOffered: lambda tables, change: _insert(tables, tables.presses, change.press.id, change.press),
    made.PressUsed: _press_used,
    made.TaskSet: lambda tables, change: tables.put(tables.tasks, change.task.id, change.task),
    made.QueueSet: lambda tables, change: tables.put(tables.queue, change.row.id, change.row),
    made.QueueGone: lambda tables, change: tables.drop(tables.queue, change.id),
    made.SpreadSet: lambda tables, change: tables.put(tables.spreads, change.row.id, change.row),
    made.SpreadGone: lambda tables, change: tables.drop(tables.spreads, change.id),
    made.StashSet: lambda tables, change: tables.put(tables.stashes, change.stash.id, change.stash),
    made.StopListSet: _stop_list_set,
    made.StopListGone: lambda tables, change: tables.drop(tables.stop_lists, change.id),
    made.TunableSet: lambda tables, change: tables.put(tables.tunables, (change.owner, change.key), change.value),
    made.ProposalMade: lambda tables, change: _insert(tables, tables.proposals, change.proposal.id, change.proposal),
    made.ProposalMoved: _proposal_moved,
    made.ReportMade: lambda tables, change: _insert(tables, tables.reports, change.report.id, change.report),
    made.FlagSet: lambda tables, change: tables.put(tables.flags, change.key, change.value),
    made.PricesKept: _prices_kept,
    made.PricesForgotten: _prices_forgotten,
    made.UserMade: lambda tables, change: _insert(tables, tables.users, change.user.id, change.user),
    made.UserSet: _user_set,
    made.TokenMade: lambda tables, change: _insert(tables, tables.tokens, change.token.hash, change.token),
    made.TokenGone: lambda tables, change: tables.drop(tables.tokens, change.hash),
    made.LinkSet: _link_set,
    made.AccountMade: lambda tables, change: _insert(
        tables, tables.accounts, change.account.name.lower(), change.account
    ),
    made.AccountSet: _account_set,
    made.CredentialsSet: _credentials_set,
    made.HistoryHidden: _history_hidden,
    Audited: lambda tables, change: tables.audit.append(change),
}
