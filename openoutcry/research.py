"""What runs for research and strategies while the desk does: the collector of candles, the day trader, visuals and
health checks."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

from charts.painter import WorkerPainter
from core.jobs.collecting import Collecting
from core.jobs.day_trading import DayTrader, Wish
from core.jobs.optimising import Optimising
from core.ports.strategies import Analyst
from core.rules.candles import zone
from core.services.health_checks import HealthChecks
from core.services.research import ProcessState, Research
from core.services.visuals import Visuals
from core.values.orders import Refused
from openoutcry.background import kept
from openoutcry.collecting import candle_store, models_dir, open_collecting
from openoutcry.engine import Engine
from openoutcry.health_process import HealthProcess
from openoutcry.settings import Settings, SettingsError
from openoutcry.weighing import ProcessWeights, weights_dir
from strategies.analyst import Lottery
from strategies.kinds import Kind, kinds


def open_research(
    settings: Settings, engine: Engine, stack: AsyncExitStack
) -> tuple[Research, list[Coroutine[None, None, None]]]:
    """What there is of it, and what is to run; nothing where the settings ask for nothing.

    Raises SettingsError, Broken, Locked.
    """
    candles = open_collecting(settings, engine.desk, stack)
    trader = open_day_trader(settings, engine, candles)
    research, works = Research(), list[Coroutine[None, None, None]]()
    if candles is not None:
        research = _looked_at(settings, engine, candles, stack)
        works.append(kept("candles", candles.run, engine.wire))
        works.append(kept("visuals and health checks", partial(_looking, research, candles), engine.wire))
    if trader is not None:
        research = replace(research, states={**research.states, "day_trader": partial(_state, candles, "waiting")})
        works.append(kept("day trader", trader.run, engine.wire))
        if (optimising := open_optimising(settings, engine, candles)) is not None:
            research = replace(research, states={**research.states, "optimiser": partial(_state, candles, "waiting")})
            works.append(kept("optimiser", optimising.run, engine.wire))
    return research, works


def _looked_at(settings: Settings, engine: Engine, candles: Collecting, stack: AsyncExitStack) -> Research:
    calendars = candles.calendars
    painter = WorkerPainter(engine.wire, settings.desk.language) if settings.pictures.on else None
    if painter is not None:
        stack.push_async_callback(painter.close)
    perform = HealthProcess(settings, calendars, engine.clock).perform
    return Research(
        states={"collector": partial(_state, candles, "loading")},
        symbols=list(calendars),
        visuals=Visuals(engine.desk, candle_store(settings), calendars, painter, settings.pictures.theme),
        checks=HealthChecks(engine.desk, perform, list(calendars), zone(next(iter(calendars.values())))),
        recollect=candles.recollect,
    )


async def _looking(research: Research, candles: Collecting) -> None:
    """Once there is something to look at."""
    assert research.visuals is not None
    assert research.checks is not None
    await candles.loaded.wait()
    async with asyncio.TaskGroup() as group:
        group.create_task(research.visuals.run(), name="visuals")
        group.create_task(research.checks.run(), name="health checks")


def _state(candles: Collecting | None, before: str) -> ProcessState:
    """before: what it does until the candles are loaded."""
    return ProcessState.RUNNING if candles is None or candles.loaded.is_set() else ProcessState(before)


def open_day_trader(settings: Settings, engine: Engine, candles: Collecting | None) -> DayTrader | None:
    """None where no strategies are named. Raises SettingsError for what cannot be traded so."""
    section = settings.day_trading
    if not section.strategies:
        return None
    known = kinds(settings.strategies.figures())
    if unknown := sorted(set(section.strategies) - known.keys()):
        raise SettingsError(f"day_trading.strategies: there is no {unknown[0]}; there are {', '.join(sorted(known))}")
    account = engine.desk.directory.account(section.account or None)
    if isinstance(account, Refused):
        raise SettingsError("day_trading.account: name one of the accounts")
    for symbol in section.symbols:
        if isinstance(engine.desk.directory.find(account.name, symbol), Refused):
            raise SettingsError(f"day_trading.symbols: account {account.name} trades no {symbol}")
    analyst = _analyst(settings, {name: known[name] for name in section.strategies}, candles)
    wish = Wish(
        account,
        section.strategies,
        section.symbols,
        section.every_s,
        section.runs_max,
        protects=section.day_trade_protection and account.currency == "USD",
    )
    return DayTrader(engine.desk, engine.supervisor, engine.strategies, analyst, wish)


def _analyst(settings: Settings, chosen: dict[str, Kind], candles: Collecting | None) -> Analyst:
    draw = random.Random()  # noqa: S311 - a lottery of strategies keeps no secret
    asking = sorted(name for name, kind in chosen.items() if kind.wants.names)
    if not asking:
        return Lottery(draw)
    if candles is None:
        raise SettingsError(
            f"day_trading: {asking[0]} asks models, which learn from candles: name symbols in [collect]"
        )
    if unlearnt := sorted(set(settings.day_trading.symbols) - candles.calendars.keys()):
        raise SettingsError(
            f"day_trading.symbols: {unlearnt[0]} is not in collect.symbols, and {asking[0]} asks models that learn from"
            " its candles"
        )
    from strategies.advising import ModelAnalyst  # noqa: PLC0415 - numpy, only where models are asked
    from strategies.analyses import Analyses  # noqa: PLC0415 - as above
    from strategies.scales import Scales  # noqa: PLC0415 - as above
    from strategies.shelf import Shelf  # noqa: PLC0415 - as above

    analyses = Analyses(Shelf(models_dir(settings)), candles.recent)
    return ModelAnalyst(analyses, chosen, candles.loaded.is_set, draw, Scales(weights_dir(settings)))


def open_optimising(settings: Settings, engine: Engine, candles: Collecting | None) -> Optimising | None:
    """None where no strategy that trades weighs what models say."""
    section = settings.day_trading
    known = kinds(settings.strategies.figures())
    weighing = tuple(name for name in section.strategies if known[name].wants.weights)
    if candles is None or not weighing:
        return None
    calendars = {symbol: candles.calendars[symbol] for symbol in section.symbols}
    return Optimising(ProcessWeights(settings), calendars, weighing, engine.clock, candles.loaded.wait)
