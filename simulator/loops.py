"""The loops of simulator/brackets.py: plain whole numbers and columns in, executions out, as numba can compile it.

`looked` and `search` are what `brackets.played` makes of the columns. Where nothing is compiled, what is waited for is
searched for in growing blocks; compiled, looking at every bar is faster. Types are Any because the compiler finds them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiling import COMPILED, compiled

OPEN, HIGH, LOW, CLOSE = 0, 1, 2, 3
FLAT, HELD = (OPEN, HIGH, LOW, CLOSE), (OPEN, LOW, HIGH, CLOSE)
"""The order of a bar's prices by what is held before it, as `simulator.market.beats` has it."""
NEVER = 2**62
"""A second or a price that does not come."""
MOST = 2**61
"""What sums of money stay below, in the units they are reckoned in."""
BLOCK, LARGEST = 64, 1 << 14


def _jump(row: Any, last: Any, looked: Any, search: Any, tail: Any, terms: Any) -> Any:  # noqa: ARG001 - as _walk
    after = search[4]
    while row < last and after[row] != row:
        row = after[row]
    return row


def _walk(row: Any, last: Any, looked: Any, search: Any, tail: Any, terms: Any) -> Any:
    """The next bar that a run begins with which is filled; `last` where there is none. Where its stop would fire before
    it is bought, a run is over at once."""
    at, _, bid, _, _, limits, ends = looked
    while row < last:
        limit, here, until = limits[row], row, min(at[row] + terms.wait_s, ends[row])
        while limit > 0 and bid[0, row] > -(-limit * terms.stop // terms.whole):
            if search[1][here] <= limit:
                return row
            if at[here] + tail >= until or here + 1 == last:
                break
            here += 1
        row = here + 1
    return last


def _find_dip(search: Any, limit: Any, row: Any, last: Any) -> Any:
    column, width = search[1], BLOCK
    while row < last:
        hit = column[row : row + width] <= limit
        if hit.any():
            return row + int(hit.argmax())
        row, width = row + width, min(2 * width, LARGEST)
    return last


def _scan_dip(search: Any, limit: Any, row: Any, last: Any) -> Any:
    """The next bar whose ask falls so far."""
    while row < last and search[1][row] > limit:
        row += 1
    return row


def _find_turn(search: Any, row: Any, last: Any, floor: Any, ceiling: Any, moment: Any) -> Any:
    at, _, lows, highs, _ = search
    width = BLOCK
    while row < last:
        part = slice(row, row + width)
        hit = (lows[part] <= floor) | (highs[part] >= ceiling) | (at[part] >= moment)
        if hit.any():
            return row + int(hit.argmax())
        row, width = row + width, min(2 * width, LARGEST)
    return last


def _scan_turn(search: Any, row: Any, last: Any, floor: Any, ceiling: Any, moment: Any) -> Any:
    """The next bar that falls to the floor, rises to the ceiling, or begins at that moment or later."""
    at, _, lows, highs, _ = search
    while row < last and lows[row] > floor and highs[row] < ceiling and at[row] < moment:
        row += 1
    return row


_begun = compiled(_walk) if COMPILED else _jump
_dip = compiled(_scan_dip) if COMPILED else _find_dip
_out = compiled(_scan_turn) if COMPILED else _find_turn


@compiled
def _noted(found: Any, count: Any, row: Any, turn: Any, pieces: Any, level: Any) -> Any:
    """The executions with one more, in a larger place where theirs is full."""
    if count == len(found):
        larger = np.empty((2 * count, 4), np.int64)
        larger[:count] = found
        found = larger
    found[count, 0], found[count, 1], found[count, 2], found[count, 3] = row, turn, pieces, level
    return found


@compiled
def _turn(start: Any, ask: Any, row: Any, limit: Any, until: Any, seconds: Any) -> Any:
    """Which of the bar's prices fills the bid; 4: its time is up before one does."""
    for turn in range(4):
        if ask[FLAT[turn], row] <= limit:
            return turn
        if start + seconds[turn] >= until:
            break
    return 4


@compiled
def _hold(
    looked: Any,
    search: Any,
    seconds: Any,
    terms: Any,
    found: Any,
    count: Any,
    turn: Any,
    held: Any,
    paid: Any,
    row: Any,
    ends: Any,
) -> Any:
    """From a fill until all is sold: the bar after that, the executions, their count, and what the sales brought over
    what was paid, fees taken off."""
    at, price, bid, _, size, _, _ = looked
    path, last, gained = FLAT, len(at), 0
    stop = -(-paid * terms.stop // terms.whole)
    offer = -(-paid * terms.target // terms.whole) if terms.target > 0 else NEVER
    until = min(ends, at[row] + seconds[turn] + terms.hold_s)
    best, trail, fired, late = paid, 0, False, False
    while row < last:
        while turn < 4:
            here, offered, room = price[path[turn], row], bid[path[turn], row], size[row]
            best = max(best, here)
            trail = best * terms.trailing // terms.whole
            fired = fired or offered <= stop
            late = late or here <= trail or at[row] + seconds[turn] >= until
            sold = min(held, room)
            if sold > 0 and (fired or late or offered >= offer):
                level = offer if offered >= offer and not fired else offered
                found = _noted(found, count, row, turn, -sold, level)
                count, held = count + 1, held - sold
                gained += sold * ((level - paid) * terms.fee_of - level * terms.fee)
            if held == 0:
                return row + 1, found, count, gained
            turn += 1
        turn, path, row = 0, HELD, row + 1
        if not (fired or late):
            ceiling = min(offer, best + 1) if terms.trailing > 0 else offer
            row = _out(search, row, last, max(stop, trail), ceiling, until - seconds[3])
    return row, found, count, gained


@compiled
def play(looked: Any, search: Any, seconds: Any, terms: Any) -> Any:
    """Every run, one after the other: the executions, their count, and what they gained. No run follows once that is
    more than MOST, either way."""
    at, _, _, ask, size, limits, ends = looked
    last, row, count, gained = len(at), 0, 0, 0
    found = np.empty((256, 4), np.int64)
    while True:
        row = _begun(row, last, looked, search, seconds[3], terms)
        if row >= last or gained < -terms.spare or abs(gained) > MOST:
            return found, count, gained
        limit, until = limits[row], min(at[row] + terms.wait_s, ends[row])
        filled = _dip(search, limit, row, last)
        turn = _turn(at[filled], ask, filled, limit, until, seconds)
        if turn == 4:
            row = filled + 1
        else:
            paid = ask[0, row] if filled == row and turn == 0 else limit
            pieces = min(terms.worth // (limit * terms.worth_of), size[filled])
            found = _noted(found, count, filled, turn, pieces, paid)
            gained -= pieces * paid * terms.fee
            row, found, count, earned = _hold(
                looked, search, seconds, terms, found, count + 1, turn, pieces, paid, filled, ends[row]
            )
            gained += earned
