"""Binance: USDT-margined contracts and spot. Source: its documents, and what ccxt makes of them.

A triggered order of a contract is an algo order with ids of its own; once its price has traded, it becomes another
order, which the algo order names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from brokers.ccxt.dialect import Asking, Dialect, Name, Purse, Rights, Says
from brokers.ccxt.translate import Row, stamp
from brokers.reading import number
from core.values.capabilities import RateBudget
from core.values.errors import Rejected
from core.values.instrument import Instrument
from core.values.orders import OrderType

REACH = timedelta(days=7) - timedelta(minutes=1)
"""How far back one question for trades goes."""
PAGE = 1000
STUCK_MS = 60_000
_PHRASES = {
    "Duplicate order sent": "duplicate",
    "insufficient balance": "-2019",
    "Market is closed": "-4141",
    "NOTIONAL": "-4164",
    "LOT_SIZE": "-1111",
    "PRICE_FILTER": "-4014",
    "would trigger immediately": "-2021",
    "would immediately trigger": "-2021",
}
"""What its two catch-all codes, -1013 and -2010, say in words -> the code that means just that."""


class Binance(Dialect):
    name, exchange = "binance", "BINANCE"
    budgets = (RateBudget("trading", 200, 10), RateBudget("asking", 600, 60, exits=0.2))
    tests = ("demo", "testnet")
    depth = 5
    repeated = frozenset({"-4116", "duplicate"})
    gone = frozenset({"-2011", "-2013"})
    words = {  # noqa: RUF012 - a table
        "-1000": Says.NOTHING,
        "-1001": Says.NOTHING,
        "-1006": Says.NOTHING,
        "-1007": Says.NOTHING,
        "-1003": Says.BUSY,
        "-1008": Says.BUSY,
        "-1015": Says.BUSY,
        "-1016": Says.MAINTENANCE,
        "-1021": Says.SKEW,
        "-1002": "token_refused",
        "-1022": "token_refused",
        "-2014": "token_refused",
        "-2015": "token_refused",
        "-2011": "unknown_order",
        "-2013": "unknown_order",
        "-1121": "not_tradable",
        "-4140": "not_tradable",
        "-4141": "market_closed",
        "-4061": "position_mode",
        "-2022": "nothing_to_reduce",
        "-4118": "nothing_to_reduce",
        "-2018": "insufficient_margin",
        "-2019": "insufficient_margin",
        "-4164": "below_minimum",
        "-4131": "price_limits",
        "-4016": "price_limits",
        "-4024": "price_limits",
        "-1111": "bad_quantity",
        "-4003": "bad_quantity",
        "-4014": "bad_price",
        "-4005": "too_large",
        "-4045": "too_many_stops",
        "-2021": "stop_crossed",
        "-2027": "too_large",
    }

    @property
    def options(self) -> dict[str, Any]:
        quiet = {"fetchBalanceSnapshot": False, "awaitBalanceSnapshot": False}
        still = {"fetchPositionsSnapshot": False, "awaitPositionsSnapshot": False}
        return {**super().options, "fetchMargins": False, "watchBalance": quiet, "watchPositions": still}

    # the wire

    def code(self, answer: Any) -> tuple[str, str]:
        code = str(answer.get("code", "")) if isinstance(answer, dict) else ""
        if code in {"", "0", "200"}:
            return "", ""
        message = str(answer.get("msg") or "")
        if code in {"-1013", "-2010"}:
            code = next((better for phrase, better in _PHRASES.items() if phrase in message), code)
        return code, message

    def places(self, path: str, body: bytes) -> bool:
        return path.endswith(("/order", "/algoOrder")) and bool(body)

    def hosts(self, base_url: str) -> dict[str, Any]:
        streams = base_url.replace("http", "ws", 1)
        spot = dict.fromkeys(("public", "private", "v1"), f"{base_url}/api/v3")
        names = {"": "v1", "V2": "v2", "V3": "v3"}
        linear = {f"fapi{a}{n}": f"{base_url}/fapi/{v}" for a in ("Public", "Private") for n, v in names.items()}
        ws = {"linear": f"{streams}/fstream/ws", "spot": f"{streams}/stream/ws"}
        ws_api = {"spot": f"{streams}/ws-api/v3", "linear": f"{streams}/ws-fapi/v1"}
        return {**spot, **linear, "sapi": f"{base_url}/sapi/v1", "ws": {**ws, "ws-api": ws_api}}

    def greets(self, url: str, message: Any) -> bool:
        """A socket opened with a listen key tells from its first moment; that of spot once it is subscribed."""
        if self.spot:
            return isinstance(message, dict) and "subscriptionId" in (message.get("result") or ())
        return message is None and "listenKey" in url

    async def rights(self, client: Asking) -> Rights:
        """Test hosts have no such question, and no key of theirs can withdraw."""
        exchange = client.exchange
        hedged = False
        if not self.spot:
            mode = await client.ask(exchange.fapiPrivateGetPositionSideDual)
            hedged = str(mode["dualSidePosition"]).lower() == "true"
        if "sapi" not in exchange.urls["api"]:
            return Rights(trades=True, withdraws=False, hedged=hedged)
        key = await client.ask(exchange.sapiGetAccountApiRestrictions)
        trades = bool(key.get("enableSpotAndMarginTrading" if self.spot else "enableFutures"))
        withdraws = bool(key.get("enableWithdrawals") or key.get("enableInternalTransfer"))
        return Rights(trades, withdraws, hedged)

    # orders

    def kind(self, row: Row) -> OrderType:
        told = row["info"]
        word = str(told.get("orderType") or told.get("type") or told.get("o") or "").upper()
        if word.startswith("TAKE_PROFIT"):
            return OrderType.TAKE_PROFIT
        if word.startswith("STOP"):
            return OrderType.STOP
        return OrderType.MARKET if word == "MARKET" else OrderType.LIMIT

    def waits(self, row: Row) -> bool:
        """A triggered order of spot keeps its id, and works from then on."""
        told = row["info"]
        return "algoId" in told or (self.spot and self.kind(row).triggered and told.get("isWorking") is False)

    def speaks(self, row: Row) -> bool:
        """What an algo order became is told by that order, not by itself."""
        told = row["info"]
        return "aid" not in told or told.get("X") in {"NEW", "CANCELED", "EXPIRED", "REJECTED"}

    def child(self, row: Row) -> str:
        told = row["info"]
        return str(told.get("ai") or told.get("actualOrderId") or "")

    async def find(self, client: Asking, instrument: Instrument, name: Name) -> Row | None:
        exchange, market = client.exchange, client.exchange.market(instrument.broker_key)
        try:
            if not self.spot and name.triggered:
                wanted = {"clientAlgoId" if name.ours else "algoId": name.key}
                told = exchange.parse_order(await client.ask(exchange.fapiPrivateGetAlgoOrder, wanted), market)
                return await self._with_child(client, instrument, told)
            wanted = {"symbol": market["id"], "origClientOrderId" if name.ours else "orderId": name.key}
            method = exchange.privateGetOrder if self.spot else exchange.fapiPrivateGetOrder
            row: Row = exchange.parse_order(await client.ask(method, wanted), market)
        except Rejected as no:
            if no.code != "unknown_order":
                raise
            return None
        return row

    async def _with_child(self, client: Asking, instrument: Instrument, told: Row) -> Row:
        """An algo order with what became of it."""
        child = self.child(told)
        if not child:
            if self._stuck(told, client.exchange.milliseconds()):
                return {**told, "status": "expired"}
            ended = told.get("status") in {"canceled", "expired", "rejected"}
            return told if ended else {**told, "status": "open"}
        row = await self.find(client, instrument, Name(child, ours=False))
        if row is None:
            return {**told, "status": "open"}
        mine = {name: told[name] for name in ("id", "clientOrderId", "info", "amount", "triggerPrice")}
        return {**row, **mine}

    def _stuck(self, told: Row, now: int) -> bool:
        """Its price traded a minute ago, and no order came of it: it protects nothing any more."""
        fired = int(told["info"].get("triggerTime") or 0)
        return told["info"].get("algoStatus") == "TRIGGERING" and 0 < fired < now - STUCK_MS

    async def working(self, client: Asking) -> Sequence[Row]:
        exchange = client.exchange
        if self.spot:
            rows = await client.ask(exchange.privateGetOpenOrders)
        else:
            rows = await client.ask(exchange.fapiPrivateGetOpenOrders)
            algos = await client.ask(exchange.fapiPrivateGetOpenAlgoOrders)
            rows = [*rows, *(row for row in algos if row.get("algoStatus") == "NEW")]
        return [exchange.parse_order(row, self._market(exchange, row)) for row in rows]

    async def trades(self, client: Asking, since: datetime, instruments: Iterable[Instrument]) -> Sequence[Row]:
        exchange = client.exchange
        method = exchange.privateGetMyTrades if self.spot else exchange.fapiPrivateGetUserTrades
        first = max(stamp(since), exchange.milliseconds() - int(REACH.total_seconds() * 1000))
        found: list[Row] = []
        for listed in instruments:
            market = exchange.market(listed.broker_key)
            try:
                rows = await self._executed(client, method, {"symbol": market["id"]}, first)
            except Rejected as no:
                if no.code != "not_tradable":  # one that the venue has forgotten must not hide the others
                    raise
                continue
            found += [exchange.parse_trade(row, market) for row in rows]
        return found

    async def _executed(self, client: Asking, method: Any, symbol: Row, first: int) -> list[Row]:
        """Oldest first, page by page. An id and a time do not go together."""
        rows: list[Row] = await client.ask(method, {**symbol, "startTime": first, "limit": PAGE})
        page = rows
        while len(page) == PAGE:
            page = await client.ask(method, {**symbol, "fromId": int(page[-1]["id"]) + 1, "limit": PAGE})
            rows = [*rows, *page]
        return rows

    def link(self, row: Row) -> str:
        """Of executions only the stream names it."""
        return str(row["info"].get("c") or row["info"].get("clientOrderId") or "")

    def _market(self, exchange: Any, row: Row) -> Any:
        return exchange.safe_market(row["symbol"], None, None, "spot" if self.spot else "contract")

    # the account

    async def purse(self, client: Asking) -> Purse:
        exchange = client.exchange
        if self.spot:
            rows = (await client.ask(exchange.privateGetAccount))["balances"]
            coins = {row["asset"]: str(number(row["free"]) + number(row["locked"])) for row in rows}
            free = next((row["free"] for row in rows if row["asset"] == self.currency), "0")
            return Purse(coins.get(self.currency, "0"), free, coins)
        rows = (await client.ask(exchange.fapiPrivateV3GetAccount))["assets"]
        mine: Row = next((row for row in rows if row["asset"] == self.currency), {})
        coins = {row["asset"]: row["walletBalance"] for row in rows}
        return Purse(mine.get("marginBalance", "0"), mine.get("availableBalance", "0"), coins)

    async def positions(self, client: Asking) -> Sequence[Row]:
        exchange = client.exchange
        rows = await client.ask(exchange.fapiPrivateV3GetPositionRisk)
        found: list[Row] = []
        for row in rows:
            held = Decimal(str(row["positionAmt"]))
            if held:
                side = "long" if held > 0 else "short"
                symbol = self._market(exchange, row)["symbol"]
                found.append({"symbol": symbol, "contracts": abs(held), "side": side, "entryPrice": row["entryPrice"]})
        return found
