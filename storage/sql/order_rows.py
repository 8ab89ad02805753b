"""Orders, fills and positions as rows."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from core.values.fills import Fill, Position
from core.values.money import Price, Quantity, plain
from core.values.orders import (
    NO_PLAN,
    Cause,
    CauseKind,
    ExitPlan,
    ExitRule,
    Order,
    OrderRequest,
    OrderRole,
    OrderState,
    OrderType,
    PartTarget,
    Purpose,
    Side,
    TimeInForce,
)
from storage.sql.columns import (
    Row,
    Stored,
    encode,
    plain_or_none,
    read_list,
    read_price,
    read_time,
    read_time_or_none,
    time_or_none,
    time_text,
)


def order_row(order: Order) -> Row:
    request = order.request
    return {
        "id": request.id,
        "intent": request.intent,
        "account": request.account,
        "ticker": request.ticker,
        "side": request.side,
        "type": request.type,
        "quantity": plain(request.quantity),
        "role": request.role,
        "purpose": request.purpose,
        "because": encode([[cause.kind, cause.id] for cause in request.because]),
        "book": request.book,
        "price": plain_or_none(request.price),
        "stop_price": plain_or_none(request.stop_price),
        "reduce_only": int(request.reduce_only),
        "time_in_force": request.time_in_force,
        "expires_at": time_or_none(request.expires_at),
        "plan": None if request.plan is None else _plan_text(request.plan),
        "arrival": plain_or_none(request.arrival),
        "state": order.state,
        "at": time_text(order.at),
        "updated_at": time_text(order.updated_at),
        "broker_id": order.broker_id,
        "filled": plain(order.filled),
        "average_price": plain_or_none(order.average_price),
        "reason": order.reason,
        "paper": int(order.paper),
        "owner": request.owner,
    }


def read_order(row: Stored) -> Order:
    return Order(
        request=_read_request(row),
        state=OrderState(row["state"]),
        at=read_time(row["at"]),
        updated_at=read_time(row["updated_at"]),
        broker_id=row["broker_id"],
        filled=Quantity(Decimal(row["filled"])),
        average_price=read_price(row["average_price"]),
        reason=row["reason"],
        paper=bool(row["paper"]),
    )


def _read_request(row: Stored) -> OrderRequest:
    return OrderRequest(
        id=row["id"],
        intent=row["intent"],
        account=row["account"],
        ticker=row["ticker"],
        side=Side(row["side"]),
        type=OrderType(row["type"]),
        quantity=Quantity(Decimal(row["quantity"])),
        role=OrderRole(row["role"]),
        purpose=Purpose(row["purpose"]),
        because=tuple(Cause(CauseKind(kind), cause_id) for kind, cause_id in read_list(row["because"])),
        book=row["book"],
        price=read_price(row["price"]),
        stop_price=read_price(row["stop_price"]),
        reduce_only=bool(row["reduce_only"]),
        time_in_force=TimeInForce(row["time_in_force"]),
        expires_at=read_time_or_none(row["expires_at"]),
        plan=None if row["plan"] is None else _read_plan(row["plan"]),
        arrival=read_price(row["arrival"]),
        owner=row["owner"],
    )


def _plan_text(plan: ExitPlan) -> str:
    prices = {"stop": plan.stop, "target": plan.target, "best": plan.best, "average": plan.average}
    fields: dict[str, object] = {name: plain(price) for name, price in prices.items() if price is not None}
    if plan.rule is not None:
        fields["rule"] = _rule_fields(plan.rule)
    if plan.parts:
        fields["parts"] = [[plain(part.price), plain(part.quantity)] for part in plan.parts]
    return encode(fields)


def _rule_fields(rule: ExitRule) -> dict[str, object]:
    percents = {"stop": rule.stop, "target": rule.target, "trailing": rule.trailing}
    fields: dict[str, object] = {name: plain(percent) for name, percent in percents.items() if percent is not None}
    if rule.ladder:
        fields["ladder"] = [[plain(gain), plain(lock)] for gain, lock in rule.ladder]
    if rule.hold_s is not None:
        fields["hold_s"] = rule.hold_s
    return fields


def _read_plan(text: str) -> ExitPlan:
    fields = json.loads(text)
    if not fields:
        return NO_PLAN
    rule, parts = fields.pop("rule", None), fields.pop("parts", ())
    return ExitPlan(
        **{name: read_price(price) for name, price in fields.items()},
        rule=None if rule is None else _read_rule(rule),
        parts=tuple(PartTarget(Price(Decimal(price)), Quantity(Decimal(pieces))) for price, pieces in parts),
    )


def _read_rule(fields: dict[str, Any]) -> ExitRule:
    percents = {name: read_price(fields.get(name)) for name in ("stop", "target", "trailing")}
    ladder = tuple((Decimal(gain), Decimal(lock)) for gain, lock in fields.get("ladder", ()))
    return ExitRule(**percents, ladder=ladder, hold_s=fields.get("hold_s"))


def fill_row(fill: Fill) -> Row:
    return {
        "id": fill.id,
        "account": fill.account,
        "ticker": fill.ticker,
        "side": fill.side,
        "quantity": plain(fill.quantity),
        "price": plain(fill.price),
        "fee": plain(fill.fee),
        "at": time_text(fill.at),
        "order_id": fill.order_id,
        "broker_id": fill.broker_id,
        "owner": fill.owner,
    }


def read_fill(row: Stored) -> Fill:
    return Fill(
        id=row["id"],
        account=row["account"],
        ticker=row["ticker"],
        side=Side(row["side"]),
        quantity=Quantity(Decimal(row["quantity"])),
        price=Price(Decimal(row["price"])),
        fee=Decimal(row["fee"]),
        at=read_time(row["at"]),
        order_id=row["order_id"],
        broker_id=row["broker_id"],
        owner=row["owner"],
    )


def position_row(position: Position) -> Row:
    return {
        "id": position.id,
        "account": position.account,
        "ticker": position.ticker,
        "book": position.book,
        "quantity": plain(position.quantity),
        "average_price": plain(position.average_price),
        "opened_at": time_text(position.opened_at),
        "updated_at": time_text(position.updated_at),
        "realised": plain(position.realised),
        "fees": plain(position.fees),
        "plan": _plan_text(position.plan),
        "plan_order": position.plan_order,
        "unprotected_since": time_or_none(position.unprotected_since),
        "unprotected_s": position.unprotected_s,
        "owner": position.owner,
    }


def read_position(row: Stored) -> Position:
    return Position(
        id=row["id"],
        account=row["account"],
        ticker=row["ticker"],
        book=row["book"],
        quantity=Quantity(Decimal(row["quantity"])),
        average_price=Price(Decimal(row["average_price"])),
        opened_at=read_time(row["opened_at"]),
        updated_at=read_time(row["updated_at"]),
        realised=Decimal(row["realised"]),
        fees=Decimal(row["fees"]),
        plan=_read_plan(row["plan"]),
        plan_order=row["plan_order"],
        unprotected_since=read_time_or_none(row["unprotected_since"]),
        unprotected_s=row["unprotected_s"],
        owner=row["owner"],
    )
