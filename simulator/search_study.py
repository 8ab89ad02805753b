"""A search that is kept in a database: points that wait, run and are finished, for workers on any number of machines.

Optuna keeps it. Its queue hands each waiting trial to one worker alone, and its heartbeat says who has died; what is to
be tried, and that nothing is tried twice, is decided here. Importing this wants the extra `optimise`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from random import randrange
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, Trial, TrialState

from core.ports import Clock
from core.values.errors import Broken
from core.values.money import plain
from simulator.search import Point, Quest, Sampler, Tried, wanted
from simulator.search_storage import answering, open_storage, quietly

QUEUED = 8
"""Points that one worker makes wait at once, for itself and others."""
TRIES_MAX = 3
"""A point whose workers died or failed so often is given up."""
_POINT, _RESULT, _STARTED, _NEEDLESS, _WHY, _ABOUT = "values", "result", "started", "needless", "why", "about"


class Turn(StrEnum):
    """What came of asking for work. WAIT: others are at the last of it, and may die."""

    RAN = "ran"
    WAIT = "wait"
    DONE = "done"


class Hopeless(Exception):
    """Raised by a measure that gives its point up: the first days are worse than those of others."""


class Needless(Exception):
    """Another trial has this point."""


Report = Callable[[Decimal, int], None]
"""Profit so far, after so many days. Raises Hopeless where the point is to be given up."""
Measure = Callable[[Mapping[str, Decimal], Report], Tried]
"""The point by name -> what came of it; of the Tried's `point` no notice is taken."""


