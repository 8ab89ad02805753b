"""A search in a database: what is tried once, what is tried again, and what is given up."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import make_url

from core.clock import SystemClock
from core.values.errors import Broken, Transient
from core.values.money import plain
from simulator.search import Quest, Range, Sampler, Tried, parse_range, points
from simulator.search_address import FORM, resolved
from simulator.search_study import TRIES_MAX, Report, Study, Turn

RANGES: tuple[Range, ...] = (parse_range("dip=0.1:0.4:0.1"), parse_range("stop=0.5:0.7:0.1"))
QUEST = Quest("a study", {"symbol": "SBER"}, RANGES)
DAY, D = date(2025, 12, 1), Decimal
Point = tuple[str, ...]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'studies.sqlite3'}"


class Measures:
    """The profit is the dip less the stop; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: Counter[Point] = Counter()

    def __call__(self, figures: Mapping[str, Decimal], report: Report) -> Tried:
        self.asked[tuple(map(plain, figures.values()))] += 1
        profit = figures["dip"] - figures.get("stop", Decimal(0))
        return Tried((), profit, {DAY: profit}, figures={"trades": "1"})


def points_of(study: Study) -> list[tuple[Decimal, ...]]:
    return [each.point for each in study.tried()]


def finish(study: Study, measure: Callable[[Mapping[str, Decimal], Report], Tried]) -> int:
    """How many turns it took until nothing was left."""
    turns = 0
    while study.work(measure, (ValueError,)) is Turn.RAN:
        turns += 1
    return turns


def test_every_point_of_a_grid_is_tried_once(url: str) -> None:
    """All twelve, and what came of each is read back exactly."""
    measure, study = Measures(), Study(url, QUEST, SystemClock())
    assert finish(study, measure) == 12
    assert set(measure.asked.values()) == {1}
    found = {each.point: each for each in study.tried()}
    assert len(found) == study.size() == 12
    best = found[Decimal("0.4"), Decimal("0.5")]
    assert (best.profit, best.days, best.figures) == (Decimal("-0.1"), {DAY: Decimal("-0.1")}, {"trades": "1"})


def test_a_study_goes_on_where_it_stopped(url: str) -> None:
    """Another process, later, tries the rest alone; a third one nothing at all."""
    first, second, third = Measures(), Measures(), Measures()
    begun = Study(url, QUEST, SystemClock())
    for _ in range(5):
        begun.work(first)
    begun.close()
    assert finish(Study(url, QUEST, SystemClock()), second) == 7
    assert finish(Study(url, QUEST, SystemClock()), third) == 0
    assert first.asked + second.asked == Counter(dict.fromkeys(first.asked | second.asked, 1))


