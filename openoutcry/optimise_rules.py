"""A search among the figures of a rule: every point is played, on columns, at once."""

from __future__ import annotations

from core.values.money import plain
from core.values.rule import Rule
from openoutcry.pasts import Misuse
from simulator.brackets import Score
from simulator.grid import run
from simulator.script import Plan
from simulator.search import Point, Quest, Tried, wanted
from strategies.figures import figures_of, figures_with
from strategies.kinds import Figures


def played(quest: Quest, plan: Plan, base: Figures, workers: int) -> list[Tried]:
    """Each point as `openoutcry simulate` would play it; attempts and medians are not counted. Raises Misuse
    for figures or money that do not fit whole numbers of 64 bits."""
    points = wanted(quest) or ()
    try:
        scores = run(plan, [_rule(quest, plan.kind.name, point, base) for point in points], workers)
    except ValueError as error:
        raise Misuse(f"--grid, --fee-percent, --slippage-percent: {error}") from None
    return [
        Tried(point, score.net_profit, score.days, figures=_figures(score))
        for point, score in zip(points, scores, strict=True)
    ]


def _rule(quest: Quest, strategy: str, point: Point, base: Figures) -> Rule:
    values = dict(zip((each.name for each in quest.ranges), point, strict=True))
    rule = figures_of(strategy, figures_with(strategy, values, base))
    assert isinstance(rule, Rule), "asked of rules only"
    return rule


def _figures(score: Score) -> dict[str, str]:
    counts = {name: str(getattr(score, name)) for name in ("trades", "wins", "losses")}
    return counts | {name: plain(round(getattr(score, name), 6)) for name in ("win_ratio", "drawdown", "fees")}
