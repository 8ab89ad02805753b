"""Which option a link's rule means."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from core.values.instrument import Instrument, InstrumentKind
from core.values.links import OptionRule


def options_of(instruments: Sequence[Instrument], underlying: str) -> list[Instrument]:
    """Every option on an underlying, by its bare symbol."""
    wanted = underlying.rpartition(":")[2].upper()
    return [
        i for i in instruments if i.kind is InstrumentKind.OPTION and i.basic_asset and i.basic_asset.upper() == wanted
    ]


def pick_option(
    options: Sequence[Instrument], rule: OptionRule, *, call: bool, last: Decimal | None, now: datetime
) -> Instrument | None:
    """The call or put of the rule's expiry (else the nearest that has not passed) and strike (else the one nearest to
    `last`, of two equally near ones the lower). None where there is none, or where no price says what is near."""
    alive = [o for o in options if o.call is call and o.strike is not None and o.expires_at and o.expires_at > now]
    days = {o.expires_at.date() for o in alive if o.expires_at}
    day = rule.expiry or min(days, default=None)
    of_day = [o for o in alive if o.expires_at and o.expires_at.date() == day]
    if rule.strike is not None:
        return next((o for o in of_day if o.strike == rule.strike), None)
    if last is None:
        return None
    return min(of_day, key=lambda o: (abs((o.strike or last) - last), o.strike), default=None)
