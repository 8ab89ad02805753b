"""A proposal as people see it: a card with everything that a yes or no needs, edited in place on every surface."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from core.values.ids import DeskId, NoticeId, derive_id
from core.values.money import plain
from core.values.notices import Line, Notice, NoticeKind, Params
from core.values.proposals import Proposal

BUTTONS: Mapping[str, str] = {
    "action.approve": "/approve {id} {version}",
    "action.half": "/approve {id} {version} half",
    "action.edit": "/edit {id} {version}",
    "action.market": "/approve {id} {version} market",
    "action.snooze": "/approve {id} {version} snooze",
    "action.reject": "/reject {id} {version}",
}
"""Label -> what pressing it types."""
_NAMES = {"steps": "lot and tick"}


def proposal_card(desk_id: DeskId, proposal: Proposal, now: datetime, two_person_above: Decimal) -> Notice:
    """A trade that waits for a word, or what became of it."""
    finished = "done" if proposal.order_ids or proposal.reason else ""
    # what waits may be shown again with newer figures and new buttons
    telling = (now.isoformat(), plain(proposal.quoted.market or Decimal(0))) if proposal.waits else (finished,)
    return Notice(
        id=NoticeId(derive_id(desk_id, "notice", "proposal", proposal.id, str(proposal.version), *telling)),
        at=now,
        kind=NoticeKind.CONFIRM if proposal.waits else NoticeKind.INFO,
        key=f"proposal.{proposal.state.value}",
        params=proposal_params(proposal),
        lines=_lines(proposal, now, two_person_above) if proposal.waits else (),
        about=(f"proposal:{proposal.id}", f"alert:{proposal.alert}", f"intent:{proposal.alert}"),
        card=f"proposal:{proposal.id}",
        owner=proposal.owner,
    )


def proposal_params(proposal: Proposal) -> Params:
    """expires_at: in seconds since 1970, for those who count down."""
    return {
        "id": proposal.id,
        "account": proposal.account,
        "ticker": proposal.ticker,
        "side": proposal.side.value,
        "type": proposal.type.value,
        "quantity": plain(proposal.quantity),
        "price": plain(proposal.price),
        "stop": plain(proposal.stop) if proposal.stop is not None else "none",
        "target": ", ".join(map(plain, proposal.targets)) or "none",
        "risk": plain(round(proposal.risk, 2)),
        "expires": proposal.expires_at.strftime("%H:%M:%S UTC"),
        "expires_at": str(int(proposal.expires_at.timestamp())),
        "by": proposal.answered_by or "",
        "surface": proposal.surface,
        "reason": proposal.reason,
        "chart_url": proposal.chart_url,
    }


def _lines(proposal: Proposal, now: datetime, two_person_above: Decimal) -> tuple[Line, ...]:
    lines = [
        Line("proposal.changed", {"name": change.name, "old": change.old, "new": change.new})
        for change in proposal.changed
    ]
    lines += _figures(proposal)
    if proposal.alerted_at is not None:
        age = max(0, int((now - proposal.alerted_at).total_seconds()))
        lines.append(Line("proposal.age", {"seconds": str(age)}))
    if fine := passed(proposal):
        lines.append(Line("proposal.fine", {"names": fine}))
    lines += [Line(check.text, check.params) for check in proposal.checks if not check.ok]
    if proposal.first_by is not None:
        lines.append(Line("proposal.first", {"by": proposal.first_by, "sum": plain(two_person_above)}))
    return tuple(lines)


def passed(proposal: Proposal) -> str:
    """The names of the checks that it passed, as parameter `names`."""
    return ", ".join(_NAMES.get(check.name, check.name.replace("_", " ")) for check in proposal.checks if check.ok)


def _figures(proposal: Proposal) -> list[Line]:
    """The live price, reward to risk, and what the fill leads to, as far as they are known."""
    quoted, found = proposal.quoted, list[Line]()
    if quoted.market:
        away = (proposal.price - quoted.market) / quoted.market * 100
        market = {"market": plain(quoted.market), "percent": f"{round(away, 2) + 0:+.2f}"}  # + 0: no -0.00
        found.append(Line("proposal.market", market))
    reward = proposal.reward_to_risk
    if reward is not None:
        found.append(Line("proposal.reward", {"reward": plain(round(reward, 2))}))
    if quoted.position is not None and quoted.gross is not None:
        after = {"position": plain(quoted.position), "gross": plain(round(quoted.gross, 2))}
        leverage = "?" if quoted.leverage is None else plain(quoted.leverage)
        found.append(Line("proposal.exposure", {**after, "leverage": leverage}))
    return found
