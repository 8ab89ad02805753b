"""Links and accounts: where charts send their alerts, what those may do, and whether it is listened to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from core.commands.composing import message_for
from core.services.hub import may_publish
from core.services.portfolio import AccountView
from core.values.accounts import Mode, is_twin
from core.values.links import Link, Product
from core.values.money import plain
from core.values.people import Person, Role
from dashboard.board import Board
from dashboard.roof import AccountField
from dashboard.view import Model, Query, View, Wakes
from texts import catalogue


@dataclass(frozen=True, slots=True)
class LinkLine:
    """paper: whether it trades on paper, by its own word or its account's. form: what its edit form begins with."""

    link: Link
    paper: bool
    form: Mapping[str, object]
    message: str


@dataclass(frozen=True, slots=True)
class AccountLine:
    """added: by a person, who may change it and take it away; others stand in the settings file."""

    view: AccountView
    fed: bool
    added: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a broker's form. usual: what holds where it is left empty."""

    label: str
    field: AccountField

    @property
    def about_money(self) -> bool:
        return self.field.name in {"risk_percent", "leverage_max", "cash", "currency"}

    @property
    def basic(self) -> bool:
        """Asked for at once; the rest is folded away."""
        return self.field.secret or self.field.required or self.about_money or self.field.name.endswith("_id")


async def model(board: Board, person: Person, _query: Query) -> Model:
    views = [view for view in await board.portfolio.accounts(person) if not is_twin(view.account.name)]
    live = {view.account.name for view in views if view.account.mode is Mode.LIVE}
    return {
        "links": [_line(link, live) for link in board.office.links.seen(person)],
        "base_url": board.office.links.base_url,
        "running": board.office.bots.state(person),
        "accounts": [_account(board, view) for view in views],
        "names": [view.account.name for view in views],
        "products": [product.value for product in Product if product.value],
        "may_trade": person.may(Role.TRADER),
        "brokers": {broker: _fields(fields, person) for broker, fields in board.roof.brokers.items()},
        "may_lint": board.roof.lint is not None and may_publish(person) is None,
    }


def _line(link: Link, live: Collection[str]) -> LinkLine:
    paper = link.paper or not any(share.name in live for share in link.shares)
    return LinkLine(link, paper, _form(link), message_for(link))


def _form(link: Link) -> Mapping[str, object]:
    """By the names of the form's inputs."""
    percents = ("stop_loss", "target", "trailing_stop", "quantity", "risk_percent")
    rule = link.option
    return {
        "name": link.name,
        "account": link.account,
        "strategy": link.strategy,
        **{name: "" if getattr(link, name) is None else plain(getattr(link, name)) for name in percents},
        "approval": "ask" if link.ask else "none",
        "paper": link.paper,
        "product": link.product.value,
        "shares": ", ".join(f"{share.name} x {plain(share.multiplier)}" for share in link.accounts),
        "expiry": "" if rule is None else rule.expiry.isoformat() if rule.expiry else "nearest",
        "strike": "" if rule is None else plain(rule.strike) if rule.strike else "atm",
    }


def _account(board: Board, view: AccountView) -> AccountLine:
    name = view.account.name
    venue = board.desk.venues.get(name)
    return AccountLine(view, venue is not None and venue.feed.alive(), board.office.accounts.added(name))


def _fields(fields: Sequence[AccountField], person: Person) -> Sequence[Field]:
    """Addresses to speak to are an admin's."""
    words = catalogue(person.language)
    return [
        Field(words.get(f"page.links.field_{each.name}", each.name), each)
        for each in fields
        if person.may(Role.ADMIN) or not each.name.endswith("_url")
    ]


VIEW = View(
    "links",
    model,
    parts=("bot", "list", "accounts"),
    wakes=Wakes.JOURNAL | Wakes.BOOKS | Wakes.TIME,
    scripts=("links.js",),
)