def test_a_finer_grid_uses_what_a_coarser_one_has_found(url: str) -> None:
    """Seven dips instead of four: only the new ones are tried."""
    coarse, fine = Measures(), Measures()
    finish(Study(url, QUEST, SystemClock()), coarse)
    finer = Study(url, replace(QUEST, ranges=(parse_range("dip=0.1:0.4:0.05"), RANGES[1])), SystemClock())
    assert finish(finer, fine) == 9
    assert {point[0] for point in fine.asked} == {"0.15", "0.25", "0.35"}
    assert len(finer.tried()) == 21


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")  # threads share what is filtered
def test_two_that_queue_the_grid_at_once_try_no_point_twice(url: str) -> None:
    """Four workers that begin together, each with a connection of its own."""
    measures = [Measures() for _ in range(4)]
    studies = [Study(url, QUEST, SystemClock()) for _ in measures]
    together = threading.Barrier(4)

    def work(study: Study, measure: Measures) -> None:
        together.wait()
        while study.work(measure) is not Turn.DONE:
            pass

    threads = [threading.Thread(target=work, args=pair) for pair in zip(studies, measures, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked = sum((measure.asked for measure in measures), Counter())
    assert (len(asked), set(asked.values())) == (12, {1})
    assert len(studies[0].tried()) == 12


def test_chance_tries_as_many_different_points_as_it_is_told(url: str) -> None:
    """Five of twelve."""
    measure = Measures()
    study = Study(url, replace(QUEST, sampler=Sampler.RANDOM, trials=5), SystemClock())
    assert finish(study, measure) == 5
    assert (len(measure.asked), len(study.tried())) == (5, 5)


def test_a_sampler_that_comes_back_to_a_point_has_its_answer_without_a_play(url: str) -> None:
    """Thirty trials on twelve points play no point twice."""
    measure = Measures()
    study = Study(url, replace(QUEST, sampler=Sampler.TPE, trials=30), SystemClock())
    assert finish(study, measure) == 30
    assert set(measure.asked.values()) == {1}
    assert study.done()


def test_a_point_that_fails_is_tried_again_and_then_given_up_with_why(url: str) -> None:
    """The others are tried all the same."""
    measure = Measures()

    def failing(figures: Mapping[str, Decimal], report: Report) -> Tried:
        found = measure(figures, report)
        if figures["dip"] == Decimal("0.2") and figures["stop"] == Decimal("0.5"):
            raise ValueError("no such bar")
        return found

    study = Study(url, QUEST, SystemClock())
    finish(study, failing)
    assert study.failed() == {(Decimal("0.2"), Decimal("0.5")): "ValueError: no such bar"}
    assert measure.asked["0.2", "0.5"] == TRIES_MAX
    assert (len(study.tried()), study.done()) == (11, True)


def test_a_point_worse_than_the_others_after_as_many_days_is_pruned(url: str) -> None:
    """Each begins worse than the one before it: once five are known to their end, the others stop there."""
    begun, ended = 0, 0

    def measure(figures: Mapping[str, Decimal], report: Report) -> Tried:
        nonlocal begun, ended
        begun += 1
        report(Decimal(-begun), 1)
        ended += 1
        return Tried((), figures["dip"], {}, figures={"trades": "1"})

    study = Study(url, replace(QUEST, prune=True), SystemClock())
    finish(study, measure)
    pruned = [each for each in study.tried() if each.pruned]
    assert (begun, ended, len(pruned)) == (12, 5, 7)
    assert sorted(each.profit for each in pruned) == [Decimal(-number) for number in range(12, 5, -1)]


def test_a_study_of_another_simulation_is_refused(url: str) -> None:
    """Its figures would be mixed with ours."""
    Study(url, QUEST, SystemClock())
    with pytest.raises(Broken, match="a study: its symbol is SBER, not GAZP; name another study"):
        Study(url, replace(QUEST, about={"symbol": "GAZP"}), SystemClock())


def test_a_database_that_does_not_answer_is_transient() -> None:
    """Whoever asks may try again later; of the address nothing is told."""
    with pytest.raises(Transient) as failed:
        Study("postgresql://desk:secret@127.0.0.1:1/none", QUEST, SystemClock())
    assert str(failed.value) == "the database does not answer (OperationalError)"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://desk:p@secret@127.0.0.1:1/none", "an @ in a password is written as %40"),
        ("postgresql://desk:word@127.0.0.1:secret/none", FORM),
        ("postgresql://desk:word@127.0.0.1:99999/none", FORM),
        ("postgresql://desk:word@127.0.0.1:1/none?pasword=secret", "a word after the ? is no option of PostgreSQL"),
        ("postgresql://desk:word@127.0.0.1:1/none?sslmode=secret", "the database refuses this login"),
        ("sqlite:////no/such/secret/file", "there is no directory for this file"),
        ("sqlite:///", FORM),
        ("mysql://desk:secret@127.0.0.1/none", FORM),
    ],
)
def test_an_address_that_will_never_do_is_broken(url: str, why: str) -> None:
    """It is not tried again, and no part of it is told."""
    with pytest.raises(Broken) as failed:
        Study(url, QUEST, SystemClock())
    assert str(failed.value).startswith(why)
    assert "secret" not in str(failed.value)


def test_a_file_that_cannot_be_opened_is_broken(tmp_path: Path) -> None:
    """As a link to a place that is none."""
    (tmp_path / "file").symlink_to(tmp_path / "none" / "file")
    with pytest.raises(Broken, match="the file of the database cannot be opened"):
        Study(f"sqlite:///{tmp_path / 'file'}", QUEST, SystemClock())


