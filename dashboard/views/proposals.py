"""Proposals: trades that wait for a person's word, each with all that a yes or no needs; and what became of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import texts
from core.services.proposal_cards import passed
from core.values.money import Price, plain
from core.values.orders import Side
from core.values.people import Person, Role
from core.values.proposals import Answer, Proposal, ProposalState
from dashboard.board import Board
from dashboard.bodies import bad_after
from dashboard.lists import owner_of
from dashboard.pictures import drawn
from dashboard.view import Model, Query, View, Wakes

SHOWN = 50
BUTTONS = (
    (Answer.APPROVE, "primary"),
    (Answer.HALF, "quiet"),
    (Answer.MARKET, "quiet"),
    (Answer.SNOOZE, "quiet"),
    (Answer.REJECT, "quiet"),
)
"""What one press says, in the order of the chats; to edit needs words besides."""


@dataclass(frozen=True, slots=True)
class Card:
    """market: what the book asks of its side now; away: its distance from the price in percent. live: for real money.
    passed: names of checks. failed: name and words."""

    proposal: Proposal
    currency: str
    live: bool
    market: Price | None
    picture: str | None
    passed: str
    failed: Sequence[tuple[str, str]]

    @property
    def away(self) -> Decimal | None:
        price = self.proposal.price
        return None if self.market is None or not price else (self.market - price) / price * 100

    @property
    def chart_url(self) -> str:
        """What a chart sent may be anything: only an address of the web becomes a link."""
        url = self.proposal.chart_url
        return url if url.startswith(("https://", "http://")) else ""


async def model(board: Board, person: Person, query: Query) -> Model:
    now, store = board.clock.now(), board.store
    waiting = [
        proposal
        for proposal in await store.unfinished_proposals()
        if proposal.waits and person.sees(proposal.owner) and proposal.expires_at > now
    ]
    try:
        page = await store.proposals(SHOWN, query.get("after"), owner_of(person))
    except ValueError:
        raise bad_after() from None
    ids = {proposal.id for proposal in waiting}
    return {
        "cards": [_card(board, proposal, person.language) for proposal in reversed(waiting)],
        "over": [(proposal, _state(proposal)) for proposal in page.items if proposal.id not in ids],
        "older": page.next,
        "newest": "after" not in query,
        "buttons": BUTTONS,
        "may_answer": person.may(Role.APPROVER),
        "plain": plain,
    }


def _state(proposal: Proposal) -> ProposalState:
    """Expired shows by itself, also in the moment before it is written down."""
    return ProposalState.EXPIRED if proposal.waits else proposal.state


def _card(board: Board, proposal: Proposal, language: str) -> Card:
    venue = board.desk.venues.get(proposal.account)
    quote = None if venue is None else venue.feed.quote(proposal.ticker)
    best = None if quote is None else (quote.ask if proposal.side is Side.BUY else quote.bid) or quote.last
    return Card(
        proposal=proposal,
        currency="" if venue is None else venue.account.currency,
        live=venue is not None and venue.account.mode.value == "live",
        market=best,
        picture=drawn(board, proposal),
        passed=passed(proposal),
        failed=[(c.name, texts.render(c.text, c.params, language)) for c in proposal.checks if not c.ok],
    )


VIEW = View(
    "proposals",
    model,
    parts=("waiting", "over"),
    wakes=Wakes.JOURNAL | Wakes.QUOTES,
    scripts=("charts.js", "proposals.js"),
    query=frozenset({"after"}),
)
