"""/proposals, /approve, /reject, /edit: a person's word on what waits for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.commands.registry import Argument, Call, Command, Handler, Reply, Tools, reply
from core.services import telling
from core.values.ids import ProposalId
from core.values.notices import Line
from core.values.orders import Refused
from core.values.people import Role
from core.values.proposals import Answer, Proposal

LIST_MAX = 20
WORDS = {"": Answer.APPROVE, "half": Answer.HALF, "market": Answer.MARKET, "snooze": Answer.SNOOZE}


def read_answer(words: Sequence[str]) -> Mapping[str, str] | Refused:
    """`ID [VERSION] [rest ...]`: a number behind the id is the version that was seen."""
    if not words:
        return Refused("usage", {"usage": "/approve <id> [half | market | snooze]"})
    rest = list(words[1:])
    version = rest.pop(0) if rest and rest[0].isascii() and rest[0].isdigit() and len(rest[0]) < 10 else ""
    return {"id": words[0], "version": version, "rest": " ".join(rest)}


async def proposals(tools: Tools, call: Call) -> Reply:
    page = await tools.store.proposals(LIST_MAX)
    seen = [p for p in page.items if call.person.sees(p.owner)]
    if not seen:
        return reply(tools, call, "command.no_proposals")
    now = tools.clock_now()
    lines = [_line(telling.proposal_card(tools.desk.desk_id, p, now).params, p) for p in seen]
    return reply(tools, call, "command.proposals", {"count": str(len(seen))}, lines)


def _line(params: Mapping[str, str], proposal: Proposal) -> Line:
    return Line("command.proposal", {**params, "state": proposal.state.value, "version": str(proposal.version)})


async def approve(tools: Tools, call: Call) -> Reply:
    answer = WORDS.get(call.arguments["rest"].lower())
    if answer is None:
        return Refused("usage", {"usage": "/approve <id> [half | market | snooze]"})
    return await _answer(tools, call, answer)


async def reject(tools: Tools, call: Call) -> Reply:
    return await _answer(tools, call, Answer.REJECT, reason=call.arguments["rest"])


async def edit(tools: Tools, call: Call) -> Reply:
    """`/edit ID quantity=10 type=market`."""
    pairs = [word.partition("=") for word in call.arguments["rest"].split()]
    changes = {name.lower(): value for name, equals, value in pairs if equals}
    if not changes or len(changes) < len(pairs):
        return Refused("usage", {"usage": "/edit <id> quantity=10 price=250 type=limit stop=240 target=270"})
    return await _answer(tools, call, Answer.EDIT, changes)


async def _answer(
    tools: Tools, call: Call, answer: Answer, changes: Mapping[str, str] | None = None, reason: str = ""
) -> Reply:
    version = call.arguments["version"]
    said = await tools.approvals.answer(
        ProposalId(call.arguments["id"]), int(version) if version else None, answer, call.person, changes, reason
    )
    if isinstance(said, Refused):
        return said
    return reply(
        tools, call, "command.answered", telling.proposal_card(tools.desk.desk_id, said, tools.clock_now()).params
    )


def _command(name: str, role: Role, handler: Handler, *, hidden: bool = False) -> Command:
    arguments = (Argument("id"), Argument("rest", required=False))
    return Command(name, role, handler, arguments, read_answer, hidden=hidden)


COMMANDS = (
    Command("proposals", Role.VIEWER, proposals),
    _command("approve", Role.APPROVER, approve),
    _command("reject", Role.APPROVER, reject),
    _command("edit", Role.APPROVER, edit),
)
