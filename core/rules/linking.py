"""What people may say of a link, and the prices that its percentages mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from core.rules.aims import away
from core.rules.exits import better_stop, round_plan
from core.values.alerts import Levels
from core.values.ids import AccountName
from core.values.instrument import Instrument
from core.values.links import HUNDRED, Link, OptionRule, Product, Share
from core.values.money import Price, Quantity, parse_decimal
from core.values.orders import ExitPlan, ExitRule, Refused, Side
from core.values.proposals import Proposal

TEXT_MAX = 100
Said = Mapping[str, object]
"""As JSON says it, numbers as texts: what a person wrote of a link, by the names of the API."""


def said_of(link: Link, said: Said) -> Link | Refused:
    """The link with what was said of it. Refused bad_field names the field that will not do."""
    for name, value in said.items():
        change = _CHANGES.get(name)
        after = None if change is None else change(link, name, value)
        if after is None:
            return _bad(name, value)
        link = after
    if said.get("quantity") is not None and said.get("risk_percent") is not None:
        return _bad("risk_percent", "given beside quantity")
    return _sound(link)


def _sound(link: Link) -> Link | Refused:
    for name in ("name", "account", "strategy"):
        if not getattr(link, name):
            return _bad(name, "empty")
    if link.quantity is None and link.risk_percent is None:
        return _bad("quantity", "empty where risk_percent is, too")
    if link.risk_percent is not None and any(link.risk_percent * share.multiplier >= HUNDRED for share in link.shares):
        return _bad("accounts", "100 percent at risk or more")
    return link


def _bad(name: str, value: object) -> Refused:
    return Refused("bad_field", {"name": name[:TEXT_MAX], "value": str(value)[:TEXT_MAX]})


def _with(link: Link, name: str, value: Any) -> Link:
    changes = {name: value}
    return replace(link, **changes)


def _text(link: Link, name: str, value: object) -> Link | None:
    good = isinstance(value, str) and value.isprintable() and 0 < len(value.strip()) <= TEXT_MAX
    return _with(link, name, str(value).strip()) if good else None


def _percent(link: Link, name: str, value: object) -> Link | None:
    """Above 0 and below 100; null = off."""
    if value is None:
        return _with(link, name, None)
    number = _positive(value)
    return _with(link, name, number) if number is not None and number < HUNDRED else None


def _quantity(link: Link, _name: str, value: object) -> Link | None:
    if value is None:
        return replace(link, quantity=None)
    number = _positive(value)
    return None if number is None else replace(link, quantity=Quantity(number), risk_percent=None)


def _risk(link: Link, name: str, value: object) -> Link | None:
    after = _percent(link, name, value)
    return after if after is None or value is None else replace(after, quantity=None)


def _positive(value: object) -> Decimal | None:
    number = parse_decimal(value) if isinstance(value, str) else None
    return number if number is not None and number > 0 else None


def _flag(link: Link, name: str, value: object) -> Link | None:
    return _with(link, name, value) if isinstance(value, bool) else None


def _approval(link: Link, _name: str, value: object) -> Link | None:
    return replace(link, ask=value == "ask") if value in {"none", "ask"} else None


def _product(link: Link, _name: str, value: object) -> Link | None:
    words = {product.value: product for product in Product}
    product = words.get(value or "") if value is None or isinstance(value, str) else None
    return None if product is None else replace(link, product=product)


def _option(link: Link, _name: str, value: object) -> Link | None:
    """`{"expiry": "2026-01-29" | "nearest", "strike": "25000" | "atm"}`, each may be left out; null = no rule."""
    if value is None:
        return replace(link, option=None)
    if not isinstance(value, dict) or not value.keys() <= {"expiry", "strike"}:
        return None
    expiry, strike = value.get("expiry") or "nearest", value.get("strike") or "atm"
    try:
        day = None if expiry == "nearest" else date.fromisoformat(str(expiry))
    except ValueError:
        return None
    number = None if strike == "atm" else _positive(strike)
    if number is None and strike != "atm":
        return None
    return replace(link, option=OptionRule(day, number))


def _accounts(link: Link, _name: str, value: object) -> Link | None:
    """`[{"name": "Second", "multiplier": "0.5"}, ...]`; null or [] = none beside its own."""
    shares: list[Share] = []
    for one in value if isinstance(value, list) else ():
        name = one.get("name") if isinstance(one, dict) and one.keys() <= {"name", "multiplier"} else None
        multiplier = _positive(one.get("multiplier", "1")) if isinstance(name, str) else None
        if not isinstance(name, str) or multiplier is None or multiplier > HUNDRED:
            return None
        shares.append(Share(AccountName(name.strip()), multiplier))
    return replace(link, accounts=tuple(shares)) if value is None or isinstance(value, list) else None


_CHANGES: Mapping[str, Callable[[Link, str, object], Link | None]] = {
    "name": _text,
    "account": _text,
    "accounts": _accounts,
    "strategy": _text,
    "stop_loss": _percent,
    "target": _percent,
    "trailing_stop": _percent,
    "quantity": _quantity,
    "risk_percent": _risk,
    "product": _product,
    "option": _option,
    "paper": _flag,
    "running": _flag,
    "approval": _approval,
}


def start_levels(rule: ExitRule, side: Side, price: Price, own: Levels) -> Levels:
    """Stop and target of an entry at `price`: what the rule's percentages come to, beside the alert's `own` levels.

    Of several stops the one that risks least, the trailing one among them (behaviour.md 5.4: E*(1-SL), H*(1-TS) with
    H = E at first; mirrored for shorts). The rule's target goes before the alert's. Not rounded to ticks.
    """
    stop = own.stop
    for percent in (rule.stop, rule.trailing):
        if percent is not None:
            stop = better_stop(side, stop, Price(away(price, -percent, side)))
    target = own.target
    if rule.target is not None:
        target = Price(away(price, rule.target, side))
    return Levels(stop=stop, target=target, breakeven=own.breakeven)


def still_meant(
    rule: ExitRule | None, proposal: Proposal, own: Levels, instrument: Instrument
) -> tuple[ExitRule | None, Levels]:
    """What is in force once a person has answered: a price that they wrote stays a price, the rest of a rule counts in
    the market of the click. own: the alert's levels."""
    levels = Levels(stop=proposal.stop, target=proposal.targets[0] if proposal.targets else None)
    if rule is None:
        return None, levels
    first = start_levels(rule, proposal.side, proposal.price, own)
    plan = round_plan(ExitPlan(first.stop, first.target), proposal.side, instrument)
    if levels.stop == plan.stop:
        levels = replace(levels, stop=own.stop)
    else:
        rule = replace(rule, stop=None)
    if levels.target == plan.target:
        levels = replace(levels, target=own.target)
    else:
        rule = replace(rule, target=None)
    return rule, levels
