"""Bybit, API version 5, unified trading accounts. Source: its documents, and what ccxt makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from brokers.ccxt.dialect import Asking, Dialect, Name, Purse, Rights, Says
from brokers.ccxt.translate import Row, stamp
from core.values.capabilities import RateBudget
from core.values.errors import Rejected
from core.values.instrument import Instrument
from core.values.orders import OrderRequest, OrderType, Side

PAGE = 50
REACH_MS = 7 * 24 * 3600 * 1000
"""How far back one question for executions goes."""


class Bybit(Dialect):
    name, exchange = "bybit", "BYBIT"
    budgets = (RateBudget("trading", 10, 1), RateBudget("asking", 100, 5))
    greetings = 2
    riding = {"tpslMode": "Partial"}  # noqa: RUF012 - of the entry's size alone; else it would guard the whole position
    repeated = frozenset({"110072", "170141", "12141"})
    gone = frozenset({"110001", "110008", "110010", "170213", "170142", "140001", "140008", "140010"})
    words = {  # noqa: RUF012 - a table
        "10000": Says.NOTHING,  # time-out inside the venue
        "10016": Says.NOTHING,
        "10002": Says.SKEW,
        "10006": Says.BUSY,
        "10018": Says.BUSY,
        "10003": "token_refused",
        "10004": "token_refused",
        "10005": "token_lacks_rights",
        "10007": "token_refused",
        "10010": "token_refused",
        "33004": "token_refused",
        "10024": "account_blocked",
        "10027": "account_blocked",
        "110001": "unknown_order",
        "170213": "unknown_order",
        "10029": "not_tradable",
        "110074": "market_closed",
        "110023": "not_tradable",
        "position_mode": "position_mode",
        "110017": "nothing_to_reduce",
        "110003": "price_limits",
        "110004": "insufficient_margin",
        "110006": "insufficient_margin",
        "110007": "insufficient_margin",
        "110012": "insufficient_margin",
        "110044": "insufficient_margin",
        "110045": "insufficient_margin",
        "110052": "insufficient_margin",
        "170131": "insufficient_margin",
        "110094": "below_minimum",
        "170140": "below_minimum",
        "170136": "below_minimum",
        "110092": "stop_crossed",
        "110093": "stop_crossed",
        "110043": "unchanged",
        "110016": "too_large",
        "110009": "too_many_stops",
        "110020": "too_many_orders",
        "10001": "bad_request",
    }

    @property
    def attaches(self) -> bool:  # type: ignore[override]  # of contracts alone: coins take none with a market order
        return not self.spot

    @property
    def quotes(self) -> tuple[tuple[str, bool], ...]:  # type: ignore[override]  # contracts: one stream has it all
        return Dialect.quotes if self.spot else (("watch_ticker", True),)

    @property
    def category(self) -> str:
        return "spot" if self.spot else "linear"

    @property
    def options(self) -> dict[str, Any]:
        """Unified accounts are the only kind that is traded here, which saves the library asking."""
        return {
            **super().options,
            "defaultSettle": self.currency,
            "enableUnifiedMargin": False,
            "enableUnifiedAccount": True,
            "unifiedMarginStatus": 6,
        }

    # the wire

    def code(self, answer: Any) -> tuple[str, str]:
        """One of its codes stands for every bad parameter; what matters of it is told in words."""
        code = str(answer.get("retCode", "")) if isinstance(answer, dict) else ""
        if code in {"", "0"}:
            return "", ""
        message = str(answer.get("retMsg") or "")
        return ("position_mode" if code == "10001" and "position mode" in message else code), message

    def places(self, path: str, body: bytes) -> bool:
        return path.endswith("/order/create") and bool(body)

    def hosts(self, base_url: str) -> dict[str, Any]:
        streams = base_url.replace("http", "ws", 1) + "/v5"
        public = {name: f"{streams}/public/{name}" for name in ("spot", "linear", "inverse", "option")}
        private = {"contract": f"{streams}/private", "spot": {"unified": f"{streams}/private"}}
        rest = dict.fromkeys(("spot", "futures", "v2", "public", "private"), base_url)
        return {**rest, "ws": {"public": public, "private": private}}

    def greets(self, url: str, message: Any) -> bool:
        return "/private" in url and isinstance(message, dict) and message.get("op") == "subscribe"

    async def rights(self, client: Asking) -> Rights:
        """Demo trading has no such question, and no key of it can withdraw."""
        exchange = client.exchange
        if exchange.options.get("enableDemoTrading"):
            return Rights(trades=True, withdraws=False, hedged=await self._hedged(client))
        key = (await client.ask(exchange.privateGetV5UserQueryApi))["result"]
        if not int(key.get("uta") or 0) and not int(key.get("unified") or 0):
            raise Rejected("classic_account", "only unified trading accounts are traded")
        granted = key.get("permissions") or {}
        trades = bool(granted.get("Spot") if self.spot else granted.get("ContractTrade") or granted.get("Derivatives"))
        withdraws = "Withdraw" in (granted.get("Wallet") or ())
        return Rights(trades and not int(key.get("readOnly") or 0), withdraws, await self._hedged(client))

    async def _hedged(self, client: Asking) -> bool:
        """The mode is the account's for all contracts of a settle coin; a position's index tells it."""
        if self.spot:
            return False
        return any(str((row.get("info") or {}).get("positionIdx", "0")) != "0" for row in await self._held(client))

    def rides(self, built: Row) -> bool:
        return bool(built.get("stopLoss")) and built.get("tpslMode") == "Partial"

    def rider(self, row: Row) -> bool:
        told = row["info"]
        return "StopLoss" in str(told.get("stopOrderType")) and not told.get("orderLinkId")

    # orders

    def stop_params(self, request: OrderRequest, level: str) -> dict[str, Any]:
        """A conditional order, which keeps its id when it is triggered."""
        if self.spot:
            return {"triggerPrice": level}
        rises = (request.side is Side.BUY) is (request.type is OrderType.STOP)
        return {"triggerPrice": level, "triggerDirection": "ascending" if rises else "descending"}

    def kind(self, row: Row) -> OrderType:
        told = row["info"]
        if row.get("triggerPrice") is None:
            return OrderType.MARKET if row.get("type") == "market" else OrderType.LIMIT
        if "TakeProfit" in str(told.get("stopOrderType")):
            return OrderType.TAKE_PROFIT
        direction = str(told.get("triggerDirection") or "0")
        rises = (row.get("side") == "buy") is (direction == "1")
        return OrderType.TAKE_PROFIT if direction in {"1", "2"} and not rises else OrderType.STOP

    def waits(self, row: Row) -> bool:
        return str(row["info"].get("orderStatus")) in {"Untriggered", "Created"}

    async def find(self, client: Asking, instrument: Instrument, name: Name) -> Row | None:
        """Working and lately ended orders first, then the history: two lists of the venue."""
        exchange, market = client.exchange, client.exchange.market(instrument.broker_key)
        wanted = {
            "category": self.category,
            "symbol": market["id"],
            "orderLinkId" if name.ours else "orderId": name.key,
        }
        for method in (exchange.privateGetV5OrderRealtime, exchange.privateGetV5OrderHistory):
            rows = (await client.ask(method, wanted))["result"]["list"]
            if rows:
                newest = max(rows, key=lambda row: int(row["createdTime"]))
                row: Row = exchange.parse_order(newest, market)
                return row
        return None

    async def cancel(self, exchange: Any, instrument: Instrument, name: Name) -> None:
        params: dict[str, Any] = {"orderLinkId": name.key} if name.ours else {}
        if self.spot and name.triggered:
            params["trigger"] = True
        await exchange.cancel_order(None if name.ours else name.key, instrument.broker_key, params)

    async def working(self, client: Asking) -> Sequence[Row]:
        exchange = client.exchange
        wanted = {"category": self.category, "limit": PAGE}
        if not self.spot:
            wanted["settleCoin"] = self.currency
        rows = await self._pages(client, exchange.privateGetV5OrderRealtime, wanted)
        return [exchange.parse_order(row, self._market(exchange, row)) for row in rows]

    async def trades(self, client: Asking, since: datetime, _instruments: Iterable[Instrument]) -> Sequence[Row]:
        exchange = client.exchange
        wanted = {"category": self.category, "limit": 100, "execType": "Trade"}
        found: list[Row] = []
        for start in range(stamp(since), max(stamp(since), exchange.milliseconds()) + 1, REACH_MS):
            week = {**wanted, "startTime": start, "endTime": start + REACH_MS - 1}
            rows = await self._pages(client, exchange.privateGetV5ExecutionList, week)
            found += reversed(rows)  # newest come first
        return [exchange.parse_trade(row, self._market(exchange, row)) for row in found]

    def link(self, row: Row) -> str:
        return str(row["info"].get("orderLinkId") or "")

    def _market(self, exchange: Any, row: Row) -> Any:
        return exchange.safe_market(row["symbol"], None, None, "spot" if self.spot else "contract")

    async def _pages(self, client: Asking, method: Any, wanted: dict[str, Any]) -> list[Row]:
        rows: list[Row] = []
        while True:
            answer = (await client.ask(method, wanted))["result"]
            rows += answer["list"]
            if not answer.get("nextPageCursor") or not answer["list"]:
                return rows
            wanted = {**wanted, "cursor": answer["nextPageCursor"]}

    # the account

    async def purse(self, client: Asking) -> Purse:
        """Of the account where it is margined across coins, else of the settle coin alone."""
        answer = await client.ask(client.exchange.privateGetV5AccountWalletBalance, {"accountType": "UNIFIED"})
        account = answer["result"]["list"][0]
        coins = {str(coin["coin"]): coin for coin in account.get("coin") or ()}
        mine = coins.get(self.currency) or {}
        equity = mine.get("equity") or mine.get("walletBalance") or "0"
        free = account.get("totalAvailableBalance") if not self.spot else None
        if not free:
            free = str(exact_free(mine))
        return Purse(equity, free, {name: str(coin.get("walletBalance") or "0") for name, coin in coins.items()})

    async def positions(self, client: Asking) -> Sequence[Row]:
        return [row for row in await self._held(client) if row.get("contracts")]

    async def _held(self, client: Asking) -> Sequence[Row]:
        exchange = client.exchange
        wanted = {"category": "linear", "settleCoin": self.currency, "limit": 200}
        rows = await self._pages(client, exchange.privateGetV5PositionList, wanted)
        return [exchange.parse_position(row) for row in rows]


def exact_free(coin: Row) -> str:
    """What is neither locked nor margin."""
    used = sum((Decimal(coin.get(name) or 0) for name in ("locked", "totalPositionIM", "totalOrderIM")), Decimal(0))
    return str(Decimal(coin.get("walletBalance") or 0) - used)
