"""What a search came to: one object for programs, a table for people, a heat map, and a line for /report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.values.charts import HeatMap
from core.values.money import plain
from core.values.notices import Line
from simulator.script import Plan
from simulator.search import Point, Quest, Tried, best_of_pairs, ranked, walk_forward

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Found:
    """told: as JSON. figures: what a report keeps of it. best: None where nothing was tried to its end."""

    told: Mapping[str, object]
    figures: Mapping[str, str]
    best: Tried | None


def summary(
    quest: Quest, plan: Plan, tried: Sequence[Tried], failed: Mapping[Point, str], walk: tuple[int, int] | None
) -> Found:
    """Decimals are strings; equal for equal grids, whoever tried what and in which order."""
    order = ranked(tried)
    best = order[0] if order and not order[0].pruned else None
    about = {
        name: quest.about[name]
        for name in ("strategy", "symbol", "market", "seed", "from", "to")
        if name in quest.about
    }
    told: dict[str, object] = {
        "study": quest.study,
        **about,
        "days": len(plan.days),
        "sampler": quest.sampler,
        "grid": {each.name: [plain(each.low), plain(each.high), plain(each.step)] for each in quest.ranges},
        "points": len(tried) + len(failed),
        "pruned": sum(each.pruned for each in tried),
        "failed": [{"figures": _named(quest, point), "reason": why} for point, why in sorted(failed.items())],
        "currency": plan.history.instrument.currency,
        "best": None if best is None else _row(quest, best),
        "list": [_row(quest, each) for each in order],
    }
    if walk is not None and best is not None:
        told["walk_forward"] = [
            {
                "from": step.days[0].isoformat(),
                "to": step.days[-1].isoformat(),
                "figures": _named(quest, step.chosen),
                "learned": plain(step.learned),
                "judged": plain(step.judged),
            }
            for step in walk_forward(tried, plan.days, *walk)
        ]
    return Found(told, {} if best is None else _kept(quest, told, best), best)


def _named(quest: Quest, point: Point) -> dict[str, str]:
    return {each.name: plain(value) for each, value in zip(quest.ranges, point, strict=True)}


def _row(quest: Quest, tried: Tried) -> dict[str, object]:
    state = "pruned" if tried.pruned else "finished"
    return {"figures": _named(quest, tried.point), "net_profit": plain(tried.profit), "state": state, **tried.figures}


def _kept(quest: Quest, told: Mapping[str, object], best: Tried) -> dict[str, str]:
    about = {
        name: str(told[name]) for name in ("study", "strategy", "symbol", "market", "from", "to", "points", "currency")
    }
    words = " ".join(f"{name}={value}" for name, value in _named(quest, best.point).items())
    rest = {name: best.figures[name] for name in ("trades", "win_ratio", "drawdown")}
    return {**about, "best": words, "net_profit": plain(best.profit), **rest}


def heat_map(quest: Quest, plan: Plan, tried: Sequence[Tried], axes: tuple[int, int]) -> HeatMap:
    """Two figures against each other; of the others, the best. A search of one figure is one row."""
    across, up = axes
    names = [each.name for each in quest.ranges]
    values = best_of_pairs(tried, across, up)
    if across == up:
        values = {(pair[0], pair[1].copy_abs() * 0): value for pair, value in values.items()}
    title = {"strategy": quest.about["strategy"], "ticker": plan.history.instrument.ticker}
    title |= {"from": plan.days[0].isoformat(), "to": plan.days[-1].isoformat()}
    return HeatMap(
        title=Line("simulation.heat", title),
        column_name=names[across],
        row_name="" if across == up else names[up],
        columns=tuple(sorted({pair[0] for pair in values})),
        rows=tuple(sorted({pair[1] for pair in values})),
        values=values,
    )


def table(told: Mapping[str, object]) -> str:
    """For people: a line a figure, the best points, and how choosing by the days before would have gone."""
    left_out = {"list", "best", "grid", "failed", "walk_forward"}
    lines = [f"{name.replace('_', ' '):<14} {value}" for name, value in told.items() if name not in left_out]
    rows, failed, walk = told["list"], told["failed"], told.get("walk_forward", [])
    assert isinstance(rows, list)
    assert isinstance(failed, list)
    assert isinstance(walk, list)
    if rows:
        names = list(rows[0]["figures"])
        head = "".join(f"{name:>12}" for name in (*names, "net profit", "trades", "win ratio", "drawdown"))
        lines += ["", f"the best of {len(rows)}:", head]
    for row in rows[:SHOWN]:
        values = [
            *row["figures"].values(),
            row["net_profit"],
            *(row.get(key, "") for key in ("trades", "win_ratio", "drawdown")),
        ]
        lines.append("".join(f"{value:>12}" for value in values) + ("  pruned" if row["state"] == "pruned" else ""))
    for row in failed:
        lines.append(f"failed: {_words(row['figures'])}: {row['reason']}")
    if walk:
        lines += ["", f"{'judged on':<26}{'earned':>12}{'before':>12}  chosen on the days before"]
    for row in walk:
        days = f"{row['from']} to {row['to']}"
        lines.append(f"{days:<26}{row['judged']:>12}{row['learned']:>12}  {_words(row['figures'])}")
    return "\n".join(lines)


def _words(figures: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in figures.items())
