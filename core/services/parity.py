"""Alerts that carry their strategy's position reveal one that was missed or came out of order: people are asked."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from core.services.desk import Desk
from core.services.intake import Intake
from core.services.naming import Naming
from core.services.trade import Trade
from core.values.alerts import NO_LEVELS, Alert, AlertKind, AlertRecord, AlertStatus, Source
from core.values.changes import Change, NoticeMade, PressOffered
from core.values.ids import ActionId, AlertId, NoticeId, derive_id
from core.values.money import plain
from core.values.notices import ANYBODY, Action, Notice, NoticeKind, Press
from core.values.orders import OrderType, Refused, Side
from core.values.people import Person

SIDES = {"long": Side.BUY, "short": Side.SELL, "flat": None}
ASKED_FOR = timedelta(hours=1)
LOOKED_BACK = 1000
"""Alerts among which the entry of a missed position is looked for."""


class Parity:
    """Never trades by itself: a person's press does, and its alert goes the way of all alerts."""

    def __init__(self, desk: Desk, naming: Naming) -> None:
        self._desk = desk
        self._naming = naming

    def look(self, record: AlertRecord, trade: Trade | Refused, refused: Refused | None) -> Sequence[Change]:
        """The question, where an alert that was done says another position than the desk's; nothing where it was
        refused, for that is told already."""
        says = record.alert.market_position
        done = refused is None or refused.code == "nothing_held"
        if says not in SIDES or isinstance(trade, Refused) or not done:
            return ()
        holds = self._holds(trade) if record.alert.kind is not AlertKind.ENTRY else record.alert.side
        if holds is SIDES[says]:
            return ()
        now = self._desk.clock.now()
        action = ActionId(secrets.token_hex(8))
        command = f"/catchup {record.id}"
        notice = Notice(
            id=NoticeId(derive_id(self._desk.desk_id, "notice", "parity", record.id)),
            at=now,
            kind=NoticeKind.CONFIRM,
            key="parity.differs",
            params={
                "ticker": trade.instrument.ticker,
                "account": trade.account.name,
                "says": says,
                "holds": next(word for word, side in SIDES.items() if side is holds),
                "strategy": record.alert.strategy or record.alert.message,
            },
            about=(f"alert:{record.id}", f"intent:{record.id}"),
            actions=(Action(action, "action.catch_up", command),),
            owner=record.alert.owner,
        )
        return (NoticeMade(notice), PressOffered(Press(action, ANYBODY, command, now + ASKED_FOR)))

    def _holds(self, trade: Trade) -> Side | None:
        """The side of what the book holds and may still be given by its entries."""
        held = self._desk.ledger.held(trade.key) + self._desk.ledger.entering(trade.key)
        return None if held == 0 else Side.BUY if held > 0 else Side.SELL

    async def catch_up(self, intake: Intake, alert_id: str, person: Person) -> AlertStatus | Refused:
        """Let in what was missed: an exit, or the last entry of that side at the price of now. The same alert makes one
        at most. Refused: unknown_id, in_step, no_entry_known, no_quote."""
        record = await self._desk.store.alert(AlertId(alert_id))
        if record is None or not person.sees(record.alert.owner) or record.alert.market_position not in SIDES:
            return Refused("unknown_id", {"id": alert_id})
        trade = self._naming.trade(record)
        if isinstance(trade, Refused):
            return trade
        wanted = SIDES[record.alert.market_position]
        if self._holds(trade) is wanted:
            return Refused("in_step", {"ticker": trade.instrument.ticker})
        missed = _exit(record.alert) if wanted is None else await self._entry(record, trade, wanted)
        if isinstance(missed, Refused):
            return missed
        now, body = self._desk.clock.now(), json.dumps({"catch_up": record.id})
        source = Source.CHAT if missed.source is Source.STUDY else missed.source
        return (
            await intake.accept(
                replace(
                    missed,
                    source=source,
                    received_at=now,
                    sent_at=None,
                    timed=True,
                    body=body,
                    approval="none",
                    market_position="",
                )
            )
        ).status

    async def _entry(self, record: AlertRecord, trade: Trade, side: Side) -> Alert | Refused:
        """The newest entry of this side for the same symbol, by the same way in: it knows the stop."""
        quote = await self._desk.quote(trade.account.name, trade.instrument.ticker)
        price = None if quote is None else (quote.ask if side is Side.BUY else quote.bid)
        if price is None:
            return Refused("no_quote", {"ticker": trade.instrument.ticker})
        alert = record.alert
        page = await self._desk.store.alerts(LOOKED_BACK, None, alert.owner)
        for found in (record.alert for record in page.items):
            same = (found.account, found.ticker, found.link) == (alert.account, alert.ticker, alert.link)
            if same and found.kind is AlertKind.ENTRY and found.side is side:
                return replace(found, order_type=OrderType.MARKET, price=price)
        plain_one = replace(alert, kind=AlertKind.ENTRY, side=side, price=price, long=NO_LEVELS, short=NO_LEVELS)
        meant = self._naming.trade(replace(record, alert=plain_one))
        if not isinstance(meant, Refused) and meant.rule is not None and meant.rule.stop is not None:
            return plain_one  # a link's own exits do for any entry
        return Refused("no_entry_known", {"ticker": trade.instrument.ticker, "price": plain(price)})


def _exit(alert: Alert) -> Alert:
    return replace(alert, kind=AlertKind.EXIT, side=None, price=None, long=NO_LEVELS, short=NO_LEVELS)
