"""What people may change of a proposal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from core.rules.sizing import whole_steps
from core.values.instrument import Instrument
from core.values.money import Price, Quantity, parse_decimal, plain
from core.values.orders import OrderType, Refused, Side
from core.values.proposals import Changed, Proposal

TYPES = {"market": OrderType.MARKET, "limit": OrderType.LIMIT}


def halved(proposal: Proposal, instrument: Instrument) -> Proposal | Refused:
    """Half the pieces, rounded down to the step, and so half the risk."""
    half = whole_steps(proposal.quantity / 2, instrument)
    return half if isinstance(half, Refused) else _sized(proposal, half)


def edited(proposal: Proposal, changes: Mapping[str, str], instrument: Instrument) -> Proposal | Refused:
    """With quantity, price, type, stop or target changed; Refused bad_change names the one that will not do."""
    if not changes:
        return Refused("bad_change", {"name": "changes", "value": ""})
    for name, value in changes.items():
        change = _CHANGES.get(name)
        after = None if change is None else change(proposal, value, instrument)
        if after is None or isinstance(after, Refused):
            return after or Refused("bad_change", {"name": name[:40], "value": value[:40]})
        proposal = after
    return _sound(proposal)


def difference(before: Proposal, after: Proposal) -> tuple[Changed, ...]:
    """What an edit made of it, field by field."""
    pairs = ((name, _shown(before, name), _shown(after, name)) for name in _CHANGES)
    return tuple(Changed(name, old, new) for name, old, new in pairs if old != new)


def _shown(proposal: Proposal, name: str) -> str:
    value = proposal.targets if name == "target" else getattr(proposal, name)
    if isinstance(value, tuple):
        return ", ".join(map(plain, value)) or "none"
    return plain(value) if isinstance(value, Decimal) else str(value)


def _sized(proposal: Proposal, quantity: Quantity) -> Proposal:
    return replace(proposal, quantity=quantity, risk=proposal.risk * quantity / proposal.quantity)


def _quantity(proposal: Proposal, text: str, instrument: Instrument) -> Proposal | Refused | None:
    number = _positive(text)
    if number is None:
        return None
    quantity = whole_steps(number, instrument)
    return quantity if isinstance(quantity, Refused) else _sized(proposal, quantity)


def _type(proposal: Proposal, text: str, _instrument: Instrument) -> Proposal | None:
    kind = TYPES.get(text.lower())
    return None if kind is None else replace(proposal, type=kind)


def _price(proposal: Proposal, text: str, instrument: Instrument) -> Proposal | None:
    number = _positive(text)
    return None if number is None else _at_risk(replace(proposal, price=Price(number)), instrument)


def _stop(proposal: Proposal, text: str, instrument: Instrument) -> Proposal | None:
    number = _positive(text)
    return None if number is None else _at_risk(replace(proposal, stop=Price(number)), instrument)


def _target(proposal: Proposal, text: str, _instrument: Instrument) -> Proposal | None:
    if text.lower() in {"", "0", "none"}:
        return replace(proposal, targets=())
    number = _positive(text)
    return None if number is None else replace(proposal, targets=(Price(number),))


def _at_risk(proposal: Proposal, instrument: Instrument) -> Proposal:
    if proposal.stop is None:
        return proposal
    risk = abs(proposal.price - proposal.stop) * proposal.quantity * instrument.point_value
    return replace(proposal, risk=risk)


def _positive(text: str) -> Decimal | None:
    number = parse_decimal(text.strip())
    return number if number is not None and number > 0 else None


def _sound(proposal: Proposal) -> Proposal | Refused:
    """Stop and targets on their sides of the price."""
    up = 1 if proposal.side is Side.BUY else -1
    if proposal.stop is not None and (proposal.price - proposal.stop) * up <= 0:
        return Refused("bad_change", {"name": "stop", "value": str(proposal.stop)})
    for target in proposal.targets:
        if (target - proposal.price) * up <= 0:
            return Refused("bad_change", {"name": "target", "value": str(target)})
    return proposal


_CHANGES: Mapping[str, Callable[[Proposal, str, Instrument], Proposal | Refused | None]] = {
    "quantity": _quantity,
    "type": _type,
    "price": _price,
    "stop": _stop,
    "target": _target,
}
