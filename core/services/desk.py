"""The one way to a broker: intend (decision on disk), send (through the gate, once), cancel."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from core.crashpoints import crashpoint
from core.ports import Broker, Clock, Feed, Store
from core.rules.backoff import backoff_s
from core.rules.risk import QUOTE_AGE_MAX, Limits, Situation, review
from core.services import telling
from core.services.directory import Directory
from core.services.ledger import Ledger
from core.services.safety import Safety
from core.values.accounts import Account, Margin, Mode
from core.values.changes import Audited, Change, NoticeMade
from core.values.errors import DeskError, OutcomeUnknown, Rejected, Transient
from core.values.ids import AccountName, DeskId, OrderId
from core.values.market import Quote
from core.values.money import ZERO
from core.values.orders import (
    Order,
    OrderRequest,
    OrderRole,
    OrderState,
    Purpose,
    Refused,
)

log = logging.getLogger(__name__)

ATTEMPTS_MAX: Mapping[Purpose, int] = {Purpose.EXIT: 5, Purpose.HEDGE: 5}
"""How often an order that certainly did not arrive (429, no connection) is tried; others 3 times."""
RETRY_AFTER_S_MAX = 30.0


@dataclass(frozen=True, slots=True)
class Venue:
    """One account with its broker and the feed that prices it."""

    account: Account
    broker: Broker
    feed: Feed


class Desk:
    """`on_unknown` is told of every order whose outcome nobody knows (the reconciler asks the broker); `on_halt` stops
    whoever works with orders of new risk, when those are about to be cancelled."""

    def __init__(
        self,
        *,
        store: Store,
        ledger: Ledger,
        directory: Directory,
        safety: Safety,
        limits: Limits,
        clock: Clock,
        wire: Clock,
    ) -> None:
        self.store = store
        self.ledger = ledger
        self.directory = directory
        self.safety = safety
        self.limits = limits
        self.clock = clock
        self.wire = wire
        self.venues: dict[AccountName, Venue] = {}
        self.on_unknown: Callable[[Order], None] = lambda _order: None
        self.on_halt: Callable[[], None] = lambda: None
        self._unwanted: set[OrderId] = set()
        self._called_off: set[OrderId] = set()
        self._denied: set[OrderId] = set()

    @property
    def desk_id(self) -> DeskId:
        return self.store.desk_id

    # what is known

    async def quote(self, account: AccountName, ticker: str) -> Quote | None:
        """A quote fresh enough to trade on; None where none can be had now."""
        feed = self.venues[account].feed
        quote = feed.quote(ticker)
        if quote is not None and abs(self.clock.now() - quote.at) <= QUOTE_AGE_MAX:
            return quote
        try:
            return await feed.fresh_quote(ticker)
        except (Transient, Rejected) as error:
            log.warning("no quote", extra={"account": account, "ticker": ticker, "reason": str(error)})
            return None

    async def situation(self, request: OrderRequest) -> Situation:
        """What the gate judges this request by. Raises Transient while the broker cannot be asked."""
        venue = self.venues[request.account]
        instrument = self.directory.instrument(request.account, request.ticker)
        key = request.key
        adds_risk = request.purpose in {Purpose.ENTRY, Purpose.WORKING}
        margin = await venue.broker.margin() if adds_risk else Margin(ZERO, ZERO, venue.account.currency)
        others = [o for o in self.ledger.live(request.account) if o.id != request.id and _adds(o.request)]
        beside = [o for o in others if (o.request.ticker, o.request.side) == (request.ticker, request.side)]
        day = await self.safety.day_profit(request.account, margin) if adds_risk else ZERO
        return Situation(
            now=self.clock.now(),
            account=venue.account,
            instrument=instrument,
            state=self.safety.state(request.account),
            quote=await self.quote(request.account, request.ticker) if adds_risk else None,
            margin=margin,
            net=self.ledger.net(request.account, request.ticker),
            working=sum((o.remaining * o.request.side.sign for o in beside), ZERO),
            held=self.ledger.held(key),
            entering=self.ledger.entering(key),
            gross=self._gross(request.account, others) if adds_risk else ZERO,
            day_profit=day,
        )

    def _gross(self, account: AccountName, working: list[Order]) -> Decimal:
        """Notional of all positions and of these orders."""
        held = [
            (p.ticker, self._last(account, p.ticker) or p.average_price, abs(p.quantity))
            for p in self.ledger.positions.values()
            if p.account == account
        ]
        asked = [
            (o.request.ticker, o.request.price or self._last(account, o.request.ticker) or ZERO, o.remaining)
            for o in working
        ]
        return sum(
            (price * pieces * self.directory.point_value(account, ticker) for ticker, price, pieces in held + asked),
            ZERO,
        )

    def _last(self, account: AccountName, ticker: str) -> Decimal | None:
        quote = self.venues[account].feed.quote(ticker)
        return quote.last if quote else None

    # orders

    async def intend(self, *requests: OrderRequest, also: tuple[Change, ...] = ()) -> tuple[Order, ...] | Refused:
        """Write the decision for these orders, all or none. Ids that exist already are left as they are.

        Protective orders that stand or fall with an entry beside them are judged when they are sent, and here by the
        entry they belong to. The first refusal is returned and nothing is written.
        """
        known = {request.id: await self.ledger.order(request.id) for request in requests}
        new = [request for request in requests if known[request.id] is None]
        entering = any(request.role is OrderRole.ENTRY for request in new)
        for request in new:
            if entering and request.purpose is Purpose.EXIT:
                continue
            verdict = review(request, self.limits, await self.situation(request))
            if isinstance(verdict, Refused):
                return verdict
        now = self.clock.now()
        made = {request.id: self._intended(request) for request in new}
        if made:
            await self.ledger.make(list(made.values()), *also)
            log.info("intended", extra={"intent_id": new[0].intent, "orders": ",".join(made), "at": now.isoformat()})
        return tuple(known[request.id] or made[request.id] for request in requests)

    def _intended(self, request: OrderRequest) -> Order:
        now = self.clock.now()
        paper = self.venues[request.account].account.mode is Mode.PAPER
        return Order(request, OrderState.INTENDED, now, now, paper=paper)

    async def send(self, order_id: OrderId) -> Order:
        """Send an INTENDED order, once; any other is returned as it is. Returns what is known afterwards."""
        order = self.ledger.orders.get(order_id)
        if order is None or order.state is not OrderState.INTENDED:
            found = order or await self.ledger.order(order_id)
            assert found is not None, "only intended orders are sent"
            return found
        situation = await self.situation(order.request)
        verdict = review(order.request, self.limits, situation)
        if isinstance(verdict, Refused):
            return await self.refuse(order, verdict)
        sent = await self.ledger.move(replace(order, state=OrderState.SENT))
        crashpoint("send.marked")
        return await self._placed(sent, situation) if sent.state is OrderState.SENT else sent

    async def resend(self, order: Order) -> Order:
        """Send an UNKNOWN order again under the same id. Only where ids are idempotent for ever."""
        situation = await self.situation(order.request)
        sent = await self.ledger.move(replace(order, state=OrderState.SENT))
        return await self._placed(sent, situation) if sent.state is OrderState.SENT else sent

    async def _placed(self, order: Order, situation: Situation) -> Order:
        try:
            return await self._place(order, situation)
        except DeskError:  # the journal did not take what came of it: somebody asks the broker until it does
            self.on_unknown(order)
            raise

    async def _place(self, order: Order, situation: Situation) -> Order:
        request = order.request
        broker = self.venues[request.account].broker
        self._called_off.discard(order.id)
        for attempt in range(1, ATTEMPTS_MAX.get(request.purpose, 3) + 1):
            # Since the order was judged time went by, for the disk or between two tries: a kill or a cancel that came
            # meanwhile must still hold it back, and so must a fill that closed what it was to close.
            now = replace(
                situation,
                state=self.safety.state(request.account),
                net=self.ledger.net(request.account, request.ticker),
                held=self.ledger.held(request.key),
            )
            approved = review(self._netted(request), self.limits, now)
            if isinstance(approved, Refused):
                return await self.refuse(order, approved)
            if self.unwanted(order.id):
                return await self._end(order, OrderState.CANCELLED, "never_sent")
            try:
                ticket = await broker.place(approved)
            except Rejected as error:
                return await self._end(order, OrderState.REJECTED, error.code)
            except OutcomeUnknown as error:
                return await self._lose(order, error)
            except Transient as error:
                log.warning(
                    "not placed, trying again", extra={"order_id": order.id, "attempt": attempt, "why": str(error)}
                )
                wait = max(error.retry_after_s, backoff_s(attempt, order.id))
                await self.ledger.until(lambda: order.id in self._called_off, self.wire, min(wait, RETRY_AFTER_S_MAX))
                if order.id in self._called_off:
                    return await self._end(order, OrderState.CANCELLED, "never_sent")
                continue
            crashpoint("send.resp_in")
            known = await self.ledger.absorb(request.account, ticket) or order
            crashpoint("ack.committed")
            return await self.found(known)
        return await self._end(order, OrderState.REJECTED, "broker_busy")

    def _netted(self, request: OrderRequest) -> OrderRequest:
        """Brokers net what our books keep apart: an exit of one book that others hold against reduces nothing there,
        and as reduce-only it would be refused. Without it, the book's own pieces still bound it."""
        held = self.ledger.held(request.key)
        others = self.ledger.net(request.account, request.ticker) - held
        against = others * request.side.sign > 0 and -held * request.side.sign >= request.quantity
        return replace(request, reduce_only=False) if request.role is OrderRole.EXIT and against else request

    async def _lose(self, order: Order, error: OutcomeUnknown) -> Order:
        lost = await self.ledger.move(replace(order, state=OrderState.UNKNOWN, reason=error.reason))
        if lost.state is OrderState.UNKNOWN:
            self.on_unknown(lost)
        return lost

    async def _end(self, order: Order, state: OrderState, reason: str) -> Order:
        return await self.ledger.move(replace(order, state=state, reason=reason))

    async def refuse(self, order: Order, refused: Refused) -> Order:
        """End an order that never left, by our own no."""
        notice = telling.refused_notice(
            self.desk_id, refused, self.clock.now(), *telling.about(order), owner=order.request.owner
        )
        ended = replace(order, state=OrderState.REJECTED, reason=refused.code)
        return await self.ledger.move(ended, NoticeMade(notice))

    def call_off(self, order_id: OrderId) -> None:
        """Do not try again an order that waits between two tries; one that is on the wire goes its way."""
        self._called_off.add(order_id)
        self.ledger.nudge()

    async def cancel(self, order_id: OrderId, *also: Audited) -> Order | None:
        """End a live order; its fills until then stand. None for an order that is not live.

        One that the broker does not know yet, since it is on its way or nobody knows what became of it, is cancelled
        once it is `found`. Raises Transient when the broker could not be asked.
        """
        order = self.ledger.orders.get(order_id)
        if order is None:
            return None
        if order.state is OrderState.INTENDED:
            return await self.ledger.move(replace(order, state=OrderState.CANCELLED), *also)
        if order.state.in_doubt:
            self._unwanted.add(order_id)
        broker = self.venues[order.request.account].broker
        crashpoint("cancel.mid")
        for attempt in range(1, 6):
            try:
                ticket = await broker.cancel(order)
            except Rejected as error:
                log.warning("cancel refused", extra={"order_id": order_id, "reason": str(error)})
                return await self._given_up(order)
            except Transient as error:
                if attempt == 5:
                    raise
                await self.wire.sleep(min(error.retry_after_s, RETRY_AFTER_S_MAX))
                continue
            # To its end, also where the job around it is stopped: disk and memory must not differ.
            return await asyncio.shield(self.ledger.absorb(order.request.account, ticket)) or order
        return order

    def denied(self, order: Order) -> None:
        """The broker said often enough that it does not know this order: from now on a person's cancel ends it."""
        self._denied.add(order.id)

    def has_denied(self, order_id: OrderId) -> bool:
        """Whether its broker said so often enough, and no person has ended it since."""
        return order_id in self._denied

    async def _given_up(self, order: Order) -> Order:
        """An order that the broker will not cancel: over, where it has denied it and now denies it again."""
        if order.id not in self._denied or not order.state.in_doubt:
            return order
        self._denied.discard(order.id)
        self._unwanted.discard(order.id)
        return await self._end(order, OrderState.EXPIRED, "never_arrived")

    def unwanted(self, order_id: OrderId) -> bool:
        """Whether somebody asked for its end while it was in doubt."""
        return order_id in self._unwanted

    async def found(self, order: Order) -> Order:
        """An order of which the broker has spoken: it is cancelled now if somebody asked for that meanwhile."""
        if order.state.in_doubt or order.id not in self._unwanted:
            return order
        self._unwanted.discard(order.id)
        [after] = await self.cancel_all([order])
        return after

    async def cancel_all(self, orders: list[Order]) -> list[Order]:
        """Cancel several at once, at the broker's rate; return what is so afterwards, in the same order."""
        ended = await asyncio.gather(*(self.cancel(order.id) for order in orders), return_exceptions=True)
        return [after if isinstance(after, Order) else before for before, after in zip(orders, ended, strict=True)]

    async def cancel_new_risk(self) -> list[Order]:
        """Cancel whatever could still add exposure, on every account; protection stays. What a kill does next.

        Whoever would place such orders anew is stopped meanwhile (`on_halt`).
        """
        self.on_halt()
        return await self.cancel_all(self.new_risk())

    def new_risk(self) -> list[Order]:
        """Live orders that could still add exposure."""
        return [o for o in self.ledger.orders.values() if _new_risk(o.request)]


def _new_risk(request: OrderRequest) -> bool:
    return request.purpose in {Purpose.ENTRY, Purpose.WORKING, Purpose.TRAP}


def _adds(request: OrderRequest) -> bool:
    """Whether a live order may still add to the account's exposure."""
    return request.purpose in {Purpose.ENTRY, Purpose.WORKING} and not request.reduce_only
