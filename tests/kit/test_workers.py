"""Processes that answer a line with a line."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kit.workers import WorkerGone, Workers
from tests.process import HOUSE

MODULE = "tests.kit.working"


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    made = Workers(MODULE, ["an", "argument"])
    yield made
    await made.rest()


def alive(pid: str) -> bool:
    return Path(f"/proc/{pid}/stat").exists()


async def test_a_line_is_answered_with_a_line(workers: Workers) -> None:
    """By a process that was given its arguments and stays for the next one."""
    assert await workers.ask("hello") == "hello an argument"
    assert await workers.ask("pid") == await workers.ask("pid")


async def test_questions_wait_for_their_turn(workers: Workers) -> None:
    """One process, many who ask: each has its own answer."""
    answers = await asyncio.gather(*(workers.ask(f"{number}") for number in range(20)))
    assert answers == [f"{number} an argument" for number in range(20)]
    assert workers.idle == 1


async def test_several_work_at_once() -> None:
    """As many as there may be, and no more."""
    workers = Workers(MODULE, [], 2)
    try:
        pids = await asyncio.gather(*(workers.ask("pid") for _ in range(8)))
        assert 1 <= len(set(pids)) <= 2
    finally:
        await workers.rest()


async def test_our_secrets_stay_with_us(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment is not ours, and its priority is lower."""
    monkeypatch.setenv("OPENOUTCRY_SERVER__API_TOKEN", "secret")
    assert "OPENOUTCRY" not in await workers.ask("env")
    assert int(await workers.ask("nice")) >= 10


async def test_what_is_named_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing beside it."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials")
    monkeypatch.setenv("OPENOUTCRY_SERVER__API_TOKEN", "secret")
    workers = Workers(MODULE, [], passing=("CREDENTIALS_DIRECTORY", "NOT_SET"))
    try:
        said = await workers.ask("env")
    finally:
        await workers.rest()
    assert "CREDENTIALS_DIRECTORY" in said
    assert "OPENOUTCRY" not in said


async def test_a_worker_that_dies_is_told_and_the_next_one_works(workers: Workers) -> None:
    """The work that killed it is lost, no other."""
    with pytest.raises(WorkerGone, match="exit 3"):
        await workers.ask("die")
    assert await workers.ask("hello") == "hello an argument"


async def test_work_that_is_given_up_takes_its_process_with_it(workers: Workers) -> None:
    """Else its answer would be taken for the next one's."""
    pid = await workers.ask("pid")
    hanging = asyncio.create_task(workers.ask("hang"))
    while workers.idle:  # noqa: ASYNC110 - until the question is on its way
        await asyncio.sleep(0)
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)
    assert not alive(pid)
    assert await workers.ask("hello") == "hello an argument"


async def test_a_module_that_is_not_there_is_told() -> None:
    """As a process that ended."""
    with pytest.raises(WorkerGone):
        await Workers("tests.kit.no_such_module", []).ask("hello")


async def test_at_rest_there_are_no_processes(workers: Workers) -> None:
    """Their memory is given back; the next question starts one anew."""
    pid = await workers.ask("pid")
    await workers.rest()
    assert not alive(pid)
    assert await workers.ask("pid") != pid


def test_it_ends_when_its_parent_is_killed() -> None:
    """However that ends: its input is a pipe of the parent's."""
    script = (
        "import asyncio, os, signal\n"
        "from kit.workers import Workers\n"
        "async def main():\n"
        f"    print(await Workers({MODULE!r}, []).ask('pid'), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], cwd=HOUSE, capture_output=True, text=True, check=False)
    stat = Path(f"/proc/{killed.stdout.strip()}/stat")
    for _ in range(100_000):
        if not stat.exists() or ") Z " in stat.read_text(encoding="utf-8"):
            return
        subprocess.run(["sleep", "0.01"], check=False)
    raise AssertionError("it lives on")