def test_a_workers_address_holds_what_the_environment_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers have none of it. What the address says itself is left as it is."""
    monkeypatch.setenv("PGPASSWORD", "p@ss/word")
    monkeypatch.setenv("PGSSLMODE", "require")
    monkeypatch.setenv("PGUSER", "nobody")
    url = make_url(resolved("postgresql://desk@127.0.0.1/none"))
    assert (url.username, url.host, url.database) == ("desk", "127.0.0.1", "none")
    assert url.query == {"password": "p@ss/word", "sslmode": "require"}
    assert make_url(resolved("postgresql://desk:own@127.0.0.1/none?sslmode=prefer")).query == {"sslmode": "prefer"}


def test_a_service_of_a_file_that_workers_do_not_know_is_written_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PGSERVICEFILE stays here, so that what it says of PGSERVICE goes into the address."""
    (tmp_path / "services").write_text("[desk]\nhost=127.0.0.9\nport=6543\n", encoding="utf-8")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    monkeypatch.setenv("PGSERVICE", "desk")
    told = make_url(resolved("postgresql://desk:own@/none")).query
    assert (told["host"], told["port"]) == ("127.0.0.9", "6543")
    assert "service" not in told


def test_a_point_that_was_played_is_counted_as_itself(url: str) -> None:
    """A sampler on a fine range, then a coarse grid in the same study: what lies between its points is none of them."""
    fine, coarse = Measures(), Measures()
    quest = replace(QUEST, ranges=(parse_range("dip=0.1:0.4:0.05"),))
    sampled = Study(url, replace(quest, sampler=Sampler.TPE, trials=20), SystemClock())
    finish(sampled, fine)
    assert {plain(dip) for [dip] in points_of(sampled)} == {dip for [dip] in fine.asked}
    grid = Study(url, replace(quest, ranges=(parse_range("dip=0.1:0.4:0.1"),)), SystemClock())
    finish(grid, coarse)
    assert {each.point: each.profit for each in grid.tried()} == {(D(n) / 10,): D(n) / 10 for n in range(1, 5)}
    assert grid.done()


def test_a_sampler_takes_no_answer_from_outside_its_ranges(url: str) -> None:
    """Six trials of a narrow range, after as many of a wide one: they are not done before they are made."""
    quest = replace(QUEST, ranges=(parse_range("dip=0.5:0.9:0.05"),), sampler=Sampler.TPE, trials=6)
    finish(Study(url, quest, SystemClock()), Measures())
    narrow = Study(url, replace(quest, ranges=(parse_range("dip=0.1:0.2:0.05"),)), SystemClock())
    assert (narrow.done(), narrow.finished(), narrow.tried()) == (False, 0, [])
    assert finish(narrow, Measures()) == 6
    assert all(dip <= D("0.2") for [dip] in points_of(narrow))
    assert narrow.done()


def test_what_waits_for_other_ranges_is_not_played_in_these(url: str) -> None:
    """A worker of another grid left its queue behind: nearest here would be a point that nobody asked for."""
    quest = replace(QUEST, ranges=(parse_range("dip=0.15:0.95:0.1"),))
    Study(url, quest, SystemClock()).work(Measures())
    measure, grid = Measures(), Study(url, replace(quest, ranges=(parse_range("dip=0.1:0.4:0.1"),)), SystemClock())
    finish(grid, measure)
    assert measure.asked == Counter({(f"0.{number}",): 1 for number in range(1, 5)})
    assert {each.point: each.profit for each in grid.tried()} == {(D(n) / 10,): D(n) / 10 for n in range(1, 5)}


def test_the_order_in_which_ranges_are_named_is_no_matter(url: str) -> None:
    """The same figures, named the other way round, are the same point."""
    finish(Study(url, QUEST, SystemClock()), Measures())
    turned = Study(url, replace(QUEST, ranges=RANGES[::-1]), SystemClock())
    assert turned.done()
    assert {point[::-1] for point in points_of(turned)} == set(points(RANGES))


def test_what_was_pruned_is_played_to_its_end_by_who_does_not_prune(url: str) -> None:
    """Profit of the first days alone is no answer there."""
    begun = 0

    def measure(figures: Mapping[str, Decimal], report: Report) -> Tried:
        nonlocal begun
        begun += 1
        report(Decimal(-begun), 1)
        return Tried((), figures["dip"], {}, figures={"trades": "1"})

    finish(Study(url, replace(QUEST, prune=True), SystemClock()), measure)
    whole = Study(url, QUEST, SystemClock())
    assert (len(whole.tried()), whole.finished(), whole.done()) == (5, 5, False)
    assert finish(whole, measure) == 7
    assert whole.done()
    assert {each.point: each.profit for each in whole.tried()} == {point: point[0] for point in points(RANGES)}
    assert not any(each.pruned for each in Study(url, replace(QUEST, prune=True), SystemClock()).tried())
