"""Figures of strategies: what they can be, which can be searched, and where they are settings."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from core.values.rule import Rule
from openoutcry.settings import SettingsError, load_settings
from strategies.cycle import CycleRules
from strategies.figures import figure, figures_with, searchable
from strategies.kinds import Figures

D = Decimal


@pytest.mark.parametrize(
    ("section", "wrong"),
    [
        ('cycle]\ndip = "-0.1"', "strategies.cycle: dip: must not be negative"),
        ('cycle]\ncash_percent = "100"', "strategies.cycle: cash_percent: is a percentage, and must be below 100"),
        ("cycle]\nwait_s = nan", "strategies.cycle: wait_s: must be seconds, from 0 to a year of them"),
        ("cycle]\nsteps_s = [12, 12]", "strategies.cycle: steps_s: must be 5 numbers"),
        ('cycle]\nstep_parts = "0"', "strategies.cycle: step_parts: must be above 0"),
        ('dip]\nstop = "0"', "strategies.dip: stop: must be above 0 and below 100"),
        ('dip]\ntarget = "0"', "strategies.dip: target: must be above 0"),
        ("dip]\nflat_s = -1", "strategies.dip: flat_s: must not be negative"),
        ("dip]\nhold_s = 99999999", "strategies.dip: hold_s: must not be more than a year"),
    ],
)
def test_a_setting_that_nobody_can_trade_by_is_named(section: str, wrong: str, tmp_path: Path) -> None:
    """With its section, by what the strategy says of it."""
    file = tmp_path / "settings.toml"
    file.write_text(f"[strategies.{section}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=wrong):
        load_settings(file)


def test_an_empty_figure_of_a_rule_is_none(tmp_path: Path) -> None:
    """A target that is usual can be left out, and a trailing stop that is not be put in."""
    file = tmp_path / "settings.toml"
    file.write_text('[strategies.dip]\ntarget = ""\ntrailing = "0.25"\nhold_s = ""\n', encoding="utf-8")
    rule = load_settings(file).strategies.figures().dip
    assert (rule.target, rule.trailing, rule.hold_s) == (None, D("0.25"), None)


def test_numbers_can_be_searched_and_nothing_else() -> None:
    """Also those that may be left out; a list of seconds is no number."""
    assert "steps_s" not in searchable("cycle")
    assert {"dip", "stop", "target", "trailing", "hold_s"} <= searchable("dip").keys()
    assert figure("dip", "k") == "dip"
    with pytest.raises(LookupError):
        figure("dip", "greedy")


def test_other_figures_are_those_of_one_strategy() -> None:
    """The rest stays: a dip of cycle is not the dip of dip."""
    found = figures_with("recycle", {"dip": D("0.2"), "wait_s": D(60)}, Figures())
    assert found == Figures(cycle=CycleRules(dip=D("0.2"), wait_s=60.0))
    found = figures_with("dip", {"hold_s": D(60)}, Figures(dip=Rule(D("0.1"), D("0.5"))))
    assert found.dip == Rule(D("0.1"), D("0.5"), hold_s=60)
    with pytest.raises(ValueError, match="whole seconds"):
        figures_with("dip", {"hold_s": D("60.5")}, Figures())
