"""Processes of our own that answer a line with a line: for work that would hold up the event loop.

They start when there is something to do, run at a lower priority, are given of our environment what is named alone (it
holds secrets), and end by themselves when we are gone, however we end: their input is a pipe that only we write to.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

NICENESS = 10
LINE_MAX = 1 << 20
_ENDING_S = 1.0
"""What a process that closed its output is given to be gone."""
_ROOMS = Path(__file__).resolve().parent.parent


class WorkerGone(Exception):
    """It died with the work, or could not be started."""


class Workers:
    """Up to `count` processes of `python -m module arguments`. passing: what of our environment they are given."""

    def __init__(self, module: str, arguments: Sequence[str], count: int = 1, passing: Sequence[str] = ()) -> None:
        self._command = (sys.executable, "-P", "-m", module, *arguments)
        self._passed = {name: os.environ[name] for name in passing if name in os.environ}
        self._free = asyncio.Semaphore(count)
        self._idle: list[Process] = []

    @property
    def idle(self) -> int:
        """Processes that wait for work."""
        return len(self._idle)

    async def ask(self, line: str) -> str:
        """The answer, without its line's end. One that is given up on takes its process with it. Raises WorkerGone."""
        async with self._free:
            worker = self._idle.pop() if self._idle else await self._started()
            answer = b""
            try:
                assert worker.stdin is not None
                assert worker.stdout is not None
                worker.stdin.write(line.encode() + b"\n")
                await worker.stdin.drain()
                answer = await worker.stdout.readline()
            except (OSError, ValueError) as error:
                raise WorkerGone(type(error).__name__) from None
            finally:
                if answer.endswith(b"\n"):
                    self._idle.append(worker)
                else:
                    await _end(worker)
            if not answer:
                raise WorkerGone(f"exit {worker.returncode}")
            return answer.decode().rstrip("\n")

    async def rest(self) -> None:
        """End those that wait; the next question starts one anew."""
        waiting, self._idle = self._idle, []
        for worker in waiting:
            await _end(worker)

    async def _started(self) -> Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self._command,
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={**self._passed, "PYTHONPATH": str(_ROOMS), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
                start_new_session=True,  # a Ctrl-C at the terminal is ours to deal with
                limit=LINE_MAX,
            )
        except OSError as error:
            raise WorkerGone(f"not started: {error.strerror}") from None


def serve(answer: Callable[[str], str]) -> None:
    """The worker's side: answer line by line until the input ends."""
    os.nice(NICENESS)
    for line in sys.stdin:
        sys.stdout.write(answer(line.rstrip("\n")) + "\n")
        sys.stdout.flush()


async def _end(worker: Process) -> None:
    assert worker.stdout is not None
    if worker.stdout.at_eof():  # it ends by itself; a signal now could reap it before asyncio reads its exit code
        with suppress(TimeoutError):
            async with asyncio.timeout(_ENDING_S):
                await worker.wait()
    if worker.returncode is None:
        with suppress(ProcessLookupError):
            worker.kill()
    await worker.communicate()  # closes its pipes as well
