"""What the desk needs of the world. Each method's docstring is its contract: conditions, shapes, units, errors.

Every time is aware UTC, every quantity pieces, every price a Decimal. A port's implementation raises the errors of
`core.values.errors` and nothing else of its own; what a library throws is translated at the adapter.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from core.ports.store import Inbox as Inbox
from core.ports.store import Store as Store
from core.values.accounts import Account, Halt, Margin
from core.values.capabilities import Capabilities
from core.values.charts import Chart
from core.values.fills import Fill, Holding
from core.values.ids import (
    AccountName,
    UserId,
)
from core.values.instrument import Instrument
from core.values.market import Candle, Funding, Quote, Session
from core.values.money import Price
from core.values.notices import Notice
from core.values.orders import ApprovedOrder, Order, OrderTicket
from core.values.raw import RawAlert
from core.values.tasks import Task


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC; never goes back."""

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed on this clock."""


# brokers and prices


class Broker(Protocol):
    """One trading account at one broker. Opened by `start`, closed by `close`; both may be called once."""

    account: AccountName
    capabilities: Capabilities

    async def start(self) -> None:
        """Connect. After it, every other method may be called.

        Raises Transient (try later), Rejected (credentials refused) or Broken (wrong settings).
        """

    async def close(self) -> None:
        """Let go of sockets and tasks. Leaves every order standing."""

    async def place(self, order: ApprovedOrder) -> OrderTicket:
        """Send one order, triggered types included. Never re-sends by itself.

        Returns the ticket once the broker took it (its state may be REJECTED for an order taken and refused).
        Raises Rejected only where the broker's answer proves that nothing was accepted; Transient only where nothing
        left this machine or the broker says so (429); OutcomeUnknown for time-outs, 5xx, cut connections and answers
        that cannot be read. The same OrderId twice: by `capabilities.idempotency`.
        """

    async def cancel(self, order: Order) -> OrderTicket:
        """Ask for the end of a live order; return what is so afterwards, fills that crossed the cancel included.

        An order that is already filled or gone is no error: its final ticket comes back. Raises Transient; Rejected
        where the broker does not know the order at all.
        """

    async def find(self, order: Order) -> OrderTicket | None:
        """The broker's word on an order of ours, by our id, or by its own where it has one.

        None only when the broker says that it does not know it. Raises Transient.
        """

    async def open_orders(self) -> Sequence[OrderTicket]:
        """Every working order of the account, foreign ones too, without triggered ones."""

    async def stop_orders(self) -> Sequence[OrderTicket]:
        """Every waiting triggered order (stop, take-profit) of the account, foreign ones too."""

    async def fills_since(self, moment: datetime) -> Sequence[Fill]:
        """Executions at or after `moment`, oldest first; may repeat what `events` told, never invents."""

    def events(self) -> AsyncIterator[OrderTicket | Fill]:
        """Tickets and fills as they happen, from `start` on, until `close`. May repeat, may reorder, never invents.

        Reconnects by itself; what was missed is told again from the broker's records.
        """

    async def positions(self) -> Sequence[Holding]:
        """Net holdings, zero ones left out. Raises Transient; a failed query is never an empty answer."""

    async def margin(self) -> Margin:
        """Equity and free collateral of the account, in the account's currency."""

    async def cash(self) -> Mapping[str, str]:
        """Currency code to plain decimal amount."""

    def calls_left(self) -> Mapping[str, int]:
        """Calls that may be made at once, by the names of `capabilities.budgets`; empty where nothing is counted."""

    async def instruments(self) -> Sequence[Instrument]:
        """Everything tradable by this account. Cached by the adapter, refreshed at least daily."""

    async def schedule(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[Session]:
        """Continuous sessions that overlap [start, end), in order."""


class BrokerFactory(Protocol):
    """The `open_broker` of a broker's folder: builds, does not connect."""

    def __call__(self, account: Account, settings: Mapping[str, object], world: World) -> Broker: ...


class Feed(Protocol):
    """Prices. Listeners are called in the event loop, in order, and must return in microseconds."""

    def quote(self, ticker: str) -> Quote | None:
        """The newest quote of a watched ticker; None before the first."""

    async def fresh_quote(self, ticker: str) -> Quote:
        """A quote not older than a second, asked for if need be. Raises Transient; Rejected for an unknown ticker."""

    def listen(self, listener: Callable[[Quote], None]) -> None:
        """Call `listener` with every quote of every watched ticker from now on."""

    async def watch(self, ticker: str) -> None:
        """Begin to receive `ticker`. Counted: two watches need two unwatches."""

    async def unwatch(self, ticker: str) -> None:
        """One watcher less; the last one ends the subscription."""

    def alive(self) -> bool:
        """Heartbeats arrive. Not the age of the last trade: quiet names trade minutes apart."""

    async def last_prices(self, tickers: Collection[str]) -> Mapping[str, Price]:
        """What each traded at last, asked for together; without those that never did. Raises Transient."""

    async def candles(self, ticker: str, start: datetime, end: datetime, interval_s: int) -> Sequence[Candle]:
        """Bars that begin in [start, end), oldest first. Raises Transient; Rejected for an unknown ticker."""


@runtime_checkable
class FundedFeed(Protocol):
    """A feed that also knows what perpetuals pay."""

    async def funding(self) -> Sequence[Funding]:
        """Of every perpetual listed, asked for together. Raises Transient."""


@dataclass(frozen=True, slots=True)
class World:
    """What a factory may use: clocks, the feed that a paper account trades on, and what the journal knows of it: orders
    that are not over, entries whose position is open, every fill."""

    clock: Clock
    wire: Clock
    feed: Feed | None = None
    orders: Sequence[Order] = ()
    fills: Sequence[Fill] = ()
    entries: Sequence[Order] = ()


# the kill switch and credentials


class KillSwitch(Protocol):
    """The latch behind HALTED. Outside the database, so that it works without one and while the desk is down."""

    def read(self) -> Halt | None:
        """The halt in force. A latch that cannot be read counts as set."""

    def set(self, halt: Halt) -> None:
        """On disk when it returns; an earlier halt stays as it is."""

    def clear(self) -> None:
        """Trading may go on; nothing happens where nothing was halted."""


class Vault(Protocol):
    """Credentials, encrypted under a key that is not in the database. Write-only to people."""

    async def put(self, account: AccountName, fields: Mapping[str, str], owner: UserId) -> None: ...
    async def get(self, account: AccountName) -> Mapping[str, str]:
        """Empty when there is none. Raises Broken when the key does not fit."""

    async def forget(self, account: AccountName) -> None: ...


# people, alerts out, pictures


class Surface(Protocol):
    """A place where people read: Telegram, Discord, the console, a list in tests."""

    name: str

    async def send(self, notice: Notice) -> None:
        """Deliver once; a notice of a card that was sent before takes the place of that message.

        Raises Transient (kept and tried again) or Rejected (given up, logged).
        """

    async def illustrate(self, card: str, png: bytes) -> None:
        """Put a picture to the message that shows a card, in place of an earlier one; nothing where none shows it.

        Raises Transient or Rejected: the picture is given up either way.
        """


class Target(Protocol):
    """Where raw alerts go out: one call at a time, in order, ten seconds each (core/services/outlets.py). `start` and
    `send` raise Transient (tried again) or Rejected (the target is left out; the alert is dropped and counted)."""

    name: str

    async def start(self) -> None: ...
    async def send(self, alert: RawAlert) -> None: ...
    async def close(self) -> None: ...


class Painter(Protocol):
    """Pictures for chats, dashboard and reports."""

    async def paint(self, chart: Chart) -> bytes:
        """A PNG of `chart.width` times `chart.height`. Raises Transient where it cannot be had now."""


# long work


class TaskContext(Protocol):
    """What a job sees of the desk."""

    clock: Clock
    wire: Clock

    async def save(self, task: Task) -> None:
        """Keep progress and checkpoint; on disk when it returns."""

    async def tell(self, notice: Notice) -> None: ...


class Job(Protocol):
    """The body of a supervised task. Must be restart-safe: compute what is left from fills, never replay steps."""

    kind: str

    async def run(self, task: Task, context: TaskContext) -> Task:
        """Work until done; return the task in a final state. Cancelled at shutdown without a change of goal."""

    async def stop(self, task: Task, context: TaskContext) -> Task:
        """Clean up after goal STOP: no working order and no unhedged leg may stay behind."""


Collect = Callable[[Collection[str]], Awaitable[None]]
"""A collector of candles for tickers; the roof registers one per feed."""
