"""/buy and /sell: one limit order at the own-side best, for so many pieces or so much money (behaviour.md 1.3, 1.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from core.commands.registry import Argument, ArgumentKind, Call, Command, Handler, Reply, Tools, reply
from core.rules.sizing import size_by_sum, whole_steps
from core.services import telling
from core.values.ids import IntentId, OrderId, derive_id
from core.values.instrument import Instrument
from core.values.market import Quote
from core.values.money import Price, Quantity, plain
from core.values.notices import Line
from core.values.orders import (
    Cause,
    CauseKind,
    OrderRequest,
    OrderRole,
    OrderState,
    OrderType,
    Purpose,
    Refused,
    Side,
    TimeInForce,
)
from core.values.people import Role

DIGITS_MAX = 15
ARGUMENTS = (
    Argument("ticker", ArgumentKind.TICKER),
    Argument("amount", ArgumentKind.NUMBER, required=False),
    Argument("sum", ArgumentKind.NUMBER, required=False),
)


def read_amount_or_sum(words: Sequence[str]) -> Mapping[str, str] | Refused:
    """The grammar of behaviour.md 1.3: `100 GAZP` is an amount of pieces, `GAZP 5000` a sum of money."""
    if len(words) == 1:
        return {"ticker": words[0]}
    if len(words) == 2:
        first, second = words
        if _digits(first):
            return {"amount": first, "ticker": second}
        if _digits(second):
            return {"ticker": first, "sum": second}
        return Refused("amount_or_sum", {})
    return Refused("too_many_arguments" if words else "amount_or_sum", {})


def _digits(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= DIGITS_MAX


def trade(side: Side) -> Handler:
    """The handler that trades by hand on this side."""

    async def handler(tools: Tools, call: Call) -> Reply:
        assert call.account is not None, "the command needs an account"
        found = tools.desk.directory.find(call.account.name, call.arguments["ticker"])
        if isinstance(found, Refused):
            return found
        quote = await tools.desk.quote(call.account.name, found.ticker)
        best = None if quote is None else (quote.bid if side is Side.BUY else quote.ask)
        if quote is None or best is None:
            return Refused("no_quote", {"ticker": found.ticker})
        quantity = _quantity(call, found, quote)
        if isinstance(quantity, Refused):
            return quantity
        order = await tools.execution.work(_request(tools, call, found, side, quantity, best))
        if isinstance(order, Refused):
            return order
        if order.state is OrderState.REJECTED:
            return Refused(order.reason or "rejected", {"ticker": found.ticker})
        return reply(tools, call, "command.traded", telling.order_params(order), _rounded(call, quantity, found))

    return handler


def _quantity(call: Call, instrument: Instrument, quote: Quote) -> Quantity | Refused:
    if "amount" in call.arguments:
        return whole_steps(Decimal(call.arguments["amount"]), instrument)
    if "sum" in call.arguments:
        price = quote.last or quote.bid or quote.ask
        if price is None:
            return Refused("no_quote", {"ticker": instrument.ticker})
        return size_by_sum(Decimal(call.arguments["sum"]), price, instrument)
    return Refused("amount_or_sum", {})


def _request(
    tools: Tools, call: Call, instrument: Instrument, side: Side, quantity: Quantity, price: Price
) -> OrderRequest:
    assert call.account is not None, "the command needs an account"
    return OrderRequest(
        id=OrderId(derive_id(tools.desk.desk_id, "task", call.call_id)),
        intent=IntentId(derive_id(tools.desk.desk_id, "call", call.call_id)),
        account=call.account.name,
        ticker=instrument.ticker,
        side=side,
        type=OrderType.LIMIT,
        quantity=quantity,
        role=OrderRole.TASK,
        purpose=Purpose.WORKING,
        because=(Cause(CauseKind.PERSON, call.person.id),),
        price=price,
        time_in_force=TimeInForce.DAY,
        arrival=price,
        owner=call.account.owner,
    )


def _rounded(call: Call, quantity: Quantity, instrument: Instrument) -> list[Line]:
    asked = call.arguments.get("amount")
    if asked is None or Decimal(asked) == quantity:
        return []
    return [Line("command.rounded", {"asked": asked, "quantity": plain(quantity), "step": plain(instrument.step)})]


COMMANDS = tuple(
    Command(side.value, Role.TRADER, trade(side), ARGUMENTS, read_amount_or_sum, needs_account=True) for side in Side
)
