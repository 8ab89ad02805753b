"""`openoutcry collect`: candles of past days, and models trained on them, without a desk that trades."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from core.clock import SystemClock
from core.ports import Feed, World
from core.rules.candles import last_ended, market_days
from core.services.collecting import Collected, Collector, Subject, days_up_to
from core.services.directory import Directory
from core.values.errors import POISON
from core.values.ids import AccountName
from openoutcry.collecting import ProcessTrainer, candle_store, candles_dir, claim, subject_of
from openoutcry.lock import only_desk
from openoutcry.settings import Settings, SettingsError, load_settings
from openoutcry.venues import FACTORIES, account_of, made, open_market

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it

BAR = 30
DEMO_DATA = Path("data/demo")


def add_commands(commands: Commands) -> None:
    collect = commands.add_parser("collect", help="candles of past days, and models trained on them")
    collect.add_argument("--settings", type=Path, metavar="FILE")
    collect.add_argument("--market", choices=["demo"], help="the built-in market's history instead of the accounts'")
    collect.add_argument("--seed", type=int, help="of the built-in market")
    collect.add_argument("--data-dir", type=Path, metavar="DIR")
    collect.add_argument("--symbol", action="append", metavar="S", help="may be given more than once")
    collect.add_argument("--days", type=int, metavar="N", help="market days; default collect.days")
    collect.add_argument("--from", dest="first", type=date.fromisoformat, metavar="DAY", help="instead of --days")
    collect.add_argument("--again", action="store_true", help="also days that are on file")
    collect.add_argument("--no-training", action="store_true", help="candles alone")
    collect.set_defaults(command=_collect)


def _collect(options: argparse.Namespace) -> int:
    desk = {} if options.data_dir is None else {"data_dir": options.data_dir}
    market = {} if options.seed is None else {"seed": options.seed}
    settings = load_settings(options.settings, desk=desk, market=market)
    if options.market and "data_dir" not in settings.desk.model_fields_set:
        settings = settings.model_copy(update={"desk": settings.desk.model_copy(update={"data_dir": DEMO_DATA})})
    if options.days is not None and options.days < 1:
        raise SettingsError("--days: must be at least 1")
    with only_desk(candles_dir(settings)):
        return 0 if asyncio.run(_collected(settings, options)) else 1


async def _collected(settings: Settings, options: argparse.Namespace) -> bool:
    """Whether every symbol could be asked for."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        names = options.symbol or settings.collect.symbols
        subjects = await _subjects(settings, names, stack, demo=bool(options.market))
        claim(settings, subjects)
        trainer = None if options.no_training else ProcessTrainer(settings)
        if trainer is not None:
            stack.push_async_callback(trainer.rest)
        store = candle_store(settings)
        collector = Collector(store, clock, trainer, progress=_progress)
        well = True
        for subject in subjects:
            last = last_ended(subject.calendar, clock.now(), timedelta(minutes=settings.collect.after_close_min))
            days = days_up_to(subject.calendar, last, options.days or settings.collect.days)
            if options.first is not None:
                days = market_days(subject.calendar, options.first, last)
            try:
                found = await collector.catch_up(subject, days, again=options.again)
                kept = await asyncio.to_thread(store.days, subject.symbol)
                print("\n".join(_said(found, len(kept))), flush=True)
            except POISON as error:
                print(f"{subject.symbol}: not collected: {error}", file=sys.stderr)
                well = False
        return well


async def _subjects(settings: Settings, names: Sequence[str], stack: AsyncExitStack, *, demo: bool) -> list[Subject]:
    """Connected. Raises SettingsError, or what a broker raises that cannot be reached."""
    clock, directory, feeds = SystemClock(), Directory(settings.tickers), dict[AccountName, Feed]()
    market = await open_market(settings, clock, clock, stack)
    if demo:
        listed = market.instruments("RUB")
        names = names or [instrument.ticker for instrument in listed]
        known = {instrument.ticker: Subject(instrument.ticker, instrument.calendar, market) for instrument in listed}
        if unknown := sorted({name.upper() for name in names} - known.keys()):
            raise SettingsError(f"--symbol: the built-in market does not list {', '.join(unknown)}")
        return [known[name.upper()] for name in names]
    if not names:
        raise SettingsError("collect.symbols: there are none; name some, or give --symbol")
    for section in settings.accounts:
        account = account_of(section, live=False)
        if section.broker == "paper":
            directory.put(account, market.instruments(account.currency))
            feeds[account.name] = market
            continue
        broker = made(section, account, World(clock, clock), FACTORIES, teller=True)
        await broker.start()
        stack.push_async_callback(broker.close)
        directory.put(account, await broker.instruments())
        feeds[account.name] = getattr(broker, "feed", market)
    return [subject_of(directory, feeds, name) for name in names]


def _progress(symbol: str, done: int, everything: int) -> None:
    """A bar a symbol on standard error; where nobody watches, a line when it is done."""
    if not everything or (not sys.stderr.isatty() and done < everything):
        return
    filled = BAR * done // everything
    end = "\n" if done == everything else ""
    print(f"\r{symbol:12} [{'#' * filled}{'.' * (BAR - filled)}] {done}/{everything}", end=end, file=sys.stderr)


def _said(found: Collected, kept: int) -> list[str]:
    """What came of a symbol: days, gaps with their reasons, models."""
    lines = [f"{found.symbol}: {len(found.fetched)} days collected, {kept} on file"]
    lines += [f"{found.symbol}: {name} was damaged and is set aside" for name in found.damaged]
    lines += [f"{found.symbol}: {day} is missing ({', '.join(sorted(why))})" for day, why in found.faulty.items()]
    lines += [f"{found.symbol}: {model}: {said}" for model, said in found.lessons.items()]
    return lines
