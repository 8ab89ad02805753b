"""What stands in the scripts of examples/pine/: their inputs, plots and alert messages."""

from __future__ import annotations

import re
from decimal import Decimal

from tests.process import HOUSE

PINE = HOUSE / "examples" / "pine"
STRATEGY = (PINE / "mean_reversion_strategy.pine").read_text(encoding="utf-8")
STUDY = (PINE / "mean_reversion_study.pine").read_text(encoding="utf-8")

_INPUT = re.compile(r"^(\w+) = input\.(?:int|float|bool)\((true|false|[\d.]+),", re.MULTILINE)
_HIDDEN = re.compile(r'^plot\(.+, "([^"]+)", display = display\.none\)$', re.MULTILINE)
_CONDITION = re.compile(r"""^alertcondition\((\w+), "([^"]+)", '([^']+)' \+ payload\)$""", re.MULTILINE)


def inputs(script: str) -> dict[str, object]:
    """Default of each input, by its name in snake_case."""
    found = {}
    for name, value in _INPUT.findall(script):
        snake = re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
        found[snake] = value == "true" if value in {"true", "false"} else Decimal(value)
    return found


def hidden_plots(script: str) -> list[str]:
    """Titles, in order."""
    return _HIDDEN.findall(script)


def order_template() -> str:
    [template] = re.findall(r"^//@strategy_alert_message (.+)$", STRATEGY, re.MULTILINE)
    return str(template)


def study_templates() -> dict[str, str]:
    """Message of each alert condition, by its title."""
    shared = "".join(re.findall(r"'([^']*)'", STUDY.partition("\npayload = ")[2].partition("\nalertcondition")[0]))
    return {title: start + shared for _, title, start in _CONDITION.findall(STUDY)}
