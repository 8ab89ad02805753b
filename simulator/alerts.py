"""The alerts one really received, traded again through the whole desk, with other exits and sizes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from core.rules.aims import away
from core.values.alerts import Alert, AlertKind, AlertRecord, AlertStatus, Levels, Source
from core.values.instrument import Instrument
from core.values.money import Price
from core.values.orders import Side
from simulator.market import Bar, Conditions, beats
from simulator.replay import Stage, breathe
from simulator.script import History
from simulator.trades import Execution, Outcome, joined

HANDED_IN = frozenset({AlertStatus.ACCEPTED})
TRADED = frozenset({AlertKind.ENTRY, AlertKind.EXIT, AlertKind.BREAKEVEN})


@dataclass(frozen=True, slots=True)
class Otherwise:
    """What is asked for otherwise than the alerts did; None: as they came. Percentages of the alert's price."""

    stop_percent: Decimal | None = None
    target_percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AlertPlan:
    """alerts: of the history's one instrument, oldest first. until: when the past ends. risk_percent: of the money that
    is free, lost at the stop: it makes the size."""

    alerts: tuple[Alert, ...]
    history: History
    until: datetime
    otherwise: Otherwise = field(default_factory=Otherwise)
    cash: Decimal = Decimal(30_000)
    risk_percent: Decimal = Decimal(1)
    conditions: Conditions = field(default_factory=Conditions)


def chosen(records: Sequence[AlertRecord], ticker: str) -> tuple[Alert, ...]:
    """Those of a journal that were to be traded in one ticker, oldest first: not repeated, stale or throttled ones."""
    mine = [
        record.alert
        for record in records
        if record.status in HANDED_IN and record.alert.kind in TRADED and record.alert.ticker == ticker
    ]
    return tuple(sorted(mine, key=lambda alert: alert.received_at))


def asked(alert: Alert, otherwise: Otherwise, last: Price | None, instrument: Instrument) -> Alert:
    """The alert as an order alert for the one account there is: what its link said of it is not known any more.

    last: what it is priced at where it names no price.
    """
    price = alert.price or last
    plain = replace(alert, source=Source.ORDER, link=None, account=None, price=price, approval="none", exchange="")
    if alert.side is None or price is None:
        return plain
    levels = _levels(alert.levels(alert.side), otherwise, price, alert.side, instrument)
    return replace(plain, long=levels) if alert.side is Side.BUY else replace(plain, short=levels)


def _levels(levels: Levels, otherwise: Otherwise, price: Price, side: Side, instrument: Instrument) -> Levels:
    stop, target = otherwise.stop_percent, otherwise.target_percent
    if stop is not None:
        levels = replace(levels, stop=instrument.price_nearest(away(price, -stop, side)))
    if target is not None:
        levels = replace(levels, target=instrument.price_nearest(away(price, target, side)))
    return levels


async def replay_alerts(plan: AlertPlan, stage: Stage, accept: Callable[[Alert], Awaitable[object]]) -> Outcome:
    """Each alert comes in at its own moment, between the prices of then. Bars are played while anything is at work, and
    from the bar of an alert on; others are left out."""
    waiting, bars, days = list(plan.alerts), 0, set()
    for bar in _bars(plan):
        ends = bar.at + plan.history.interval_s
        due = bool(waiting) and waiting[0].received_at.timestamp() < ends
        held = await stage.held()
        if not due and not held and not stage.working():
            continue
        bars += 1
        days.add(datetime.fromtimestamp(bar.at, UTC).date())
        for beat in beats(bar, plan.history.interval_s, held, plan.conditions):
            await _hand_in(plan, stage, accept, waiting, beat.at)
            await _go_to(stage, datetime.fromtimestamp(beat.at, UTC))
            await stage.feed.tell(beat, stage.rest)
            await breathe(stage)
        await _hand_in(plan, stage, accept, waiting, ends)
    fills = await stage.fills()
    return Outcome(
        joined(Execution(fill.at, fill.side, fill.quantity, fill.price, fill.fee) for fill in fills),
        tuple(alert.received_at for alert in plan.alerts if alert.kind is AlertKind.ENTRY),
        len({fill.order_id for fill in fills if fill.side is Side.BUY}),
        await stage.orders(),
        bars,
        tuple(sorted(days)),
    )


def _bars(plan: AlertPlan) -> Sequence[Bar]:
    if not plan.alerts:
        return []
    first = plan.alerts[0].received_at - timedelta(seconds=plan.history.interval_s)
    return [bar for bar in plan.history.bars(first, plan.until) if not plan.conditions.halted(bar.at)]


async def _go_to(stage: Stage, moment: datetime) -> None:
    """Everybody's time is this moment, and whoever slept until then has had a turn."""
    await stage.clock.advance(max(0.0, (moment - stage.clock.now()).total_seconds()))
    stage.wire.leap(moment)
    await stage.rest()


async def _hand_in(
    plan: AlertPlan, stage: Stage, accept: Callable[[Alert], Awaitable[object]], waiting: list[Alert], before: int
) -> None:
    """Every alert that came before this second; one of a time without prices comes with the next of them."""
    while waiting and waiting[0].received_at.timestamp() < before and stage.feed.last is not None:
        alert = waiting.pop(0)
        await _go_to(stage, alert.received_at)
        here = replace(alert, received_at=stage.clock.now())
        await accept(asked(here, plan.otherwise, stage.feed.last, plan.history.instrument))
        await stage.rest()
        await breathe(stage)
