"""The broker is the truth about positions, the journal about why. Start-up and crash recovery are this one path."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal

from core.crashpoints import crashpoint
from core.rules.books import share_out
from core.services import telling
from core.services.asking import Asking
from core.services.desk import Desk, Venue
from core.services.guardian import PROTECTIVE, Guardian
from core.values.accounts import Account
from core.values.capabilities import Idempotency
from core.values.changes import NoticeMade
from core.values.errors import Broken, Rejected, Transient
from core.values.fills import Fill, Position
from core.values.ids import AccountName, UserId, desk_of
from core.values.money import ZERO, Price, plain
from core.values.orders import BY_HAND, Order, OrderRole, OrderState, OrderTicket, Refused, side_of

log = logging.getLogger(__name__)

AWAY_S = 2.0
AWAY_TRIES = 30
"""A broker that does not settle within a minute keeps no other account waiting any longer."""
LATER_S = 30.0


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
        self._asking = Asking(desk)
        self._hearing: dict[AccountName, asyncio.Task[None]] = {}
        self._listening = False
        self._later: dict[AccountName, asyncio.Task[None]] = {}

    # at start

    async def recover(self) -> Report:
        """Ask every broker, settle every difference, protection first. New entries only after it returns.
        An account whose broker does not answer takes no new risk until it does, and the others start without it.

        Raises Broken where something stands open on an account that is not there: nobody would watch over it.
        """
        orders = (order.request.account for order in self._ledger.orders.values())
        if gone := {*orders, *(key[0] for key in self._ledger.positions)} - self._desk.venues.keys():
            raise Broken(f"something stands open on {', '.join(sorted(gone))}, and no account has that name")
        report = Report()
        for venue in self._desk.venues.values():
            await self._settled_or_left(venue, report)
        if self._desk.safety.halt is not None:
            await self._desk.cancel_new_risk()
        self._guard(self._desk.venues.keys() - self._desk.safety.unsettled.keys())
        report.positions = len(self._ledger.positions)
        return report

    def _guard(self, accounts: Collection[AccountName]) -> None:
        """Let the guardian look at all that stands there."""
        for key in list(self._ledger.positions):
            if key[0] in accounts:
                self._guardian.look_at(key)
        for order in list(self._ledger.orders.values()):
            if order.request.account in accounts:
                self._guardian.look_at(order.request.key)

    async def _settled_or_left(self, venue: Venue, report: Report) -> None:
        """A broker that is away or refuses, as with a key withdrawn, is asked for a minute, and after that beside
        everything else."""
        for _ in range(AWAY_TRIES):
            why = await self._settled(venue, report)
            if not why:
                return
            await self._desk.wire.sleep(AWAY_S)
        account, now = venue.account, self._desk.clock.now()
        self._desk.safety.unsettled[account.name] = Refused("unsettled", {"account": account.name})
        await self._desk.store.save(NoticeMade(telling.unsettled(self._desk.desk_id, account, why, now)))
        self._later[account.name] = asyncio.create_task(self._settle_later(venue), name=f"settling {account.name}")

    async def _settle_later(self, venue: Venue) -> None:
        while await self._settled(venue, Report()):
            await self._desk.wire.sleep(LATER_S)
        del self._desk.safety.unsettled[venue.account.name]
        log.info("settled after all", extra={"account": venue.account.name})
        self._guard({venue.account.name})

    async def _settled(self, venue: Venue, report: Report) -> str:
        """One account's part of start-up. Empty, or why its broker must be asked again before anything trades."""
        before = self._ledger.live(venue.account.name)  # what fills bring about from here on is the guardian's
        try:
            await self._asking.catch_up_fills(venue)
            for order in before:
                current = self._ledger.orders.get(order.id)
                if current is not None:
                    await self._settle(current, report)
            for ticket in await venue.broker.open_orders():
                await self.beware(venue.account.name, ticket)
            crashpoint("recon.mid")
            await self._compare_positions(venue, report)
        except (Transient, Rejected) as error:
            log.warning("broker is away at start", extra={"account": venue.account.name, "reason": str(error)})
            return str(error)
        return ""

    async def _settle(self, order: Order, report: Report) -> None:
        report.orders[order.state.value] += 1
        if order.state is OrderState.INTENDED:
            if self._guardians(order) or not await self._asking.resumes(order):
                report.expired += 1
                await self._ledger.move(replace(order, state=OrderState.EXPIRED, reason="never_sent"))
            return
        ticket = await self._desk.venues[order.request.account].broker.find(order)
        if ticket is not None:
            await self._ledger.absorb(order.request.account, ticket)
        elif not order.state.in_doubt:
            await self._missing(order)
        elif self._asking.abilities(order).idempotency is Idempotency.ALWAYS:
            await self._asking.not_there(order)
        else:  # it may still be on its way: only after some asking it counts as lost
            lost = replace(order, state=OrderState.UNKNOWN, reason="outcome_unknown")
            self._asking.ask_about(await self._ledger.move(lost))

    def _guardians(self, order: Order) -> bool:
        """Whether the guardian wanted it, who makes a new one, and not an entry that waits for its stop."""
        if order.request.role not in PROTECTIVE:
            return False
        beside = [o for o in self._ledger.orders.values() if o.request.intent == order.request.intent]
        return not any(o.request.role is OrderRole.ENTRY and o.state is OrderState.INTENDED for o in beside)

    async def beware(self, account: AccountName, ticket: OrderTicket) -> None:
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
        first = await self.differences(venue)
        again = await self.differences(venue) if first else {}
        for ticker, (difference, average) in sorted(again.items()):
            if ticker in first and first[ticker][0] == difference:
                report.mismatches += 1
                await self.adopt(venue.account, ticker, difference, average)

    async def differences(self, venue: Venue) -> dict[str, tuple[Decimal, Price]]:
        """By ticker: signed pieces that the broker holds more than our books, and its average price."""
        account = venue.account.name
        told = {holding.ticker: holding for holding in await venue.broker.positions()}
        await self._asking.catch_up_fills(venue)
        found = {}
        for ticker in told.keys() | {p.ticker for p in self._ledger.positions.values() if p.account == account}:
            holding = told.get(ticker)
            difference = (holding.quantity if holding else ZERO) - self._ledger.net(account, ticker)
            if difference:
                found[ticker] = (difference, (holding.average_price if holding else None) or Price(ZERO))
        return found

    async def adopt(self, account: Account, ticker: str, difference: Decimal, average: Price) -> None:
        """Booked as a trade by hand, as it mostly is: it closes what the desk holds first; people are called."""

        def tell(position: Position) -> NoticeMade:
            now = self._desk.clock.now()
            return NoticeMade(telling.position_differs(self._desk.desk_id, position, plain(difference), now))

        positions = self._ledger.positions.values()
        held = {p.book: p.quantity for p in positions if (p.account, p.ticker) == (account.name, ticker)}
        for book, pieces in share_out(held, BY_HAND, difference):
            change = pieces * side_of(difference).sign
            await self._ledger.correct((account.name, ticker, book), change, average, account.owner, tell)

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
            tasks = [*self._hearing.values(), *self._later.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._asking.close()

    async def join(self, venue: Venue) -> None:
        """An account opened while the desk runs: listen, and settle with its broker. Start-up does both for all."""
        if self._listening:
            self._hear(venue)
            await self._settled(venue, Report())

    def leave(self, account: AccountName) -> None:
        """An account that is about to be closed."""
        for tasks in (self._hearing, self._later):
            if (task := tasks.pop(account, None)) is not None:
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
                    await self.beware(account, word)
        except Transient as error:
            log.warning("events stopped", extra={"account": account, "reason": error.reason})
            await self._desk.wire.sleep(error.retry_after_s)
            return True
        return False

    async def _hear_again(self, venue: Venue) -> None:
        """What was said meanwhile, asked for until it is known."""
        while True:
            try:
                await self._asking.catch_up_fills(venue)
                for order in self._ledger.live(venue.account.name):
                    ticket = None if order.state is OrderState.INTENDED else await venue.broker.find(order)
                    if ticket is not None:
                        await self._ledger.absorb(venue.account.name, ticket)
            except (Transient, Rejected) as error:
                log.warning("cannot catch up", extra={"account": venue.account.name, "reason": str(error)})
                await self._desk.wire.sleep(error.retry_after_s if isinstance(error, Transient) else LATER_S)
            else:
                return

    async def watch_latch(self) -> None:
        """Obey `openoutcry kill` and `arm` from other processes within a second or so."""
        while True:
            await self._desk.wire.sleep(1.0)
            if await self._desk.safety.look_outside() is not None:
                await self._desk.cancel_new_risk()
