"""The order of events that both engines keep."""

from __future__ import annotations

from datetime import timedelta

from simulator.market import Beat, Conditions
from simulator.script import Begin, Plan, State, script, trading
from strategies.kinds import cycle
from tests.simulator.pasts import DAY, OPENS, SHARE, Past, bars

FLAT = "100 100 100 100"


def events(plan: Plan, state: State, ends_after: int = 10**9) -> list[str]:
    """`begin` and the minute of each price; a run ends after so many prices."""
    found = []
    for event in script(plan, state):
        after = (event.at - int(OPENS.timestamp())) // 60
        if isinstance(event, Begin):
            state.running = True
            found.append(f"begin {after}")
        else:
            found.append(str(after))
            state.running = len(found) % ends_after != 0
    return found


def test_a_run_begins_in_the_window_and_is_played_to_its_end() -> None:
    """The minute before the window is not played; nor is anything once nothing runs and it is shut."""
    past = Past(bars(*[FLAT] * 45, start=OPENS - timedelta(minutes=1)))
    state = State()
    said = events(Plan(cycle(), past, (DAY,)), state)
    assert said[:5] == ["begin 0", "0", "0", "0", "0"]
    assert (said.count("begin 0"), said[-1], state.bars) == (1, "43", 44)


def test_another_run_begins_with_a_bar_once_the_last_is_over() -> None:
    """Not in the middle of one."""
    said = events(Plan(cycle(), Past(bars(FLAT, FLAT, FLAT)), (DAY,)), State(), ends_after=5)
    assert said == [
        "begin 0", "0", "0", "0", "0", "begin 1", "1", "1", "1", "1", "begin 2", "2", "2", "2", "2",
    ]  # fmt: skip


def test_a_run_that_is_under_way_at_midnight_goes_on() -> None:
    """From the first bar of the next day, whatever the window says."""
    night = bars(FLAT, start=OPENS + timedelta(hours=14))
    state = State()
    said = events(Plan(cycle(), Past([*bars(FLAT), *night]), (DAY, DAY + timedelta(days=1))), state)
    assert said == ["begin 0", "0", "0", "0", "0", "840", "840", "840", "840"]
    assert state.played == [DAY, DAY + timedelta(days=1)]


def test_nothing_is_told_in_a_halt() -> None:
    """The minutes before and after are."""
    halt = (OPENS + timedelta(minutes=1), OPENS + timedelta(minutes=2))
    plan = Plan(cycle(), Past(bars(FLAT, FLAT, FLAT)), (DAY,), conditions=Conditions(halts=(halt,)))
    assert {event.at for event in script(plan, State()) if isinstance(event, Beat)}.isdisjoint(
        range(int(halt[0].timestamp()), int(halt[1].timestamp()))
    )


def test_days_on_which_nothing_trades_in_the_window_are_left_out() -> None:
    """Saturday and Sunday of New York; a market that never closes has none."""
    from dataclasses import replace  # noqa: PLC0415 - one use

    week = [DAY + timedelta(days=number) for number in range(7)]
    always, sometimes = Past([]), Past([], replace(SHARE, calendar="NYSE"))
    assert trading(always, cycle().window, week) == tuple(week)
    assert trading(sometimes, cycle().window, week) == tuple(week[:5])


def test_only_what_is_played_is_asked_for() -> None:
    """From the window on: what comes before it need not even be read."""
    past = Past(bars(FLAT))
    list(script(Plan(cycle(), past, (DAY,)), State()))
    assert past.asked[0][0] == OPENS
