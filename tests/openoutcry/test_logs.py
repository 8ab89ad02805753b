"""What the process says, where it is written, and that no secret is in it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from core.values.people import owner_person
from kit.secrets import Redactor
from openoutcry.engine import build
from openoutcry.logs import FEEDS, REFUSALS_A_MINUTE, feed_of, log_files, set_up_logs
from openoutcry.settings import load_settings

SECRET = "hunter2-and-more"


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Path]:
    """The process's logs, set up in a directory; afterwards they are as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    set_up_logs(tmp_path, Redactor([SECRET]))
    yield tmp_path
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def fail(words: str) -> None:
    raise RuntimeError(words)


def written(logs: Path) -> str:
    """All of it, in every file."""
    return "".join(path.read_text(encoding="utf-8") for path in sorted(logs.rglob("*.*")))


def test_tc_52_every_feed_is_there() -> None:
    """The eight of them."""
    assert set(FEEDS) == {
        *("program", "data", "trading", "optimisation"),
        *("api", "visuals", "simulation", "health"),
    }


@pytest.mark.parametrize(
    ("logger", "feed"),
    [
        ("core.jobs.collecting", "data"),
        ("core.services.execution", "trading"),
        ("brokers.tinvest.client", "trading"),
        ("openoutcry.optimise_cli", "optimisation"),
        ("core.jobs.optimising", "optimisation"),
        ("openoutcry.optimising", "optimisation"),
        ("kit.http", "api"),
        ("dashboard.live", "api"),
        ("core.services.visuals", "visuals"),
        ("simulator.replay", "simulation"),
        ("core.services.health_checks", "health"),
        ("openoutcry.parts", "program"),
        ("corella", "program"),
        ("aiohttp.server", "program"),
    ],
)
def test_tc_52_who_says_it_decides_where_it_is_written(logger: str, feed: str) -> None:
    """By the logger's name; a name that only begins alike is another."""
    assert feed_of(logger) == feed


def test_tc_52_a_line_begins_with_level_and_time(logs: Path) -> None:
    """`[INFO 9:05AM.07.123]`, then who says it, what, and the facts beside it."""
    logging.getLogger("core.jobs.collecting").info("kept %d days", 3, extra={"symbol": "SBER"})
    [line] = log_files(logs).newest("data")
    assert re.fullmatch(
        r"\[INFO (1[0-2]|[1-9]):[0-5]\d[AP]M\.[0-5]\d\.\d{3}\] core\.jobs\.collecting: kept 3 days symbol=SBER", line
    )


def test_a_fault_is_logged_with_its_trace(logs: Path) -> None:
    """In the feed and in the JSON file."""
    try:
        fail("broken")
    except RuntimeError:
        logging.getLogger("kit.http").exception("error 1234")
    lines = log_files(logs).newest("api")
    assert lines[1].strip() == "Traceback (most recent call last):"
    assert lines[-1].strip() == "RuntimeError: broken"
    [row] = (logs / "desk.jsonl").read_text(encoding="utf-8").splitlines()
    assert "RuntimeError: broken" in json.loads(row)["exception"]


def test_refusals_that_anybody_can_cause_fill_no_log(logs: Path) -> None:
    """Neither the feed nor the JSON file."""
    for _ in range(1000):
        logging.getLogger("kit.http").info("GET /hook/{token}: 404 unknown_link ''")
    assert len(log_files(logs).newest("api")) <= 2 * REFUSALS_A_MINUTE  # a minute may end meanwhile
    assert written(logs).count("unknown_link") <= 4 * REFUSALS_A_MINUTE


def test_no_secret_is_written_anywhere(logs: Path) -> None:
    """Neither in what is said, nor beside it, nor in a trace."""
    try:
        fail(SECRET)
    except RuntimeError:
        logging.getLogger("kit.http").exception("at %s", SECRET, extra={"reason": f"of {SECRET}"})
    assert SECRET not in written(logs)
    assert written(logs).count("***") == 6


async def test_credentials_that_come_while_the_desk_runs_are_masked(tmp_path: Path) -> None:
    """From a person, and from the vault at the next start; a password of one letter blanks no log."""
    settings = load_settings(None, desk={"data_dir": tmp_path}, market={"still": True})
    for _ in range(2):
        redact = Redactor()
        async with AsyncExitStack() as stack:
            engine = await build(settings, stack, learn=redact.add)
            said = {"key_id": "o", "secret_key": SECRET}
            await engine.office.accounts.add("Mine", "alpaca", said, owner_person("test"))
        assert redact(f"so it is {SECRET}") == "so it is ***"
