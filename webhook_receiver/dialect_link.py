"""A webhook link's own dialect (behaviour.md 5.2): `strategy`, `symbol`, `action`, `timestamp`."""

from __future__ import annotations

from datetime import datetime

from core.values.alerts import Alert, AlertKind, Source
from core.values.ids import OWNER, AccountName, LinkId, UserId
from core.values.orders import Side
from webhook_receiver.fields import Fields

_ACTIONS = {"BUY": (AlertKind.ENTRY, Side.BUY), "SELL": (AlertKind.EXIT, None), "EXIT": (AlertKind.EXIT, None)}
_OPTION_ACTIONS = frozenset({"BUY_CALL", "SELL_PUT"})


def parse_link(
    fields: Fields, *, received_at: datetime, body: str, link: LinkId, account: AccountName, owner: UserId = OWNER
) -> Alert:
    """BUY opens `symbol` long, SELL and EXIT close it; other fields are tolerated.

    Raises ApiError 422 naming the field. Whether `strategy` is the link's is the route's to say: another one is
    ignored, not refused.
    """
    action = fields.needed_text("action").upper()
    if action in _OPTION_ACTIONS:
        raise fields.refuse("action", "option_rule_needed", "needs the link's option rule")
    if action not in _ACTIONS:
        raise fields.refuse("action", "unknown_action", f"must be one of {', '.join(_ACTIONS)}")
    kind, side = _ACTIONS[action]
    exchange, _, ticker = fields.needed_text("symbol").rpartition(":")
    strategy = fields.needed_text("strategy")
    fields.needed_text("timestamp")
    return Alert(
        source=Source.HOOK,
        received_at=received_at,
        body=body,
        kind=kind,
        ticker=ticker,
        exchange=exchange,
        side=side,
        account=account,
        link=link,
        strategy=strategy,
        action=action,
        sent_at=fields.moment("timestamp"),
        timed=True,
        owner=owner,
    )
