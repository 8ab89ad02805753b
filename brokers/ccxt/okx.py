"""OKX, API version 5. Amounts are contracts, of which each is a fraction of a coin. Source: its documents, and what
ccxt makes of them.

A triggered order is an algo order under an id of its own (`algoClOrdId`); what it becomes names it by `algoId`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from brokers.ccxt.dialect import Asking, Dialect, Name, Purse, Rights, Says
from brokers.ccxt.translate import Row, decode, stamp
from brokers.reading import number
from core.values.capabilities import RateBudget
from core.values.errors import Rejected
from core.values.instrument import Instrument
from core.values.orders import OrderRequest, OrderType

PAGE = 100


class Okx(Dialect):
    name, exchange = "okx", "OKX"
    budgets = (RateBudget("trading", 50, 2), RateBudget("asking", 40, 2))
    phrase = True
    tests = ("testnet",)
    streams = (("watch_orders", {}), ("watch_my_trades", {}), ("watch_orders", {"trigger": True}))
    repeated = frozenset({"51016", "51065"})
    gone = frozenset({"51400", "51401", "51402", "51410", "51603"})
    riding: Mapping[str, Any] = {}
    words = {  # noqa: RUF012 - a table
        "50001": Says.MAINTENANCE,
        "50004": Says.NOTHING,
        "50026": Says.NOTHING,
        "50011": Says.BUSY,
        "50013": Says.BUSY,
        "50040": Says.BUSY,
        "50061": Says.BUSY,
        "50102": Says.SKEW,
        "50105": "token_refused",
        "50111": "token_refused",
        "50113": "token_refused",
        "50119": "token_refused",
        "50110": "token_refused",
        "50120": "token_lacks_rights",
        "50030": "token_lacks_rights",
        "51000": "bad_request",
        "51001": "not_tradable",
        "51087": "not_tradable",
        "51021": "not_tradable",
        "51027": "not_tradable",
        "51028": "market_closed",
        "51022": "market_closed",
        "51010": "account_mode",
        "51006": "price_limits",
        "51008": "insufficient_margin",
        "51131": "insufficient_margin",
        "51020": "below_minimum",
        "51121": "bad_quantity",
        "51004": "too_large",
        "51112": "nothing_to_reduce",
        "51169": "nothing_to_reduce",
        "51023": "nothing_to_reduce",
        "51277": "stop_crossed",
        "51278": "stop_crossed",
        "51279": "stop_crossed",
        "51280": "stop_crossed",
        "51603": "unknown_order",
        "51400": "unknown_order",
    }

    @property
    def attaches(self) -> bool:  # type: ignore[override]  # of contracts alone
        return not self.spot

    @property
    def options(self) -> dict[str, Any]:
        kind = "spot" if self.spot else "swap"
        return {"defaultType": kind, "fetchMarkets": {"types": [kind]}, "createOrder": "privatePostTradeOrder"}

    @property
    def _family(self) -> dict[str, str]:
        return {"instType": "SPOT" if self.spot else "SWAP"}

    # the wire

    def code(self, answer: Any) -> tuple[str, str]:
        """Of an order the row's own code says more than that of the answer."""
        if not isinstance(answer, dict) or str(answer.get("code", "0")) == "0":
            return "", ""
        row = (answer.get("data") or [{}])[0]
        inner = str(row.get("sCode") or "0") if isinstance(row, dict) else "0"
        if inner != "0":
            return inner, str(row.get("sMsg") or "")
        return str(answer["code"]), str(answer.get("msg") or "")

    def places(self, path: str, body: bytes) -> bool:
        return path.endswith(("/trade/order", "/trade/order-algo")) and bool(body)

    def hosts(self, base_url: str) -> dict[str, Any]:
        return {"rest": base_url, "ws": base_url.replace("http", "ws", 1) + "/ws/v5"}

    def greets(self, url: str, message: Any) -> bool:
        return "/private" in url and isinstance(message, dict) and message.get("event") == "subscribe"

    async def rights(self, client: Asking) -> Rights:
        account = (await client.ask(client.exchange.privateGetAccountConfig))["data"][0]
        granted = {word.strip() for word in str(account.get("perm") or "").split(",")}
        hedged = not self.spot and account.get("posMode") == "long_short_mode"
        return Rights("trade" in granted, "withdraw" in granted, hedged)

    # stops that ride on an entry

    def rides(self, built: Row) -> bool:
        return any(attached.get("slTriggerPx") for attached in built.get("attachAlgoOrds") or ())

    def rider(self, row: Row) -> bool:
        """Such a stop is an algo order under an id that nobody of ours gave."""
        told = row["info"]
        return bool(told.get("algoId")) and decode(self.link(row)) is None

    # orders

    def names(self, request: OrderRequest, key: str) -> dict[str, Any]:
        """An algo order has another name for it, which the library does not fill in."""
        return {"clientOrderId": key, **({"algoClOrdId": key} if request.type.triggered else {})}

    def kind(self, row: Row) -> OrderType:
        told = row["info"]
        if told.get("slTriggerPx"):
            return OrderType.STOP
        if told.get("tpTriggerPx"):
            return OrderType.TAKE_PROFIT
        return OrderType.MARKET if row.get("type") in {"market", "optimal_limit_ioc"} else OrderType.LIMIT

    def waits(self, row: Row) -> bool:
        return "algoClOrdId" in row["info"] and self.kind(row).triggered and row["info"].get("state") == "live"

    def child(self, row: Row) -> str:
        told = row["info"]
        return str(told.get("ordId") or "") if self.kind(row).triggered else ""

    async def find(self, client: Asking, instrument: Instrument, name: Name) -> Row | None:
        exchange = client.exchange
        try:
            if name.triggered:
                wanted = {"algoClOrdId" if name.ours else "algoId": name.key}
                rows = (await client.ask(exchange.privateGetTradeOrderAlgo, wanted))["data"]
                return await self._with_child(client, instrument, self._algo(exchange, rows[0])) if rows else None
            wanted = {"instId": instrument.ticker, "clOrdId" if name.ours else "ordId": name.key}
            rows = (await client.ask(exchange.privateGetTradeOrder, wanted))["data"]
        except Rejected as no:
            if no.code != "unknown_order":
                raise
            return None
        row: Row | None = exchange.parse_order(rows[0]) if rows else None
        return row

    def mend(self, row: Row) -> Row:
        """The library names an algo order by the wrong id and leaves out its level; what it became it names by the algo
        order's id; and it tells the fee of a streamed execution with the venue's sign, below 0 where one pays."""
        told = row["info"]
        if self.kind(row).triggered:
            level = row.get("stopLossPrice") or row.get("takeProfitPrice")
            return {**row, "clientOrderId": told.get("algoClOrdId") or None, "triggerPrice": level}
        if "accFillSz" not in told:
            return row
        ours = told.get("algoClOrdId") or told.get("clOrdId") or None
        if "order" not in row:
            return {**row, "id": told["ordId"], "clientOrderId": ours}
        return {**row, "order": told["ordId"], "fee": {**row["fee"], "cost": -number(told.get("fillFee"))}}

    def speaks(self, row: Row) -> bool:
        """What an algo order became is told by that order, not by itself."""
        return not self.kind(row).triggered or row["info"].get("state") != "effective"

    def _algo(self, exchange: Any, told: Row) -> Row:
        return self.mend(exchange.parse_order(told))

    async def _with_child(self, client: Asking, instrument: Instrument, told: Row) -> Row:
        """An algo order with what became of it."""
        child = self.child(told)
        if not child:
            ended = told.get("status") in {"canceled", "rejected"}
            return told if ended else {**told, "status": "open"}
        row = await self.find(client, instrument, Name(child, ours=False))
        if row is None:
            return {**told, "status": "open"}
        mine = {name: told[name] for name in ("id", "clientOrderId", "info", "amount", "triggerPrice")}
        return {**row, **mine}

    async def cancel(self, exchange: Any, instrument: Instrument, name: Name) -> None:
        """An algo order is named in a list, by the library's own words for it."""
        key = {"algoClOrdId" if name.ours else "algoId": name.key, "instId": instrument.ticker}
        if name.triggered:
            await exchange.privatePostTradeCancelAlgos([key])
            return
        params = {"clOrdId": name.key} if name.ours else {}
        await exchange.cancel_order(None if name.ours else name.key, instrument.broker_key, params)

    async def working(self, client: Asking) -> Sequence[Row]:
        exchange = client.exchange
        orders = await self._pages(client, exchange.privateGetTradeOrdersPending, "ordId", self._family)
        wanted = {**self._family, "ordType": "conditional"}
        algos = await self._pages(client, exchange.privateGetTradeOrdersAlgoPending, "algoId", wanted)
        return [*(exchange.parse_order(row) for row in orders), *(self._algo(exchange, row) for row in algos)]

    async def trades(self, client: Asking, since: datetime, _instruments: Iterable[Instrument]) -> Sequence[Row]:
        """Of the last three days: that is as far as the venue looks back here."""
        exchange = client.exchange
        wanted = {**self._family, "begin": str(stamp(since))}
        rows = await self._pages(client, exchange.privateGetTradeFills, "billId", wanted)
        return [exchange.parse_trade(row) for row in reversed(rows)]  # newest come first

    async def funding(self, client: Asking) -> Sequence[Row]:
        """Rates alone are told there; prices are lists of their own."""
        exchange = client.exchange
        rates: Mapping[str, Row] = await client.ask(exchange.fetch_funding_rates)
        marks = (await client.ask(exchange.publicGetPublicMarkPrice, self._family))["data"]
        indices = (await client.ask(exchange.publicGetMarketIndexTickers, {"quoteCcy": self.currency}))["data"]
        mark = {row["instId"]: row["markPx"] for row in marks}
        index = {row["instId"]: row["idxPx"] for row in indices}
        return [
            {**row, "markPrice": mark.get(name), "indexPrice": index.get(name.removesuffix("-SWAP"))}
            for row in rates.values()
            if (name := str(row["info"]["instId"]))
        ]

    def link(self, row: Row) -> str:
        told = row["info"]
        return str(told.get("algoClOrdId") or told.get("clOrdId") or "")

    async def _pages(self, client: Asking, method: Any, key: str, wanted: Mapping[str, Any]) -> list[Row]:
        rows: list[Row] = []
        after: dict[str, str] = {}
        while True:
            page = (await client.ask(method, {**wanted, **after, "limit": str(PAGE)}))["data"]
            rows += page
            if len(page) < PAGE:
                return rows
            after = {"after": page[-1][key]}

    # the account

    async def purse(self, client: Asking) -> Purse:
        account = (await client.ask(client.exchange.privateGetAccountBalance))["data"][0]
        coins = {str(row["ccy"]): row for row in account["details"]}
        mine: Row = coins.get(self.currency, {})
        free = mine.get("availEq") or mine.get("availBal") or "0"
        return Purse(mine.get("eq") or "0", free, {name: str(row["cashBal"]) for name, row in coins.items()})
