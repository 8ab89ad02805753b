"""/proposals, /approve, /reject, /reason, /edit: a person's word on what waits for one."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from core.commands.registry import Argument, Ask, Call, Command, Handler, Reply, Tools, reply
from core.services.proposal_cards import proposal_params
from core.values.changes import PressOffered
from core.values.ids import ActionId, ProposalId
from core.values.money import parse_decimal
from core.values.notices import Action, Line, Press
from core.values.orders import Refused
from core.values.people import Role
from core.values.proposals import APPROVING, Answer, Proposal

LIST_MAX = 20
WORDS = {"": Answer.APPROVE, "half": Answer.HALF, "market": Answer.MARKET, "snooze": Answer.SNOOZE}
TOLD = {
    **dict.fromkeys(APPROVING, "command.approved"),
    Answer.EDIT: "command.edited",
    Answer.SNOOZE: "command.snoozed",
    Answer.REJECT: "command.rejected",
}
APPROVE = "/approve <id> [half | market | snooze]"
REJECT = "/reject <id> [reason]"
REASON = "/reason <id> <words>"
EDIT = "/edit <id> quantity=10 price=250 type=limit stop=240 target=270"
REASONS = ("poor_price", "too_late", "oversized", "not_my_plan")
"""Code words, said in every language."""
REASON_LIVES = timedelta(hours=1)


def read_answer(words: Sequence[str], usage: str = APPROVE) -> Mapping[str, str] | Refused:
    """`ID [VERSION] [rest ...]`: a number behind the id is the version that was seen."""
    if not words:
        return Refused("usage", {"usage": usage})
    rest = list(words[1:])
    version = rest.pop(0) if rest and rest[0].isascii() and rest[0].isdigit() and len(rest[0]) < 10 else ""
    return {"id": words[0], "version": version, "rest": " ".join(rest)}


async def proposals(tools: Tools, call: Call) -> Reply:
    page = await tools.store.proposals(LIST_MAX)
    seen = [p for p in page.items if call.person.sees(p.owner)]
    if not seen:
        return reply(tools, call, "command.no_proposals")
    return reply(tools, call, "command.proposals", {"count": str(len(seen))}, [_line(p) for p in seen])


def _line(proposal: Proposal) -> Line:
    state = {"state": proposal.state.value, "version": str(proposal.version)}
    return Line("command.proposal", {**proposal_params(proposal), **state})


async def approve(tools: Tools, call: Call) -> Reply:
    """`accept=PRICE` behind the rest takes a price that has moved: the press that was asked for types it."""
    words = [word for word in call.arguments["rest"].lower().split() if not word.startswith("accept=")]
    answer = WORDS.get(" ".join(words))
    if answer is None:
        return Refused("usage", {"usage": APPROVE})
    said = await _answer(tools, call, answer)
    if isinstance(said, Refused) and said.code == "price_moved":
        version = call.arguments["version"]
        line = ["/approve", call.arguments["id"], version, *words, f"accept={said.params['price']}"]
        return Ask("proposal.moved", said.params, command=" ".join(filter(None, line)))
    return said


async def reject(tools: Tools, call: Call) -> Reply:
    """Done at once; who gave no reason is asked for one afterwards, with the usual ones as buttons."""
    why = call.arguments["rest"]
    answer = await _answer(tools, call, Answer.REJECT, reason=why)
    if why or isinstance(answer, Refused | Ask):
        return answer
    proposal_id = call.arguments["id"]
    expires = tools.clock_now() + REASON_LIVES
    commands = {f"action.{code}": f"/reason {proposal_id} {code}" for code in REASONS}
    commands["action.own_words"] = f"/reason {proposal_id}"  # a chat asks for them before it types this
    actions = tuple(Action(ActionId(secrets.token_hex(8)), label, line) for label, line in commands.items())
    offers = [PressOffered(Press(action.id, call.person.id, action.command, expires)) for action in actions]
    await tools.store.save(*offers)
    return replace(answer, lines=(Line("proposal.why", {"id": proposal_id}),), actions=actions)


async def reason(tools: Tools, call: Call) -> Reply:
    """`/reason ID words`: why it was rejected."""
    if not call.arguments["rest"]:
        return Refused("usage", {"usage": REASON})
    said = await tools.approvals.explain(ProposalId(call.arguments["id"]), call.arguments["rest"], call.person)
    return said if isinstance(said, Refused) else reply(tools, call, "command.rejected", proposal_params(said))


async def edit(tools: Tools, call: Call) -> Reply:
    """`/edit ID quantity=10 type=market`."""
    pairs = [word.partition("=") for word in call.arguments["rest"].split()]
    changes = {name.lower(): value for name, equals, value in pairs if equals}
    if not changes or len(changes) < len(pairs):
        return Refused("usage", {"usage": EDIT})
    return await _answer(tools, call, Answer.EDIT, changes)


async def _answer(
    tools: Tools, call: Call, answer: Answer, changes: Mapping[str, str] | None = None, reason: str = ""
) -> Reply:
    version = call.arguments["version"]
    accepted = [word[7:] for word in call.arguments["rest"].split() if word.startswith("accept=")]
    said = await tools.approvals.answer(
        ProposalId(call.arguments["id"]),
        int(version) if version else None,
        answer,
        call.person,
        changes,
        reason,
        accepted=parse_decimal(accepted[-1]) if accepted and answer is not Answer.REJECT else None,
    )
    if isinstance(said, Refused):
        return said
    first = said.waits and said.first_by == call.person.id and answer is not Answer.SNOOZE
    return reply(tools, call, "command.first_of_two" if first else TOLD[answer], proposal_params(said))


def _command(name: str, handler: Handler, usage: str, more: Argument, *, hidden: bool = False) -> Command:
    """more: what /help calls the words behind the id."""
    arguments = (Argument("id"), more)
    return Command(name, Role.APPROVER, handler, arguments, partial(read_answer, usage=usage), hidden=hidden)


COMMANDS = (
    Command("proposals", Role.VIEWER, proposals),
    _command("approve", approve, APPROVE, Argument("how", required=False)),
    _command("reject", reject, REJECT, Argument("reason", required=False)),
    _command("reason", reason, REASON, Argument("words"), hidden=True),
    _command("edit", edit, EDIT, Argument("changes")),
)
