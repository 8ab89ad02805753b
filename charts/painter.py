"""The Painter: draws in a process of its own, which starts with the first picture and ends when none is asked for."""

from __future__ import annotations

import asyncio
import logging
import pickle
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path

from core.ports import Clock
from core.values.charts import Chart
from core.values.errors import Transient

log = logging.getLogger(__name__)

IDLE_S = 60.0
PAINT_S_MAX = 10.0
_ROOMS = Path(__file__).resolve().parent.parent
_LENGTH = struct.Struct(">I")


class WorkerPainter:
    """One picture at a time. wire: real time, by which a worker is too slow or not needed any more."""

    def __init__(self, wire: Clock, language: str = "en") -> None:
        self._wire = wire
        self._language = language
        self._turn = asyncio.Lock()
        self._worker: Process | None = None
        self._rest: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Of the worker; None while there is none."""
        return self._worker.pid if self._worker else None

    async def paint(self, chart: Chart) -> bytes:
        """A PNG. Raises Transient where the worker died or hung: the next picture has a new one."""
        async with self._turn:
            self._stay()
            if self._worker is None or self._worker.returncode is not None:
                self._worker = await _started()
            done = False
            try:
                png = await self._in_time(self._worker, pickle.dumps((chart, self._language)))
                done = True
            except (OSError, asyncio.IncompleteReadError) as error:
                raise Transient(f"the painter died: {type(error).__name__}") from None
            finally:
                if done:
                    self._rest = asyncio.create_task(self._leave(), name="painter's rest")
                else:  # also when nobody waits any more: its answer would be taken for the next one's
                    await self._end()
            return png

    async def close(self) -> None:
        async with self._turn:
            self._stay()
            await self._end()

    async def _in_time(self, worker: Process, request: bytes) -> bytes:
        asked = asyncio.ensure_future(_ask(worker, request))
        late = asyncio.ensure_future(self._wire.sleep(PAINT_S_MAX))
        try:
            await asyncio.wait({asked, late}, return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                raise Transient(f"the painter took more than {PAINT_S_MAX:.0f} s")
            return asked.result()
        finally:
            asked.cancel()
            late.cancel()

    def _stay(self) -> None:
        """In our turn only: a rest that has begun to end the worker has it."""
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    async def _leave(self) -> None:
        await self._wire.sleep(IDLE_S)
        async with self._turn:
            await self._end()

    async def _end(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            with suppress(ProcessLookupError):
                worker.kill()
            await worker.communicate()  # closes its pipes as well


async def _started() -> Process:
    """Without our environment: it holds secrets. Raises Transient where no process can be made."""
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "charts.worker",
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env={"PYTHONPATH": str(_ROOMS)},
            start_new_session=True,  # a Ctrl-C at the terminal is ours to deal with
        )
    except OSError as error:
        raise Transient(f"no painter: {error.strerror}") from None


async def _ask(worker: Process, request: bytes) -> bytes:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(_LENGTH.pack(len(request)) + request)
    await worker.stdin.drain()
    (size,) = _LENGTH.unpack(await worker.stdout.readexactly(_LENGTH.size))
    return await worker.stdout.readexactly(size)
