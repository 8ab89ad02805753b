"""Mean reversion as a strategy: from signals to a position and the orders that leave it (behaviour.md 2.11).

Bars are traded as the chart's own broker emulator trades them: a signal fills at the close of its bar; within a bar
the price goes from the open to the nearer of high and low, then to the other, then to the close; a level that the open
has jumped over fills at the open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from core.rules.exits import breakeven_price
from core.values.market import Candle
from core.values.money import Price
from core.values.orders import Side
from strategies.mean_reversion import Look, Rules, Signals, to_tick

ENTRY, TP1, TP2, TP, CLOSE = "Entry", "TP1", "TP2", "TP", "Close"
"""The script's orders by id; the last is what leaves at the average."""


@dataclass(frozen=True, slots=True)
class Part:
    """One exit order: a limit at `level`, and the position's stop. percent: of the position as it was entered.
    message: what its limit says; a stop always says `exit`."""

    name: str
    level: Price
    percent: Decimal
    message: str


@dataclass(frozen=True, slots=True)
class Position:
    """What the script holds. parts: what still works, nearest first; together they are the whole position."""

    side: Side
    entry: Price
    stop: Price
    target: Price
    breakeven: Price
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class OrderFill:
    """One order that filled, and so one alert. order, side: its id in the script and its side. percent: of the
    position as it was entered. position: as the script's last reckoning saw it."""

    bar: Candle
    order: str
    side: Side
    price: Price
    percent: Decimal
    message: str
    position: Position


class MeanReversion:
    """Fed with closed bars, oldest first; tells what filled within and at the close of each.

    One position at a time. At a stop every part that is left fills by itself, so up to three equal `exit` alerts go
    out; the desk takes them as one.
    """

    def __init__(self, rules: Rules, tick: Decimal) -> None:
        self._signals = Signals(rules, tick)
        self._rules, self._tick = rules, tick
        self.position: Position | None = None

    def take(self, bar: Candle) -> list[OrderFill]:
        look = self._signals.take(bar)
        fills: list[OrderFill] = []
        if self.position is not None:
            fills += _within(self.position, bar)
            self.position = _left(self.position, fills)
        return fills + (self._enter(look) if self.position is None else self._at_close(self.position, look))

    def _enter(self, look: Look) -> list[OrderFill]:
        if look.side is None:
            return []
        levels = look.levels(look.side)
        assert levels.stop is not None
        assert levels.target is not None
        position = self._open(look.side, look.bar.close, levels.stop, levels.target)
        self.position = position
        return [OrderFill(look.bar, ENTRY, look.side, look.bar.close, Decimal(100), "entry", position)]

    def _open(self, side: Side, entry: Price, stop: Price, target: Price) -> Position:
        rules, distance = self._rules, abs(entry - stop)
        breakeven = to_tick(breakeven_price(entry, side, rules.fee_percent), self._tick)
        parts: list[Part] = []
        if rules.partials:
            for name, mult, message in ((TP1, rules.tp1_mult, "tp1_breakeven"), (TP2, rules.tp2_mult, "tp2")):
                level = to_tick(entry + side.sign * mult * distance, self._tick)
                parts.append(Part(name, level, rules.tp_close, message))
        rest = 100 - sum((part.percent for part in parts), Decimal(0))
        parts.append(Part(TP, target, rest, "exit"))
        parts.sort(key=lambda part: side.sign * part.level)
        return Position(side, entry, stop, target, breakeven, tuple(parts))

    def _at_close(self, held: Position, look: Look) -> list[OrderFill]:
        """Back at the average: out. Else the stop goes to breakeven once TP1 was reached, and works at once."""
        close, sign = look.bar.close, held.side.sign
        if look.ema is not None and sign * close > sign * look.ema:
            self.position = None
            left = sum((part.percent for part in held.parts), Decimal(0))
            return [OrderFill(look.bar, CLOSE, held.side.opposite, close, left, "exit", held)]
        if self._rules.partials and all(part.name != TP1 for part in held.parts):
            held = replace(held, stop=held.breakeven)
        fills = list(_at(held, look.bar, close, at_market=True))
        self.position = _left(held, fills)
        return fills


def _within(held: Position, bar: Candle) -> Iterator[OrderFill]:
    turns = (bar.high, bar.low) if bar.high - bar.open < bar.open - bar.low else (bar.low, bar.high)
    left: Position | None = held
    for number, point in enumerate((bar.open, *turns, bar.close)):
        if left is not None:
            fills = list(_at(left, bar, point, at_market=number == 0))
            left = _left(left, fills)
            yield from fills


def _at(held: Position, bar: Candle, point: Price, *, at_market: bool) -> Iterator[OrderFill]:
    """What fills once the price has come to `point`: at the levels it went through, or all of it at the market."""
    side, sign = held.side.opposite, held.side.sign
    stopped = sign * point <= sign * held.stop
    for part in held.parts:
        if stopped:
            yield OrderFill(bar, part.name, side, point if at_market else held.stop, part.percent, "exit", held)
        elif sign * point >= sign * part.level:
            price = point if at_market else part.level
            yield OrderFill(bar, part.name, side, price, part.percent, part.message, held)


def _left(held: Position, fills: list[OrderFill]) -> Position | None:
    filled = {fill.order for fill in fills}
    parts = tuple(part for part in held.parts if part.name not in filled)
    return replace(held, parts=parts) if parts else None
