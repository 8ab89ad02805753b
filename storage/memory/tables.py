"""The rows of a journal as dictionaries, in the order in which they came; what is replaced keeps its place."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import count
from typing import Any, TypeVar

from core.values.accounts import AddedAccount, DayEquity
from core.values.alerts import AlertRecord
from core.values.changes import Audited
from core.values.fills import Fill, Position
from core.values.ids import (
    AccountName,
    ActionId,
    AlertId,
    DeskId,
    FillId,
    LinkId,
    NoticeId,
    OrderId,
    PositionId,
    ProposalId,
    QueueId,
    ReportId,
    SpreadId,
    StashId,
    StopListId,
    TaskId,
    UserId,
)
from core.values.links import Link
from core.values.market import Quote
from core.values.notices import Notice, Press
from core.values.orders import Order
from core.values.people import ApiToken, User
from core.values.proposals import Proposal
from core.values.reports import Report
from core.values.spreads import SpreadRow
from core.values.tasks import QueueRow, Task
from core.values.traps import Stash, StopList

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
FillKey = tuple[AccountName, FillId]
_ABSENT = object()


@dataclass(slots=True)
class Tables:
    """Outlives the store that works on it, as a file would. Values are frozen, so that they are kept as they are.

    keys: duplicate keys that are not forgotten. causes: the orders of every cause. delivered: which surface has had
    which notice. accounts: by name in lower case. hidden_*: what its owner left out of lists.
    """

    desk_id: DeskId
    alerts: dict[AlertId, AlertRecord] = field(default_factory=dict)
    keys: dict[str, AlertId] = field(default_factory=dict)
    orders: dict[OrderId, Order] = field(default_factory=dict)
    causes: dict[tuple[str, str], dict[OrderId, None]] = field(default_factory=dict)
    fills: dict[FillKey, Fill] = field(default_factory=dict)
    fills_of: dict[OrderId, dict[FillKey, None]] = field(default_factory=dict)
    hidden_orders: dict[OrderId, None] = field(default_factory=dict)
    hidden_fills: dict[FillKey, None] = field(default_factory=dict)
    positions: dict[PositionId, Position] = field(default_factory=dict)
    notices: dict[NoticeId, Notice] = field(default_factory=dict)
    delivered: dict[tuple[str, NoticeId], None] = field(default_factory=dict)
    presses: dict[ActionId, Press] = field(default_factory=dict)
    pressed: dict[ActionId, datetime] = field(default_factory=dict)
    tasks: dict[TaskId, Task] = field(default_factory=dict)
    queue: dict[QueueId, QueueRow] = field(default_factory=dict)
    spreads: dict[SpreadId, SpreadRow] = field(default_factory=dict)
    stashes: dict[StashId, Stash] = field(default_factory=dict)
    stop_lists: dict[StopListId, StopList] = field(default_factory=dict)
    tunables: dict[tuple[UserId, str], str] = field(default_factory=dict)
    proposals: dict[ProposalId, Proposal] = field(default_factory=dict)
    reports: dict[ReportId, Report] = field(default_factory=dict)
    flags: dict[str, str] = field(default_factory=dict)
    equity: dict[tuple[AccountName, date], DayEquity] = field(default_factory=dict)
    prices: dict[int, Quote] = field(default_factory=dict)
    price_numbers: count[int] = field(default_factory=lambda: count(1))
    users: dict[UserId, User] = field(default_factory=dict)
    tokens: dict[str, ApiToken] = field(default_factory=dict)
    accounts: dict[str, AddedAccount] = field(default_factory=dict)
    links: dict[LinkId, Link] = field(default_factory=dict)
    credentials: dict[AccountName, tuple[str, UserId]] = field(default_factory=dict)
    audit: list[Audited] = field(default_factory=list)
    _undo: list[tuple[dict[Any, Any], Any, Any]] = field(default_factory=list)
    _audited: int = 0

    def begin(self) -> None:
        """From here on `undo` leads back to what is so now."""
        self._undo.clear()
        self._audited = len(self.audit)

    def put(self, rows: dict[K, V], key: K, value: V) -> None:
        self._undo.append((rows, key, rows.get(key, _ABSENT)))
        rows[key] = value

    def drop(self, rows: dict[K, Any], *keys: K) -> None:
        """Those that are there. Rare, and of small tables: undone from a copy, so that every row keeps its place."""
        if not rows.keys().isdisjoint(keys):
            self._undo.append((rows, _ABSENT, rows.copy()))
            for key in keys:
                rows.pop(key, None)

    def undo(self) -> None:
        del self.audit[self._audited :]
        for rows, key, before in reversed(self._undo):
            if key is _ABSENT:
                rows.clear()
                rows.update(before)
            elif before is _ABSENT:
                del rows[key]
            else:
                rows[key] = before
        self._undo.clear()
