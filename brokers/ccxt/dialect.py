"""What differs between venues. A dialect says it; what can be said in ccxt's own unified words is said so here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Any, Protocol

from brokers.ccxt.translate import Row
from core.values.capabilities import Capabilities, Idempotency, IdEncoding, RateBudget
from core.values.instrument import Instrument
from core.values.orders import OrderRequest, OrderType


class Says(Enum):
    """What a venue's code means where it is no plain refusal."""

    NOTHING = "nobody knows what became of the request"
    SKEW = "our clock and the venue's differ"
    BUSY = "too many requests"
    MAINTENANCE = "the venue is being maintained"


Words = Mapping[str, str | Says]
"""Code of a venue -> our word for its refusal, or what else it means."""


@dataclass(frozen=True, slots=True)
class Access:
    """Whose keys, and where. test_mode: live, testnet (the venue's own test hosts), demo (paper money on live prices)
    or test (whichever of the two the venue has). base_url: another host than the venue's own, for tests."""

    api_key: str
    api_secret: str
    passphrase: str = ""
    test_mode: str = "live"
    base_url: str = ""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a key may do. hedged: the account holds long and short of an instrument apart."""

    trades: bool
    withdraws: bool
    hedged: bool = False


@dataclass(frozen=True, slots=True)
class Purse:
    """equity and free: texts of decimals in `currency`. coins: everything by its name."""

    equity: str
    free: str
    coins: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Name:
    """An order's id: ours, as encoded, or the venue's. triggered: it was placed to wait for its price."""

    key: str
    ours: bool = True
    triggered: bool = False


class Asking(Protocol):
    """The part of the client that a dialect sees."""

    exchange: Any

    async def ask(self, method: Callable[..., Awaitable[Any]], *args: Any, urgency: int = 1) -> Any: ...


class Dialect:
    """market: `linear` (contracts that settle in `currency`) or `spot` (coins that are quoted in it)."""

    name = ""
    exchange = ""
    """As alerts call it."""
    phrase = False
    """Whether a key has a passphrase beside its secret."""
    budgets: tuple[RateBudget, ...] = ()
    words: Words = MappingProxyType({})
    repeated: frozenset[str] = frozenset()
    """Codes of an id that is taken."""
    gone: frozenset[str] = frozenset()
    """Codes of an order that is over, or was never there."""
    quotes: tuple[tuple[str, bool], ...] = (("watch_bids_asks", True), ("watch_ticker", False))
    """The library's streams that together tell book and trades, and whether each tells the book."""
    tests: tuple[str, ...] = ("testnet", "demo")
    """Its test modes, the usual one first."""
    streams: tuple[tuple[str, Mapping[str, Any]], ...] = (("watch_orders", {}), ("watch_my_trades", {}))
    """The library's streams of the account, each with its parameters."""
    depth = 1
    """Levels of a book that are asked for: the fewest that the venue knows."""
    greetings = 1
    """So many of the account's streams tell that they have begun."""
    attaches = False
    """Whether a stop rides on an entry. Held against the library's own feature table before each order."""
    riding: Mapping[str, Any] = MappingProxyType({})
    """Further parameters of an entry with such a stop."""

    def __init__(self, market: str, currency: str) -> None:
        self.market, self.currency = market, currency
        self.spot = market == "spot"

    @property
    def capabilities(self) -> Capabilities:
        """Ids are taken while their order rests and no longer promised: so nothing is ever sent twice."""
        return Capabilities(
            Idempotency.WHILE_OPEN,
            IdEncoding.HEX32,
            native_brackets=self.attaches,
            stops_wait=not self.attaches,
            short_selling=not self.spot,
            reduce_only=not self.spot,
            budgets=self.budgets,
        )

    @property
    def options(self) -> dict[str, Any]:
        """Of the library: what to list, and what to take for granted."""
        kind = {"defaultType": "spot"} if self.spot else {"defaultType": "swap", "defaultSubType": "linear"}
        return {**kind, "fetchMarkets": {"types": [self.market]}}

    # the wire

    def code(self, answer: Any) -> tuple[str, str]:
        """Code ("" for success) and message of an answer that could be read."""
        raise NotImplementedError

    def places(self, path: str, body: bytes) -> bool:
        """Whether these bytes make an order."""
        raise NotImplementedError

    def hosts(self, base_url: str) -> dict[str, Any]:
        """The library's table of addresses for another host."""
        raise NotImplementedError

    def aim(self, exchange: Any, access: Access) -> None:
        """Point the library at the right hosts."""
        mode = self.tests[0] if access.test_mode == "test" else access.test_mode
        if access.base_url:
            exchange.urls["api"] = self.hosts(access.base_url.rstrip("/"))
        elif mode == "demo":
            exchange.enable_demo_trading(True)
        elif mode != "live":
            exchange.set_sandbox_mode(True)

    def greets(self, url: str, message: Any) -> bool:
        """Whether one of the account's streams tells hereby that it has begun. message: None when it connects."""
        raise NotImplementedError

    async def rights(self, client: Asking) -> Rights:
        """Raises Transient or Rejected."""
        raise NotImplementedError

    # stops that ride on an entry

    def rides(self, _built: Row) -> bool:
        """Whether a request, as the library is about to send it, carries a stop."""
        return False

    def rider(self, _row: Row) -> bool:
        """Whether the library's row of an order or execution is of a stop that came with an entry."""
        return False

    # orders

    def names(self, _request: OrderRequest, key: str) -> dict[str, Any]:
        """Parameters that give an order our id, as encoded."""
        return {"clientOrderId": key}

    def stop_params(self, request: OrderRequest, level: str) -> dict[str, Any]:
        """Parameters of a triggered order. level: its trigger price."""
        name = "stopLossPrice" if request.type is OrderType.STOP else "takeProfitPrice"
        return {name: level}

    def kind(self, row: Row) -> OrderType:
        """Of the library's row of an order."""
        raise NotImplementedError

    def waits(self, row: Row) -> bool:
        """Whether this is a triggered order that nothing has triggered yet."""
        raise NotImplementedError

    def mend(self, row: Row) -> Row:
        """A row of an order or execution, where the library misreads it."""
        return row

    def speaks(self, _row: Row) -> bool:
        """Whether a row of the stream tells of an order what is so; False where another row will."""
        return True

    def child(self, _row: Row) -> str:
        """The id of the order that a triggered one became, where the venue makes another of it."""
        return ""

    async def find(self, client: Asking, instrument: Instrument, name: Name) -> Row | None:
        """None: the venue does not know the order."""
        raise NotImplementedError

    async def cancel(self, exchange: Any, instrument: Instrument, name: Name) -> None:
        """Ask for an order's end."""
        params: dict[str, Any] = {"trigger": True} if name.triggered else {}
        if name.ours:
            params["clientOrderId"] = name.key
        await exchange.cancel_order(None if name.ours else name.key, instrument.broker_key, params)

    async def working(self, client: Asking) -> Sequence[Row]:
        """Everything that works or waits to be triggered."""
        raise NotImplementedError

    async def trades(self, client: Asking, since: datetime, instruments: Iterable[Instrument]) -> Sequence[Row]:
        """Own executions since then. instruments: those that may have any."""
        raise NotImplementedError

    def link(self, row: Row) -> str:
        """Our encoded id in the library's row of an execution, where the venue gives it back."""
        raise NotImplementedError

    async def funding(self, client: Asking) -> Sequence[Row]:
        """The library's rows of what perpetuals pay, with the prices of both markets."""
        rows: Mapping[str, Row] = await client.ask(client.exchange.fetch_funding_rates)
        return list(rows.values())

    # the account

    async def purse(self, client: Asking) -> Purse:
        raise NotImplementedError

    async def positions(self, client: Asking) -> Sequence[Row]:
        """The library's rows of contracts held."""
        rows: Sequence[Row] = await client.ask(client.exchange.fetch_positions)
        return rows
