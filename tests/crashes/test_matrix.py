"""kill -9 at each named point of each venue, the broker living on: after the restart its ledger and the desk's books
agree: no alert lost, no order doubled or orphaned, no position naked."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from tests.crashes.dialects import DIALECTS
from tests.crashes.matrix import ENTERING, LEAVING, Story, endless, stories
from tests.crashes.rig import Rig, running
from tests.process import HOUSE

RigOf = Callable[[str], Rig]
ALWAYS = [name for name, _ in stories("always") if name not in {"enter send.bytes_out:1", "leave cancel.mid:2"}]
KEY = ("enter send.bytes_out:1", "enter send.bytes_out:2", "enter fill.post_commit", "leave cancel.mid:1")
"""Where the wire and the journal may differ most."""
QUICK = [
    *(("always", name) for name in ALWAYS),
    *((dialect, name) for dialect in ("tinvest", "alpaca") for name in KEY),
    *(("plain", f"enter {point}") for point in ("fill.post_commit", "prot.intent", "prot.sent")),
    *((dialect, "enter send.bytes_out:1") for dialect in ("while_open", "never", "binance")),
]
"""What every run of the tests plays; the proof plays them all."""
ELSEWHERE = {
    "appr.in": "tests/openoutcry/test_kill.py",
    "appr.committed": "tests/openoutcry/test_kill.py",
    "leg1.filled_pre_leg2": "tests/crashes/test_spreads.py",
    "migrate.mid": "tests/storage/test_kill.py",
    "out.sent_pre_mark": "tests/openoutcry/test_chat_kill.py",
    "prot.leaving": "tests/crashes/test_guardian.py",
    "restore.mid": "tests/core/jobs/test_trap_kill.py",
    "stash.mid": "tests/core/jobs/test_trap_kill.py",
    "task.claimed": "tests/core/jobs/test_kill.py",
    "task.post_commit": "tests/core/jobs/test_kill.py",
    "traps.mid": "tests/core/jobs/test_trap_kill.py",
}
"""Points that no entry or exit passes, and who kills there."""


def played(rig: Rig, name: str, story: Story) -> None:
    try:
        story(rig)
    except AssertionError as error:
        raise AssertionError(f"{rig.broker.dialect}, {name}: {error}") from error


@pytest.mark.parametrize(("dialect", "name"), QUICK, ids=str)
def test_a_kill(rig_of: RigOf, dialect: str, name: str) -> None:
    """Nothing lost, doubled, orphaned or naked."""
    played(rig_of(dialect), name, dict(stories(dialect))[name])


def test_every_point_that_there_is_has_its_kills() -> None:
    """A new crash point fails here until somebody dies at it."""
    code = [
        path for room in ("core", "brokers", "storage", "webhook_receiver") for path in (HOUSE / room).rglob("*.py")
    ]
    known = {name for path in code for name in re.findall(r"[^_]crashpoint\((.*?)\)", path.read_text())}
    named = {name for found in known for name in re.findall(r'"([a-z0-9_]+\.[a-z0-9_.]+)"', found)}
    matrix = {point.partition(":")[0] for point in (*ENTERING, *LEAVING, "recon.mid")}
    assert named == matrix | set(ELSEWHERE)
    for point, path in ELSEWHERE.items():
        assert point in (HOUSE / path).read_text(encoding="utf-8"), path


def doubtful(rig: Rig) -> None:
    """Killed with an entry, then with an exit that may have left, where ids are no keys: neither is sent again, people
    are told, and what is held keeps its stop."""
    for ticker, point, leaving in zip(("SBER", "GAZP"), ("send.marked:2", "send.marked:1"), (False, True), strict=True):
        if leaving:
            rig.send(rig.entry(ticker))
            rig.well()
        rig.arm(point)
        rig.send(rig.exit(ticker) if leaving else rig.entry(ticker))
        rig.died()
        rig.start()
        rig.well()
    told = [n["key"] for n in rig.desk.items("notices")]
    assert "order.unknown" in told


@pytest.mark.proof
@pytest.mark.parametrize("dialect", [name for name in DIALECTS if name != "bare"])  # which test_guardian.py kills
def test_proof_of_points(tmp_path: Path, dialect: str, rounds: int) -> None:
    """One kill a round, every story before any comes again."""
    with running(tmp_path, dialect) as rig:
        for name, story in islice(endless(stories(dialect), dialect), rounds):
            played(rig, name, story)
    print(f"\n{dialect}: 0 lost, doubled, orphaned or naked in {rounds} kills: below {3 / rounds:.2%} at 95 %")


@pytest.mark.proof
@pytest.mark.parametrize("dialect", ["while_open", "never"])
def test_proof_of_what_stays_in_doubt(tmp_path: Path, dialect: str) -> None:
    """As `doubtful` says."""
    with running(tmp_path, dialect) as rig:
        doubtful(rig)
