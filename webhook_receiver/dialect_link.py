"""A webhook link's own dialect (behaviour.md 5.2): `strategy`, `symbol`, `action`, `timestamp`."""

from __future__ import annotations

from datetime import datetime

from core.values.alerts import Alert, AlertKind, Source
from core.values.ids import OWNER, AccountName, LinkId, UserId
from core.values.orders import Side
from webhook_receiver.fields import Fields

_ENTER, _LEAVE = (AlertKind.ENTRY, Side.BUY), (AlertKind.EXIT, None)
_ACTIONS = {"BUY": _ENTER, "BUY_CALL": _ENTER, "SELL_PUT": _ENTER, "SELL": _LEAVE, "EXIT": _LEAVE}
OPTION_ACTIONS = {"BUY_CALL": True, "SELL_PUT": False}
"""Actions that buy an option on `symbol`: whether it is a call. SELL_PUT is a signal to the short side, and buys a put
as behaviour.md 5.2 words it."""


def parse_link(
    fields: Fields, *, received_at: datetime, body: str, link: LinkId, account: AccountName, owner: UserId = OWNER
) -> Alert:
    """BUY opens `symbol` long, SELL and EXIT close it; other fields are tolerated.

    Raises ApiError 422 naming the field. Whether `strategy` is the link's is the route's to say: another one is
    ignored, not refused. So is which option an action of OPTION_ACTIONS means.
    """
    action = fields.needed_text("action").upper()
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
        market_position=fields.market_position(),
        owner=owner,
    )
