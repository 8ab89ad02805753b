"""What the API's rows look like, as JSON Schema (OpenAPI 3.1 uses draft 2020-12). A test holds real rows against it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from core.services.users import LANGUAGES
from core.values.accounts import Mode, RiskState
from core.values.alerts import AlertKind, AlertStatus, Source
from core.values.instrument import InstrumentKind
from core.values.notices import NoticeKind
from core.values.orders import CauseKind, OrderRole, OrderState, OrderType, ProtectionClass, Purpose, Side
from core.values.people import Role
from core.values.proposals import ProposalState
from core.values.tasks import TaskGoal, TaskState

Schema = Mapping[str, object]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
TIME: Schema = {"type": "string", "format": "date-time"}
DECIMAL: Schema = {"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "description": "a plain decimal"}
THING: Schema = {"type": "object"}
ANY: Schema = {}


def maybe(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def many(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def one_of(words: type[Enum] | tuple[str, ...]) -> Schema:
    return {"type": "string", "enum": [word.value if isinstance(word, Enum) else word for word in words]}


def row(**fields: Schema) -> Schema:
    """Every field is always there; more may come."""
    return {"type": "object", "properties": fields, "required": list(fields)}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def page_of(schema: Schema) -> Schema:
    return row(items=many(schema), next=maybe(TEXT))


SIDE, ROLES = one_of(Side), one_of(tuple(role.word for role in Role))
CAUSE = row(kind=one_of(CauseKind), id=TEXT)
_OLD = {"figi": maybe(TEXT), "min_price_increment": maybe(DECIMAL), "lot": maybe(DECIMAL)}
_OLDER = {"asset_type": maybe(TEXT), "morning_trading": FLAG, "evening_trading": FLAG}
_LEG = row(ticker=TEXT, **_OLD, **_OLDER, executed=DECIMAL, avg_exec_price=DECIMAL)
_TRAP = row(
    id=TEXT, account=TEXT, ticker=TEXT, lots=maybe(DECIMAL), quantity=DECIMAL, type=one_of(OrderType), order_type=WHOLE,
    side=SIDE, sell=FLAG, stop_price=maybe(DECIMAL), price=maybe(DECIMAL), expires_at=maybe(TIME), **_OLD,
)  # fmt: skip
_LISTED = row(id=TEXT, ticker=TEXT, **_OLD, whitelist=FLAG, stop_blacklist=FLAG, short_blacklist=FLAG, morning=FLAG)

SUCCESS = row(success={"const": True})
ERROR = row(
    success={"const": False},
    error=row(code={**TEXT, "description": "the same word in every language"}, field=maybe(TEXT), message=TEXT),
)

ROWS: Mapping[str, Schema] = {
    "alerts": row(
        id=TEXT, received_at=TIME, source=one_of(Source), link=maybe(TEXT), account=maybe(TEXT), ticker=TEXT,
        action=TEXT, kind=one_of(AlertKind), status=one_of(AlertStatus), reason=maybe(TEXT), done=FLAG,
        proposal_id=maybe(TEXT), order_ids=many(TEXT), fields=THING,
    ),
    "orders": row(
        id=TEXT, broker_id=maybe(TEXT), at=TIME, updated_at=TIME, account=TEXT, ticker=TEXT, side=SIDE,
        role=one_of(OrderRole), purpose=one_of(Purpose), type=one_of(OrderType), quantity=DECIMAL, filled=DECIMAL,
        price=maybe(DECIMAL), stop_price=maybe(DECIMAL), average_price=maybe(DECIMAL), state=one_of(OrderState),
        reason=maybe(TEXT), because=many(CAUSE), intent=TEXT, book=TEXT, paper=FLAG,
    ),
    "fills": row(
        id=TEXT, order_id=maybe(TEXT), account=TEXT, ticker=TEXT, side=SIDE, quantity=DECIMAL, price=DECIMAL,
        fee=DECIMAL, at=TIME,
    ),
    "positions": row(
        id=TEXT, account=TEXT, ticker=TEXT, quantity=DECIMAL, average_price=DECIMAL, last_price=maybe(DECIMAL),
        profit=maybe(DECIMAL), protection=one_of(ProtectionClass), protected_by=maybe(one_of(("broker", "desk"))),
        stop=maybe(DECIMAL), target=maybe(DECIMAL), trailing=maybe(DECIMAL), unprotected_s=NUMBER, opened_at=TIME,
        book=TEXT, paper=FLAG,
    ),
    "accounts": row(
        name=TEXT, broker=TEXT, mode=one_of(Mode), currency=TEXT, equity=maybe(DECIMAL),
        free_collateral=maybe(DECIMAL), risk_state=one_of(RiskState), risk_percent=DECIMAL, leverage_max=DECIMAL,
    ),
    "instruments": row(
        ticker=TEXT, exchange=TEXT, name=TEXT, kind=one_of(InstrumentKind), currency=TEXT, lot=DECIMAL, tick=DECIMAL,
        step=DECIMAL, last=maybe(DECIMAL), bid=maybe(DECIMAL), ask=maybe(DECIMAL), bid_size=maybe(DECIMAL),
        ask_size=maybe(DECIMAL), trading=FLAG, shortable=FLAG, expiry=maybe(TIME), basic_asset=maybe(TEXT),
        basic_asset_size=maybe(DECIMAL),
    ),
    "notices": row(
        id=TEXT, at=TIME, kind=one_of(NoticeKind), key=TEXT, params=THING, text=TEXT, about=many(TEXT),
        actions=many(row(id=TEXT, label=TEXT, command=TEXT)), card=maybe(TEXT), critical=FLAG,
    ),
    "log": row(id=TEXT, at=TIME, actor=TEXT, surface=TEXT, action=TEXT, about=TEXT, data=THING, hash=TEXT),
    "tasks": row(
        id=TEXT, command=TEXT, title=TEXT, account=maybe(TEXT), ticker=maybe(TEXT), side=maybe(SIDE),
        goal=one_of(TaskGoal), state=one_of(TaskState), asked=maybe(DECIMAL), done=maybe(DECIMAL),
        average_price=maybe(DECIMAL), waits_for=maybe(TEXT), started_at=maybe(TIME), ended_at=maybe(TIME),
    ),
    "proposals": row(
        id=TEXT, version=WHOLE, state=one_of(ProposalState), alert_id=TEXT, account=TEXT, ticker=TEXT, side=SIDE,
        type=one_of(OrderType), quantity=DECIMAL, price=maybe(DECIMAL), stop=maybe(DECIMAL), targets=many(DECIMAL),
        risk=maybe(DECIMAL), checks=many(row(name=TEXT, ok=FLAG, text=TEXT)), reward_to_risk=maybe(DECIMAL),
        market=maybe(DECIMAL), position_after=maybe(DECIMAL), gross_after=maybe(DECIMAL), leverage_after=maybe(DECIMAL),
        alerted_at=maybe(TIME), changed=many(row(name=TEXT, old=TEXT, new=TEXT)), first_by=maybe(TEXT),
        chart_url=maybe(TEXT), picture=maybe(TEXT), created_at=TIME, expires_at=TIME, answered_by=maybe(TEXT),
        surface=maybe(TEXT), reason=maybe(TEXT), order_ids=many(TEXT),
    ),
    "reports": row(
        id=TEXT, kind=TEXT, at=TIME, account=maybe(TEXT), missed=ANY, figures=THING,
        positions=many(row(symbol=TEXT, expiry=ANY, strike=ANY, last=maybe(DECIMAL), entry=maybe(DECIMAL), kept=ANY)),
    ),
    "links": row(
        id=TEXT, name=TEXT, account=TEXT, accounts=many(row(name=TEXT, multiplier=DECIMAL)), strategy=TEXT,
        stop_loss=maybe(DECIMAL), target=maybe(DECIMAL), trailing_stop=maybe(DECIMAL), quantity=maybe(DECIMAL),
        risk_percent=maybe(DECIMAL), product=maybe(TEXT), option=maybe(THING), paper=FLAG,
        approval=one_of(("none", "ask")), running=FLAG, book=TEXT, made_at=TIME, owner=TEXT,
    ),
    "users": row(
        id=TEXT, username=TEXT, first=TEXT, last=TEXT, role=ROLES, language=one_of(LANGUAGES), works_for=maybe(TEXT)
    ),
    "sellbuy": row(
        id=TEXT, account=TEXT, ticker=TEXT, **_OLD, **_OLDER, sell=FLAG, side=SIDE, amount=DECIMAL, executed=DECIMAL,
        avg_exec_price=DECIMAL, active=FLAG, command=maybe(TEXT),
    ),
    "spreads": row(
        id=TEXT, account=TEXT, sell=FLAG, side=SIDE, price=DECIMAL, amount=DECIMAL, ratio=DECIMAL, active=FLAG,
        far_leg=_LEG, near_leg=_LEG,
    ),
    "stops": _LISTED,
    "shorts": _LISTED,
    "stop_lists": _LISTED,
    "stop_orders": _TRAP,
    "stashes": row(id=TEXT, name=TEXT, account=TEXT, made_at=TIME, orders=many(_TRAP)),
}  # fmt: skip
"""By the list that holds them."""


def fields_in_words() -> Mapping[str, Mapping[str, str]]:
    """By list, what each field of a row is, for people."""
    return {
        name: {field: in_words(known) for field, known in _properties(schema).items()} for name, schema in ROWS.items()
    }


def _properties(schema: Schema) -> Mapping[str, Schema]:
    found: Mapping[str, Schema] = schema["properties"]  # type: ignore[assignment] # as `row` makes it
    return found


def in_words(schema: Schema) -> str:
    """`decimal or null`, `buy | sell`, `list of text`."""
    match schema:
        case {"anyOf": [dict(first), *_]}:
            return f"{in_words(first)} or null"
        case {"enum": list(words)}:
            return " | ".join(words)
        case {"type": "array", "items": dict(items)}:
            return f"list of {in_words(items)}"
        case {"format": "date-time"}:
            return "time"
        case {"pattern": _}:
            return "decimal"
        case {"type": str(kind)}:
            return {"string": "text", "boolean": "true | false"}.get(kind, kind)
    return "anything"
