"""What the crash matrix is made of: each named point, at each venue that passes it, and what must be so afterwards."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import pytest

from tests.crashes.dialects import DIALECTS
from tests.crashes.rig import Rig, eventually

ENTERING = (
    "in.recv",
    "in.pre_commit",
    "in.post_commit_pre_200",
    "in.post_200",
    "intent.pre_commit",
    "intent.post_commit",
    "send.marked:1",
    "send.marked:2",
    "send.bytes_out:1",
    "send.bytes_out:2",
    "send.resp_in:1",
    "send.resp_in:2",
    "send.pre_commit:1",
    "send.pre_commit:2",
    "fill.in",
    "fill.pre_commit",
    "fill.post_commit",
    "prot.intent",
    "ack.committed:2",
    "prot.sent",
)
"""Passed by an entry with stop and target, in whichever order a venue takes them."""
LEAVING = ("send.marked:1", "send.bytes_out:1", "send.resp_in:1", "fill.post_commit", "cancel.mid:1", "cancel.mid:2")
"""Passed by an exit: the order that closes, then the cancels of what stood beside it."""
ONE_TO_CANCEL = frozenset({"leave cancel.mid:2"})
NEVER_PASSED: Mapping[str, frozenset[str]] = dict.fromkeys(("plain", "tinvest", "angelone", "alpaca"), ONE_TO_CANCEL)
"""Story and point, by venue."""
Story = Callable[[Rig], None]


def enter(rig: Rig, point: str) -> None:
    """Killed while an alert is on its way in; resent, it is one entry, filled and protected, or told why not."""
    rig.calm()
    asked = len(rig.broker.ledger("request"))
    rig.arm(point)
    if point.startswith("send.pre_commit"):  # what the stream has told, the answer need not
        rig.broker.stream(mute=True)
    body = rig.entry(rig.ticker)
    first = rig.send(body)
    rig.died()
    rig.broker.stream()
    if point.startswith("send.bytes_out"):  # they have left: the venue has it, and nobody heard its answer
        eventually(lambda: len(rig.broker.ledger("request")), lambda now: now >= asked + int(point[-1]))
    rig.start()
    again = rig.send(body)
    assert first in {None, again}
    rig.well()
    entries = [o for o in rig.entries() if o["because"][0]["id"] == again]
    if rig.venue.keys:
        assert [o["state"] for o in entries] == ["FILLED"]
    leave(rig)


def leave(rig: Rig, point: str = "") -> None:
    """Killed while an alert takes the position away; it ends flat, with nothing left at the broker."""
    rig.calm()
    if point:
        held(rig)
        rig.arm(point)
    rig.send(rig.exit(rig.ticker))
    if point:
        rig.died()
        rig.start()
    rig.well()
    assert rig.desk.items("positions") == []
    assert rig.broker.ask("positions") == []
    assert rig.standing() == []


def held(rig: Rig) -> None:
    """A position with all that should stand beside it."""
    rig.send(rig.entry(rig.ticker))
    eventually(rig.standing, lambda rows: len(rows) == rig.venue.rests)
    rig.well()


def restart(rig: Rig) -> None:
    """Killed while it recovers from a kill: the second recovery does what the first one left."""
    rig.calm()
    rig.arm("fill.post_commit")
    rig.send(rig.entry(rig.ticker))
    rig.died()
    with pytest.raises(AssertionError, match="the desk ended"):
        rig.start("recon.mid").ready()
    rig.died()
    rig.start()
    rig.well()
    leave(rig)


def stories(dialect: str) -> list[tuple[str, Story]]:
    """By name. Where ids are no keys, what may never have left stays in doubt: that is `doubtful`'s."""
    venue = DIALECTS[dialect]
    doubt = set() if venue.keys else {"enter send.marked:2", "leave send.marked:1"}
    named: dict[str, Story] = {f"enter {point}": partial(enter, point=point) for point in ENTERING}
    named |= {f"leave {point}": partial(leave, point=point) for point in LEAVING}
    named |= {"restart recon.mid": restart}
    return [item for item in named.items() if item[0] not in doubt | NEVER_PASSED.get(dialect, frozenset())]


def endless(named: Sequence[tuple[str, Story]], seed: str) -> Iterator[tuple[str, Story]]:
    """All of them in an order of the seed's, again and again."""
    rng, order = random.Random(seed), list(named)
    while True:
        rng.shuffle(order)
        yield from order
