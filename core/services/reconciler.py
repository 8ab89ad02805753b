"""The broker is the truth about positions, the journal about why. Start-up and crash recovery are this one path."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from core.crashpoints import crashpoint
from core.rules.books import share_out
from core.services import telling
from core.services.desk import Desk, Venue
from core.services.guardian import PROTECTIVE, Guardian
from core.values.accounts import Account
from core.values.capabilities import Capabilities, Idempotency
from core.values.changes import FlagSet, NoticeMade
from core.values.errors import Broken, Transient
from core.values.fills import Fill, Position
from core.values.ids import AccountName, AlertId, UserId, desk_of
from core.values.money import ZERO, Price, plain
from core.values.orders import BY_HAND, CauseKind, Order, OrderRole, OrderState, OrderTicket, Purpose, side_of
from core.values.proposals import ProposalState

log = logging.getLogger(__name__)

ASK_AFTER_S = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
ENTRY_AGE_MAX = timedelta(seconds=60)
"""An entry that never arrived is sent again only as long as the market it was meant for is likely still there."""
FILLS_LATE_S = 1.0
AWAY_S = 2.0
FILLS_OVERLAP = timedelta(minutes=10)
FILLS_AT_FIRST = timedelta(days=1)


@dataclass(slots=True)
class Report:
    """What start-up found and settled: the report card."""

    orders: Counter[str] = field(default_factory=Counter)
    positions: int = 0
    mismatches: int = 0
    expired: int = 0


class Reconciler:
    def __init__(self, desk: Desk, guardian: Guardian) -> None:
        self._desk = desk
        self._ledger = desk.ledger
        self._guardian = guardian
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._hearing: dict[AccountName, asyncio.Task[None]] = {}
        self._listening = False
        desk.on_unknown = self.ask_about
        desk.ledger.on_awaited = self.fetch_fills

    # at start

    async def recover(self) -> Report:
        """Ask every broker, settle every difference, protection first. New entries only after it returns.
        Raises Broken where something stands open on an account that is not there: nobody would watch over it."""
        orders = (order.request.account for order in self._ledger.orders.values())
        if gone := {*orders, *(key[0] for key in self._ledger.positions)} - self._desk.venues.keys():
            raise Broken(f"something stands open on {', '.join(sorted(gone))}, and no account has that name")
        report = Report()
        for venue in self._desk.venues.values():
            while not await self._settled(venue, report):
                await self._desk.wire.sleep(AWAY_S)
        if self._desk.safety.halt is not None:
            await self._desk.cancel_new_risk()
        for key in list(self._ledger.positions):
            self._guardian.look_at(key)
        for order in list(self._ledger.orders.values()):
            self._guardian.look_at(order.request.key)
        report.positions = len(self._ledger.positions)
        return report

    async def _settled(self, venue: Venue, report: Report) -> bool:
        """One account's part of start-up. False: its broker is away, and must be asked again before anything trades."""
        before = self._ledger.live(venue.account.name)  # what fills bring about from here on is the guardian's
        try:
            await self._catch_up_fills(venue)
            for order in before:
                current = self._ledger.orders.get(order.id)
                if current is not None:
                    await self._settle(current, report)
            for ticket in await venue.broker.open_orders():
                await self._beware(venue.account.name, ticket)
            crashpoint("recon.mid")
            await self._compare_positions(venue, report)
        except Transient as error:
            log.warning("broker is away at start", extra={"account": venue.account.name, "reason": error.reason})
            return False
        return True

    async def _catch_up_fills(self, venue: Venue) -> None:
        """Take in whatever the broker executed since it was last asked, and a little before."""
        key = f"fills_asked:{venue.account.name}"
        now = self._desk.clock.now()
        asked = await self._desk.store.flag(key)
        since = datetime.fromisoformat(asked) - FILLS_OVERLAP if asked else now - FILLS_AT_FIRST
        for fill in await venue.broker.fills_since(since):
            await self._ledger.absorb(venue.account.name, replace(fill, owner=venue.account.owner))
        await self._desk.store.save(FlagSet(key, now.isoformat()))

    async def _settle(self, order: Order, report: Report) -> None:
        report.orders[order.state.value] += 1
        if order.state is OrderState.INTENDED:
            if self._guardians(order) or not await self._resumes(order):
                report.expired += 1
                await self._ledger.move(replace(order, state=OrderState.EXPIRED, reason="never_sent"))
            return
        ticket = await self._desk.venues[order.request.account].broker.find(order)
        if ticket is not None:
            await self._ledger.absorb(order.request.account, ticket)
        elif not order.state.in_doubt:
            await self._missing(order)
        elif self._abilities(order).idempotency is Idempotency.ALWAYS:
            await self._not_there(order)
        else:  # it may still be on its way: only after some asking it counts as lost
            lost = replace(order, state=OrderState.UNKNOWN, reason="outcome_unknown")
            self.ask_about(await self._ledger.move(lost))

    def _guardians(self, order: Order) -> bool:
        """Whether the guardian wanted it, who makes a new one, and not an entry that waits for its stop."""
        if order.request.role not in PROTECTIVE:
            return False
        beside = [o for o in self._ledger.orders.values() if o.request.intent == order.request.intent]
        return not any(o.request.role is OrderRole.ENTRY and o.state is OrderState.INTENDED for o in beside)

    async def _resumes(self, order: Order) -> bool:
        """Whether the alert or approval that decided on this order is still to be handled: then it is sent there."""
        causes = {cause.kind: cause.id for cause in order.request.because}
        if CauseKind.PROPOSAL in causes:
            waiting = await self._desk.store.unfinished_proposals()
            return any(p.id == causes[CauseKind.PROPOSAL] and p.state is ProposalState.APPROVED for p in waiting)
        if CauseKind.ALERT in causes:
            record = await self._desk.store.alert(AlertId(causes[CauseKind.ALERT]))
            return record is not None and not record.done
        return False

    async def _beware(self, account: AccountName, ticket: OrderTicket) -> None:
        """Another desk trades on this account, or this journal is a copy from before its last orders: an order carries
        a desk's id and is not here. No new risk until a person has looked."""
        order_id = ticket.order_id
        if order_id is None or desk_of(order_id) is None or await self._ledger.order(order_id) is not None:
            return
        whose = "this desk, from after this journal" if desk_of(order_id) == self._desk.desk_id else "another desk"
        await self._desk.safety.kill(UserId("desk"), "desk", f"{account} has order {order_id} of {whose}")

    async def _missing(self, order: Order) -> None:
        """The broker forgot an order that it had taken: people must look, nothing is sent in its place."""
        notice = telling.order_trouble(self._desk.desk_id, "order.missing", order, self._desk.clock.now())
        await self._desk.store.save(NoticeMade(notice))

    async def _compare_positions(self, venue: Venue, report: Report) -> None:
        """What the broker holds beyond our books belongs to people: shown by hand, never touched.

        An order may fill between two questions, so only a difference that is found twice is one.
        """
        first = await self._differences(venue)
        again = await self._differences(venue) if first else {}
        for ticker, (difference, average) in sorted(again.items()):
            if ticker in first and first[ticker][0] == difference:
                report.mismatches += 1
                await self._adopt(venue.account, ticker, difference, average)

    async def _differences(self, venue: Venue) -> dict[str, tuple[Decimal, Price]]:
        """By ticker: signed pieces that the broker holds more than our books, and its average price."""
        account = venue.account.name
        told = {holding.ticker: holding for holding in await venue.broker.positions()}
        await self._catch_up_fills(venue)
        found = {}
        for ticker in told.keys() | {p.ticker for p in self._ledger.positions.values() if p.account == account}:
            holding = told.get(ticker)
            difference = (holding.quantity if holding else ZERO) - self._ledger.net(account, ticker)
            if difference:
                found[ticker] = (difference, (holding.average_price if holding else None) or Price(ZERO))
        return found

    async def _adopt(self, account: Account, ticker: str, difference: Decimal, average: Price) -> None:
        """Booked like a trade by hand: it closes what the desk holds first."""

        def tell(position: Position) -> NoticeMade:
            now = self._desk.clock.now()
            return NoticeMade(telling.position_differs(self._desk.desk_id, position, plain(difference), now))

        positions = self._ledger.positions.values()
        held = {p.book: p.quantity for p in positions if (p.account, p.ticker) == (account.name, ticker)}
        for book, pieces in share_out(held, BY_HAND, difference):
            change = pieces * side_of(difference).sign
            await self._ledger.correct((account.name, ticker, book), change, average, account.owner, tell)

    # orders whose outcome nobody knows

    def ask_about(self, order: Order) -> None:
        """Begin to ask the broker what became of an order."""
        if order.id not in self._asking:
            task = asyncio.create_task(self._ask(order), name=f"ask {order.id}")
            self._asking[order.id] = task
            task.add_done_callback(lambda _task: self._asking.pop(order.id, None))

    async def _ask(self, order: Order) -> None:
        """Until the broker has told it, or has said often enough that it does not know it."""
        broker = self._desk.venues[order.request.account].broker
        asked = 0
        while True:
            await self._desk.wire.sleep(ASK_AFTER_S[asked])
            current = self._ledger.orders.get(order.id)
            if current is None or not current.state.in_doubt:
                break
            try:
                ticket = await broker.find(current)
                asked += 1
                if ticket is not None:
                    await self._ledger.absorb(order.request.account, ticket)
                    asked = 0
                elif asked == len(ASK_AFTER_S):
                    if not await self._not_there(current):
                        return
                    asked = 0
            except Transient as error:
                log.warning("cannot ask", extra={"order_id": order.id, "reason": error.reason})
                asked = 0
                await self._desk.wire.sleep(error.retry_after_s)
        if current is not None:
            await self._desk.found(current)

    def fetch_fills(self, order: Order) -> None:
        """A ticket ran ahead of its fills: when the stream has not told them in a second, ask."""
        key = f"fills:{order.request.account}"
        if key not in self._asking:
            task = asyncio.create_task(self._fetch(order), name=key)
            self._asking[key] = task
            task.add_done_callback(lambda _task: self._asking.pop(key, None))

    async def _fetch(self, order: Order) -> None:
        venue = self._desk.venues[order.request.account]
        while self._ledger.awaits_fills(venue.account.name):
            await self._desk.wire.sleep(FILLS_LATE_S)
            if self._ledger.awaits_fills(venue.account.name):
                try:
                    await self._catch_up_fills(venue)
                except Transient as error:
                    log.warning("cannot fetch fills", extra={"order_id": order.id, "reason": error.reason})

    async def _not_there(self, order: Order) -> bool:
        """The broker says that it does not know it. What may be sent again depends on what its ids mean; True: it was.

        A protective order that only reduces may be given up anywhere: the guardian makes another, and should the first
        one still come, both together close no more than the position.
        """
        if order.state is OrderState.SENT:
            order = await self._ledger.move(replace(order, state=OrderState.UNKNOWN, reason="outcome_unknown"))
        abilities = self._abilities(order)
        if abilities.idempotency is not Idempotency.ALWAYS:
            notice = telling.order_trouble(self._desk.desk_id, "order.unknown", order, self._desk.clock.now())
            await self._desk.store.save(NoticeMade(notice))
            if not (order.request.role in PROTECTIVE and abilities.reduce_only):
                self._desk.denied(order)
                return False
        elif not self._desk.unwanted(order.id) and await self._still_meant(order):
            await self._desk.resend(order)
            return True
        await self._ledger.move(replace(order, state=OrderState.EXPIRED, reason="never_arrived"))
        return False

    async def _still_meant(self, order: Order) -> bool:
        """Exits always are; an entry as long as it is fresh; an order by hand only while its routine goes on."""
        if order.request.purpose is Purpose.ENTRY:
            return self._desk.clock.now() - order.at <= ENTRY_AGE_MAX
        return order.request.purpose is not Purpose.WORKING or await self._resumes(order)

    def _abilities(self, order: Order) -> Capabilities:
        return self._desk.venues[order.request.account].broker.capabilities

    # while it runs

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Take in every broker's events until left."""
        self._listening = True
        for venue in self._desk.venues.values():
            self._hear(venue)
        try:
            yield
        finally:
            self._listening = False
            tasks = [*self._hearing.values(), *self._asking.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def join(self, venue: Venue) -> None:
        """An account opened while the desk runs: listen, and settle with its broker. Start-up does both for all."""
        if self._listening:
            self._hear(venue)
            await self._settled(venue, Report())

    def leave(self, account: AccountName) -> None:
        """An account that is about to be closed."""
        if (task := self._hearing.pop(account, None)) is not None:
            task.cancel()

    def _hear(self, venue: Venue) -> None:
        name = venue.account.name
        self._hearing[name] = asyncio.create_task(self._listen(venue), name=f"events {name}")

    async def _listen(self, venue: Venue) -> None:
        """A stream that fails for good halts the desk: what nobody hears of must not be traded on."""
        account = venue.account.name
        try:
            while await self._interrupted(venue):
                await self._hear_again(venue)
        except Exception as error:  # the supervisor's edge: a stream that dies must halt, not vanish
            log.exception("events failed", extra={"account": account})
            reason = f"events of {account} failed: {type(error).__name__}"
            await self._desk.safety.kill(UserId("desk"), "desk", reason)

    async def _interrupted(self, venue: Venue) -> bool:
        """Take events in until the broker is closed (False), or it or the journal cannot be reached (True)."""
        account = venue.account.name
        try:
            async for word in venue.broker.events():
                crashpoint("fill.in")
                if isinstance(word, Fill):
                    word = replace(word, owner=venue.account.owner)  # noqa: PLW2901 - brokers know no owners
                if await self._ledger.absorb(account, word) is None and isinstance(word, OrderTicket):
                    await self._beware(account, word)
        except Transient as error:
            log.warning("events stopped", extra={"account": account, "reason": error.reason})
            await self._desk.wire.sleep(error.retry_after_s)
            return True
        return False

    async def _hear_again(self, venue: Venue) -> None:
        """What was said meanwhile, asked for until it is known."""
        while True:
            try:
                await self._catch_up_fills(venue)
                for order in self._ledger.live(venue.account.name):
                    ticket = None if order.state is OrderState.INTENDED else await venue.broker.find(order)
                    if ticket is not None:
                        await self._ledger.absorb(venue.account.name, ticket)
            except Transient as error:
                log.warning("cannot catch up", extra={"account": venue.account.name, "reason": error.reason})
                await self._desk.wire.sleep(error.retry_after_s)
            else:
                return

    async def watch_latch(self) -> None:
        """Obey `openoutcry kill` and `arm` from other processes within a second or so."""
        while True:
            await self._desk.wire.sleep(1.0)
            if await self._desk.safety.look_outside() is not None:
                await self._desk.cancel_new_risk()
