"""`/links new`: a link made step by step, in any chat or the console, up to the URL and message to paste."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.commands.registry import Argument, Call, Command, Reply, Tools, reply
from core.ports import Store
from core.rules.linking import Said, said_of
from core.values.changes import FlagSet, PressOffered
from core.values.ids import AccountName, ActionId, LinkId
from core.values.links import ONE, Link
from core.values.money import Quantity
from core.values.notices import Action, Line, Notice, Press
from core.values.orders import Refused
from core.values.people import Person, Role

OPEN_FOR = timedelta(minutes=30)
CANCEL = "cancel"
NOTHING = frozenset({"none", "no", "off", "-"})


@dataclass(frozen=True, slots=True)
class Step:
    """One question: catalogue entry `compose.<name>`. read: what was typed, by the names of the API. offers: words
    that stand on buttons."""

    name: str
    read: Callable[[str], Mapping[str, object]]
    offers: tuple[str, ...] = ()


def _size(text: str) -> Mapping[str, object]:
    """`0.5` pieces, or `1 %` of the free money to lose at the stop."""
    number = text.replace(" ", "")
    return {"risk_percent": number[:-1]} if number.endswith("%") else {"quantity": number}


def _percent(name: str) -> Callable[[str], Mapping[str, object]]:
    return lambda text: {name: None if text.lower() in NOTHING else text.replace(" ", "").removesuffix("%")}


def _approval(text: str) -> Mapping[str, object]:
    words: Mapping[str, Mapping[str, object]] = {
        "auto": {"approval": "none", "paper": False},
        "ask": {"approval": "ask", "paper": False},
        "paper": {"approval": "none", "paper": True},
    }
    return words.get(text.lower(), {"approval": text})


STEPS = (
    Step("name", lambda text: {"name": text}),
    Step("account", lambda text: {"account": text}),
    Step("strategy", lambda text: {"strategy": text}),
    Step("size", _size, ("1 %",)),
    Step("stop", _percent("stop_loss"), ("1 %", "2 %", "5 %", "none")),
    Step("target", _percent("target"), ("2 %", "5 %", "10 %", "none")),
    Step("trailing", _percent("trailing_stop"), ("1 %", "2 %", "none")),
    Step("approval", _approval, ("auto", "ask", "paper")),
)


async def waits(store: Store, person: Person, now: datetime) -> bool:
    """Whether a question is open: plain words of this person are then its answer."""
    return await _state(store, person, now) is not None


async def begin(tools: Tools, call: Call) -> Reply:
    """The first question; one that was open is begun anew."""
    if not call.person.may(Role.TRADER):
        return Refused("not_allowed", {"role": Role.TRADER.word})
    return await _ask(tools, call, {}, 0)


async def answer(tools: Tools, call: Call) -> Reply:
    """The next word; what will not do is said and asked for again."""
    text = call.arguments.get("text", "").strip()
    state = await _state(tools.store, call.person, tools.clock_now())
    if state is None:
        return Refused("nothing_asked", {})
    said, number = state
    if text.lower().lstrip("/") == CANCEL:
        await tools.store.save(FlagSet(_key(call.person), ""))
        return reply(tools, call, "compose.cancelled")
    told = STEPS[number].read(text)
    refused = _refused(tools, call.person, told)
    if refused is not None:
        return await _ask(tools, call, said, number, refused)
    said = {**said, **told}
    if number + 1 < len(STEPS):
        return await _ask(tools, call, said, number + 1)
    return await _make(tools, call, said)


def _refused(tools: Tools, person: Person, told: Said) -> Refused | None:
    """Why this answer will not do, taken by itself."""
    blank = Link(LinkId(""), "x", AccountName("x"), "x", tools.clock_now(), "", quantity=Quantity(ONE))
    found = said_of(blank, told)
    if isinstance(found, Refused):
        return found
    account = told.get("account")
    known = tools.desk.directory.account(str(account), person) if account else None
    if isinstance(known, Refused):
        return known
    name = told.get("name")
    if name and any(link.name.casefold() == str(name).casefold() for link in tools.office.links.seen(person)):
        return Refused("name_taken", {"name": "name", "value": str(name)})
    return None


async def _make(tools: Tools, call: Call, said: Said) -> Reply:
    made = await tools.office.links.create(said, call.person)
    if isinstance(made, Refused):
        return await _ask(tools, call, {}, 0, made)
    await tools.store.save(FlagSet(_key(call.person), ""))
    link, token = made
    params = {"name": link.name, "account": link.account, "url": f"{tools.office.links.base_url}/hook/{token}"}
    return reply(tools, call, "compose.done", params, [Line("compose.paste", {"message": message_for(link)})])


def message_for(link: Link) -> str:
    """What is pasted into the chart site's alert: it fills in the placeholders."""
    fields = {
        "strategy": link.strategy,
        "symbol": "{{ticker}}",
        "action": "{{strategy.order.action}}",
        "timestamp": "{{timenow}}",
        "market_position": "{{strategy.market_position}}",
    }
    return json.dumps(fields, ensure_ascii=False)


async def _ask(tools: Tools, call: Call, said: Said, number: int, refused: Refused | None = None) -> Notice:
    """Keep what was said and ask the next question, with its usual answers as buttons."""
    step, until = STEPS[number], tools.clock_now() + OPEN_FOR
    state = json.dumps({"said": dict(said), "step": number, "until": until.isoformat()})
    actions = [_button(word) for word in (*_offers(tools, call.person, step), CANCEL)]
    presses = [PressOffered(Press(action.id, call.person.id, action.command, until)) for action in actions]
    await tools.store.save(FlagSet(_key(call.person), state), *presses)
    place = {"step": str(number + 1), "steps": str(len(STEPS))}
    lines = [] if refused is None else [Line(f"refused.{refused.code}", refused.params)]
    question = reply(tools, call, f"compose.{step.name}", place, lines)
    return replace(question, actions=tuple(actions))


def _offers(tools: Tools, person: Person, step: Step) -> Sequence[str]:
    if step.name != "account":
        return step.offers
    return [account.name for account in tools.desk.directory.accounts if person.sees(account.owner)][:8]


def _button(word: str) -> Action:
    """Its label is the word itself, which no catalogue holds."""
    action = ActionId(secrets.token_hex(8))
    return Action(action, "action.cancel" if word == CANCEL else word, f"/answer {word}")


async def _state(store: Store, person: Person, now: datetime) -> tuple[Said, int] | None:
    kept = await store.flag(_key(person))
    if not kept:
        return None
    state = json.loads(kept)
    return None if now >= datetime.fromisoformat(state["until"]) else (state["said"], state["step"])


def _key(person: Person) -> str:
    return f"compose:{person.id}"


def _read(words: Sequence[str]) -> Mapping[str, str] | Refused:
    return {"text": " ".join(words)} if words else Refused("usage", {"usage": "/answer <words>"})


COMMANDS = (Command("answer", Role.TRADER, answer, (Argument("text"),), _read, private=True),)
