"""Strategies begun by the desk itself: inside their hours, on symbols that the models like, one lottery a look.

Every run is a task of its own (core.jobs.strategies); this only decides that one begins.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from core.jobs.strategies import KIND, StrategyRuns, strategy_task
from core.ports.strategies import Analyst, Trip
from core.rules.candles import today
from core.rules.day_trades import day_trades, may_day_trade
from core.services.desk import Desk
from core.services.run_records import RunRecords
from core.services.supervisor import Supervisor
from core.values.accounts import Account, Mode
from core.values.errors import DeskError, Rejected, Transient
from core.values.ids import TaskId, derive_id
from core.values.instrument import Instrument
from core.values.orders import Refused
from core.values.people import owner_person
from core.values.tasks import Task

log = logging.getLogger(__name__)

LEFT_MIN = timedelta(seconds=30)
"""A window that closes sooner is not worth beginning in."""
LOOKS_BACK = timedelta(days=14)
"""Five market days lie within it, whatever the holidays."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the desk may trade by itself. strategies, symbols: names. runs_max: at the same time. protects: by the rule
    on day trades of small accounts (core.rules.day_trades)."""

    account: Account
    strategies: Collection[str]
    symbols: Collection[str]
    every_s: float = 30.0
    runs_max: int = 1
    protects: bool = False


class DayTrader:
    def __init__(self, desk: Desk, supervisor: Supervisor, runs: StrategyRuns, analyst: Analyst, wish: Wish) -> None:
        self._desk, self._supervisor, self._runs = desk, supervisor, runs
        self._analyst, self._wish = analyst, wish

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except DeskError as error:
                log.warning("no look for a trade", extra={"reason": str(error)})
            await self._desk.wire.sleep(self._wish.every_s)

    async def look(self) -> Task | None:
        """Begin one run where one is due; the task that began."""
        wish, busy = self._wish, self._running()
        if self._desk.safety.halt is not None or len(busy) >= wish.runs_max or not await self._analyst.ready():
            return None
        if wish.protects and not await self._may_day_trade():
            return None
        pairs = {f"{name} {symbol}": (name, symbol) for name in self._open() for symbol in sorted(wish.symbols)}
        viable = [title for title, pair in pairs.items() if title not in busy and await self._viable(*pair)]
        if not viable:
            return None
        trips = await self._trips()
        chosen = self._analyst.choose({title: trips.get(title, ()) for title in viable})
        if chosen is None:
            return None
        return await self._begin(*pairs[chosen])

    async def _may_day_trade(self) -> bool:
        account, now = self._wish.account.name, self._desk.clock.now()
        fills = await self._desk.store.fills_since(now - LOOKS_BACK, account)
        instruments = (self._desk.directory.find(account, symbol) for symbol in self._wish.symbols)
        calendar = next((found.calendar for found in instruments if isinstance(found, Instrument)), "NYSE")
        made = day_trades(fills, calendar, today(calendar, now))
        return may_day_trade(made, (await self._desk.venues[account].broker.margin()).equity)

    def _running(self) -> set[str]:
        mine = [task for task in self._supervisor.unfinished() if task.kind == KIND]
        return {task.title for task in mine if task.account == self._wish.account.name}

    def _open(self) -> list[str]:
        """Strategies that may begin now. One that is experimental never gets real money."""
        now, live = self._desk.clock.now(), self._wish.account.mode is Mode.LIVE
        found = []
        for name in sorted(self._wish.strategies):
            kind = self._runs.kinds[name]
            left = kind.window.left(now)
            if left is not None and left > LEFT_MIN and not (live and kind.experimental):
                found.append(name)
        return found

    async def _viable(self, strategy: str, symbol: str) -> bool:
        instrument = self._desk.directory.find(self._wish.account.name, symbol)
        if isinstance(instrument, Refused):
            log.warning("not traded", extra={"symbol": symbol, "reason": instrument.code})
            return False
        try:
            return await self._judged(strategy, instrument)
        except (Transient, Rejected) as error:
            log.warning("not judged", extra={"symbol": symbol, "reason": str(error)})
            return False

    async def _judged(self, strategy: str, instrument: Instrument) -> bool:
        now, analyst = self._desk.clock.now(), self._analyst
        return await analyst.first_round(strategy, instrument, now) and await analyst.second_round(
            strategy, instrument, now
        )

    async def _trips(self) -> Mapping[str, Sequence[Trip]]:
        """How the runs of each pair went on this account, newest first."""
        found: defaultdict[str, list[Trip]] = defaultdict(list)
        async for task in RunRecords(self._desk).tasks():
            if task.account == self._wish.account.name:
                found[task.title].append(self._trip(task))
        return found

    def _trip(self, task: Task) -> Trip:
        profit, instrument = task.checkpoint.get("profit"), None
        if task.account is not None and task.ticker is not None:
            instrument = self._desk.directory.find(task.account, task.ticker)
        if profit is None or task.average_price is None or not isinstance(instrument, Instrument):
            return Trip(None)
        return Trip(100 * Decimal(profit) / instrument.notional(task.average_price, task.done))

    async def _begin(self, strategy: str, symbol: str) -> Task | None:
        account, now = self._wish.account, self._desk.clock.now()
        task_id = TaskId(derive_id(self._desk.desk_id, "run", strategy, account.name, symbol, now.isoformat()))
        task = strategy_task(task_id, strategy, account, symbol, now)
        started = await self._supervisor.start(replace(task, command="day trader"), owner_person("desk"))
        return None if isinstance(started, Refused) else started
