"""The one writer: everything that waits shares a transaction, and so an fsync."""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Any

from core.values.changes import Change
from core.values.errors import Broken, DeskError, Transient
from core.values.ids import AlertId
from kit.timing import Seconds
from storage.sql.commit import Outcome, commit
from storage.sql.session import Connection, Step, WaitingAlert

log = logging.getLogger(__name__)

TURNS_MAX = 8
BATCHES_A_TIDYING = 50
WAITING_MAX = 10_000
"""Alerts and saves that may wait; a desk this far behind says no at once instead of later."""


class Writer:
    """Owns `db`, the only connection that writes. last_seq: the highest seq among the stored alerts. commits: how long
    they took."""

    def __init__(self, db: Connection, last_seq: int) -> None:
        self._db = db
        self._next_seq = last_seq + 1
        self._alerts: list[WaitingAlert] = []
        self._alert_futures: list[asyncio.Future[AlertId | None]] = []
        self._saves: list[Sequence[Step]] = []
        self._changes: list[Sequence[Change]] = []
        self._save_futures: list[asyncio.Future[None]] = []
        self._listeners: list[Callable[[Sequence[Change]], None]] = []
        self._refusal: DeskError | None = None
        self.commits = Seconds()
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run(), name="journal writer")

    def accept(self, alert: WaitingAlert) -> asyncio.Future[AlertId | None]:
        """None once the alert is on disk; the first one's id where it is a duplicate."""
        future: asyncio.Future[AlertId | None] = self._admit()
        self._alerts.append(alert)
        self._alert_futures.append(future)
        return future

    def listen(self, listener: Callable[[Sequence[Change]], None]) -> None:
        self._listeners.append(listener)

    def save(self, steps: Sequence[Step], changes: Sequence[Change] = ()) -> asyncio.Future[None]:
        """Done once every step is on disk; fails with Conflict or ValueError when none is.

        changes: what listeners are told then, also where the saver did not stay to hear it.
        """
        future: asyncio.Future[None] = self._admit()
        self._saves.append(steps)
        self._changes.append(changes)
        self._save_futures.append(future)
        return future

    async def close(self) -> None:
        """Write what waits, and let go of the database."""
        self._refusal = self._refusal or Transient("the journal is closed")
        self._wake.set()
        await asyncio.wait([self._task])
        try:
            await self._db.finish()
        finally:
            await self._db.close()

    def _admit(self) -> asyncio.Future[Any]:
        if self._refusal is not None:
            raise copy.copy(self._refusal)
        if len(self._alerts) + len(self._saves) >= WAITING_MAX:
            raise Transient("too much waits for the journal's disk")
        self._wake.set()
        return self._loop.create_future()

    async def _run(self) -> None:
        batches = 0
        try:
            while self._refusal is None or self._alerts or self._saves:
                await self._wake.wait()
                await self._gather()
                self._wake.clear()
                if self._alerts or self._saves:
                    await self._write()
                    batches += 1
                if batches >= BATCHES_A_TIDYING and not self._wake.is_set():
                    batches = 0
                    await self._tidy()
        finally:
            # Reached without a refusal only by a cancelled loop or a fault of ours: nobody may wait for ever.
            self._refusal = self._refusal or Broken("the journal's writer ended")
            _fail([*self._alert_futures, *self._save_futures], self._refusal)

    async def _tidy(self) -> None:
        """While nobody waits: in a burst it would stop everybody."""
        try:
            await self._db.tidy()
        except DeskError as error:
            log.warning("the journal could not be tidied", extra={"reason": str(error)})

    async def _gather(self) -> None:
        """Let what the loop has in hand come along: waking the writing thread costs more than a few turns of it."""
        before = 0
        for _ in range(TURNS_MAX):
            waiting = len(self._alerts) + len(self._saves)
            if waiting == before:
                return
            before = waiting
            turn = self._loop.create_future()
            self._loop.call_soon(turn.set_result, None)
            await turn

    async def _write(self) -> None:
        """One batch: all that waits."""
        alerts, self._alerts = self._alerts, []
        saves, self._saves = self._saves, []
        changes, self._changes = self._changes, []
        alert_futures, self._alert_futures = self._alert_futures, []
        save_futures, self._save_futures = self._save_futures, []
        first_seq, self._next_seq = self._next_seq, self._next_seq + len(alerts)  # a failed batch leaves a hole
        begun = perf_counter()
        try:
            outcome = await self._db.run(partial(commit, first_seq=first_seq, alerts=alerts, saves=saves))
            self.commits.observe(perf_counter() - begun)
            if len(outcome.duplicates) < len(alerts):
                changes.append(())
            self._tell_listeners(changes, outcome)
            _tell(outcome, alert_futures, save_futures)
        except DeskError as error:
            _fail([*alert_futures, *save_futures], error)
        finally:
            _fail([*alert_futures, *save_futures], Broken("the journal's writer ended"))

    def _tell_listeners(self, changes: list[Sequence[Change]], outcome: Outcome) -> None:
        """By the loop, so that a listener's fault is its own. Nothing saved: alerts came in, or the desk tidied up."""
        for place, saved in enumerate(changes):
            if place not in outcome.failures:
                for listener in self._listeners:
                    self._loop.call_soon(listener, saved)


def _tell(
    outcome: Outcome, alert_futures: list[asyncio.Future[AlertId | None]], save_futures: list[asyncio.Future[None]]
) -> None:
    """A future that is done already belongs to a waiter who was cancelled."""
    for place, alert in enumerate(alert_futures):
        if not alert.done():
            alert.set_result(outcome.duplicates.get(place))
    for place, save in enumerate(save_futures):
        if save.done():
            continue
        failure = outcome.failures.get(place)
        if failure is None:
            save.set_result(None)
        else:
            save.set_exception(failure)


def _fail(futures: Sequence[asyncio.Future[Any]], error: DeskError) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(copy.copy(error))  # one each: a raised exception keeps its raiser's traceback