class Study:
    """One study in one database. Raises Broken for an address that is none, or a study of another simulation; Transient
    where the database does not answer, here and in every method."""

    def __init__(self, url: str, quest: Quest, clock: Clock) -> None:
        self._quest, self._clock = quest, clock
        self._wanted = wanted(quest)
        with answering(), quietly():
            self._storage = open_storage(url, quest.dead_after_s)
            self._study = optuna.create_study(
                storage=self._storage,
                study_name=quest.study,
                load_if_exists=True,
                direction="maximize",
                sampler=_sampler(quest),
                pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_min_trials=5),
            )
            self._same_simulation()

    def work(self, measure: Measure, catch: tuple[type[Exception], ...] = ()) -> Turn:
        """Try one point. catch: of `measure`: the point has failed; others end the work."""
        with answering(), quietly():
            trials = self._trials()
            if not any(trial.state is TrialState.WAITING for trial in trials) and not self._fill(trials):
                self._tidy(trials)
                return Turn.WAIT if any(trial.state is TrialState.RUNNING for trial in trials) else Turn.DONE
            self._try_one(measure, catch)
            return Turn.RAN

    def tried(self) -> list[Tried]:
        """What is finished of this quest, one of each point; where it prunes, those that were given up early too."""
        with answering(), quietly():
            found: dict[Point, Tried] = {}
            states = (TrialState.COMPLETE, TrialState.PRUNED) if self._quest.prune else (TrialState.COMPLETE,)
            for state in states:
                for trial in self._trials(state):
                    if (point := self._point(trial)) is not None:
                        found.setdefault(point, _read(trial, point))
            wanted = set(self._wanted or found)
            return [tried for point, tried in found.items() if point in wanted]

    def finished(self) -> int:
        """How many trials of this quest's points are, by whomever."""
        with answering():
            return sum(map(self._counts, self._trials(TrialState.COMPLETE, TrialState.PRUNED)))

    def failed(self) -> dict[Point, str]:
        """Points that were given up, with why."""
        with answering(), quietly():
            tries = self._tries(self._trials(TrialState.FAIL))
            wanted = set(self._wanted or tries)
            return {point: why for point, (number, why) in tries.items() if number >= TRIES_MAX and point in wanted}

    def done(self) -> bool:
        """Whether there is nothing left to be tried."""
        if self._wanted is not None:
            return {tried.point for tried in self.tried()}.union(self.failed()).issuperset(self._wanted)
        with answering(), quietly():
            return sum(trial.state.is_finished() and self._counts(trial) for trial in self._trials()) >= self.size()

    def size(self) -> int:
        """How many points are to be tried."""
        return len(self._wanted) if self._wanted is not None else self._quest.trials or 0

    def close(self) -> None:
        self._storage.remove_session()
        self._storage.engine.dispose()

    # the queue

    def _fill(self, trials: Sequence[FrozenTrial]) -> int:
        """Queue some of what is neither finished, running nor waiting; how many. Not all at once: what waits is read at
        every turn. Others queue other points, as they begin elsewhere; what is queued twice all the same is tried once
        (`_need`)."""
        if self._wanted is None:
            missing = self.size() - sum(map(self._counts, trials))
            for _ in range(min(QUEUED, missing)):
                self._study.enqueue_trial({})
            return max(0, missing)
        there = {self._point(trial) for trial in trials if self._stands(trial)}
        hopeless = {point for point, (number, _) in self._tries(trials).items() if number >= TRIES_MAX}
        missing_points = [point for point in self._wanted if point not in there and point not in hopeless]
        begin = randrange(len(missing_points)) if missing_points else 0  # noqa: S311 - keeps no secret
        for point in (missing_points[begin:] + missing_points[:begin])[:QUEUED]:
            self._study.enqueue_trial(self._floats(point), user_attrs={_POINT: self._told(point)})
        return len(missing_points)

    def _tidy(self, trials: Sequence[FrozenTrial]) -> None:
        """Fail the trials of the dead: those whose heart has stopped, and those that were taken and never begun. Before
        each trial Optuna looks after the first by itself."""
        optuna.storages.fail_stale_trials(self._study)
        now = self._clock.now()
        for trial in trials:
            begun = trial.datetime_start
            late = begun is not None and now - begun.astimezone() > timedelta(seconds=self._quest.dead_after_s)
            if late and trial.state is TrialState.RUNNING and _STARTED not in trial.user_attrs:
                self._study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)

    def _try_one(self, measure: Measure, catch: tuple[type[Exception], ...]) -> None:
        """Who was silent for too long is taken for dead, and comes back to find its trial failed: another has it."""
        numbers: list[int] = []

        def objective(trial: Trial) -> float:
            numbers.append(trial.number)
            return self._try(trial, measure, catch)

        try:
            self._study.optimize(objective, n_trials=1, catch=(Needless, *catch))
        except (ValueError, UpdateFinishedTrialError):
            mine = [trial for trial in self._trials(TrialState.FAIL) if trial.number in numbers]
            if not mine:
                raise

    def _try(self, trial: Trial, measure: Measure, catch: tuple[type[Exception], ...]) -> float:
        study = self._storage.get_study_id_from_name(self._quest.study)
        self._storage.record_heartbeat(self._storage.get_trial_id_from_study_id_trial_number(study, trial.number))
        trial.set_user_attr(_STARTED, True)  # from here on its heart can be heard, so that its silence says something
        self._need(trial)
        point = self._chosen(trial)
        if (known := self._known(trial, point)) is not None:
            trial.set_user_attr(_RESULT, known.user_attrs[_RESULT])
            return float(known.value or 0)

        def report(profit: Decimal, days: int) -> None:
            trial.report(float(profit), days)
            if self._quest.prune and trial.should_prune():
                trial.set_user_attr(_RESULT, {"profit": str(profit), "days": {}, "figures": {"days": str(days)}})
                raise Hopeless

        try:
            tried = measure(dict(zip((each.name for each in self._quest.ranges), point, strict=True)), report)
        except Hopeless:
            raise optuna.TrialPruned from None
        except catch as error:
            trial.set_user_attr(_WHY, f"{type(error).__name__}: {error}")
            raise
        days = {day.isoformat(): str(profit) for day, profit in tried.days.items()}
        trial.set_user_attr(_RESULT, {"profit": str(tried.profit), "days": days, "figures": dict(tried.figures)})
        return float(tried.profit)

    def _need(self, trial: Trial) -> None:
        """Raises Needless where trials before this one make it so. Numbers are given out in one order by the database,
        so of two that are alike one alone is second."""
        before = [each for each in self._trials() if each.number < trial.number]
        if self._wanted is None:
            needless = sum(map(self._counts, before)) >= self.size()
        else:
            mine = trial.user_attrs.get(_POINT)
            twins = (each for each in before if each.user_attrs.get(_POINT) == mine)
            needless = mine is None or any(map(self._stands, twins))
        if needless or (_POINT in trial.user_attrs and self._point(trial) is None):
            trial.set_user_attr(_NEEDLESS, True)
            raise Needless

    def _known(self, trial: Trial, point: Point) -> FrozenTrial | None:
        """A sampler may come back to a point that is finished: it is not played again."""
        if self._wanted is not None:
            return None
        complete = (each for each in self._trials(TrialState.COMPLETE) if each.number != trial.number)
        return next((each for each in complete if self._point(each) == point), None)

    # reading trials

    def _trials(self, *states: TrialState) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=states or None)

    def _tries(self, trials: Sequence[FrozenTrial]) -> dict[Point, tuple[int, str]]:
        """How often each point failed, and why last."""
        numbers, last = Counter[Point](), dict[Point, str]()
        for trial in trials:
            point = self._point(trial)
            if trial.state is TrialState.FAIL and point is not None and _NEEDLESS not in trial.user_attrs:
                numbers[point] += 1
                last[point] = str(trial.user_attrs.get(_WHY, "its worker died"))
        return {point: (number, last[point]) for point, number in numbers.items()}

    def _point(self, trial: FrozenTrial | Trial) -> Point | None:
        """None where none was chosen for it yet, and where it is none of this quest's: other ranges search this study
        too."""
        told = trial.user_attrs.get(_POINT, {})
        if set(told) != {each.name for each in self._quest.ranges}:
            return None
        point = tuple(Decimal(told[each.name]) for each in self._quest.ranges)
        return point if all(value in each for each, value in zip(self._quest.ranges, point, strict=True)) else None

    def _stands(self, trial: FrozenTrial) -> bool:
        """Whether its point needs no other trial. Who does not prune wants to know what was given up early."""
        return trial.state is not TrialState.FAIL and (self._quest.prune or trial.state is not TrialState.PRUNED)

    def _counts(self, trial: FrozenTrial) -> bool:
        """Whether it is one of those that a sampler was to choose: the dead are replaced, what failed by itself is
        not."""
        if _POINT not in trial.user_attrs:
            return not trial.state.is_finished()
        return (self._stands(trial) or _WHY in trial.user_attrs) and self._point(trial) is not None

    def _chosen(self, trial: Trial) -> Point:
        """What it was queued for, or else what the sampler says; written down before it is played, since its float says
        something else where ranges are others."""
        floats = [
            trial.suggest_float(each.name, float(each.low), float(each.high), step=float(each.step))
            for each in self._quest.ranges
        ]
        point = self._point(trial)
        if point is None:
            point = tuple(each.nearest(value) for each, value in zip(self._quest.ranges, floats, strict=True))
            trial.set_user_attr(_POINT, self._told(point))
        return point

    def _told(self, point: Point) -> dict[str, str]:
        return {each.name: plain(value) for each, value in zip(self._quest.ranges, point, strict=True)}

    def _floats(self, point: Point) -> dict[str, Any]:
        return {each.name: float(value) for each, value in zip(self._quest.ranges, point, strict=True)}

    def _same_simulation(self) -> None:
        kept = self._study.user_attrs.get(_ABOUT)
        if kept is None:
            self._study.set_user_attr(_ABOUT, dict(self._quest.about))
            return
        for name, value in self._quest.about.items():
            if kept.get(name) != value:
                raise Broken(
                    f"study {self._quest.study}: its {name} is {kept.get(name)}, not {value}; name another study"
                )


def _sampler(quest: Quest) -> optuna.samplers.BaseSampler:
    if quest.sampler is Sampler.TPE:
        return optuna.samplers.TPESampler(constant_liar=True)
    return optuna.samplers.RandomSampler()


def _read(trial: FrozenTrial, point: Point) -> Tried:
    told = trial.user_attrs[_RESULT]
    days = {date.fromisoformat(day): Decimal(profit) for day, profit in told["days"].items()}
    return Tried(point, Decimal(told["profit"]), days, trial.state is TrialState.PRUNED, told["figures"])
