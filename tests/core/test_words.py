"""Every word that core says stands in the English catalogue."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

import texts
from core import commands
from core.values.accounts import RiskState
from core.values.orders import OrderState

CORE = Path(__file__).parents[2] / "core"
TREES = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(CORE.rglob("*.py"))]
CATALOGUE = texts.catalogue("en")
_KEYED = {"Line": 0, "reply": 2, "Ask": 0, "order_trouble": 1}


def _constants(node: ast.AST) -> list[str]:
    """Texts that an argument can be: one, or the two of a conditional."""
    if isinstance(node, ast.IfExp):
        return [*_constants(node.body), *_constants(node.orelse)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def _calls() -> list[ast.Call]:
    return [node for tree in TREES for node in ast.walk(tree) if isinstance(node, ast.Call)]


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def codes() -> set[str]:
    return {code for call in _calls() if _name(call) == "Refused" and call.args for code in _constants(call.args[0])}


def keys() -> set[str]:
    found: set[str] = set()
    for call in _calls():
        place = _KEYED.get(_name(call))
        if place is not None and len(call.args) > place:
            found.update(_constants(call.args[place]))
        found.update(key for word in call.keywords if word.arg in {"key", "label"} for key in _constants(word.value))
    return {key for key in found if "." in key}


def test_the_scan_finds_what_it_looks_for() -> None:
    """It would be of no use if it were blind."""
    assert {"over_leverage", "zero_size", "flatten_failed", "press_gone"} <= codes()
    assert {"command.traded", "order.unknown", "position.unprotected", "refusal.head"} <= keys()


@pytest.mark.parametrize("code", sorted(codes() | {state.value.lower() for state in RiskState}))
def test_every_refusal_has_its_words(code: str) -> None:
    """refused.<code>."""
    assert f"refused.{code}" in CATALOGUE


@pytest.mark.parametrize("key", sorted(keys()))
def test_every_notice_has_its_words(key: str) -> None:
    """Keys of notices, lines and buttons."""
    assert key in CATALOGUE


@pytest.mark.parametrize("name", [command.name for command in commands.table()])
def test_every_command_has_its_help(name: str) -> None:
    """help.<name>."""
    assert f"help.{name}" in CATALOGUE


@pytest.mark.parametrize("state", [state for state in OrderState if state.final])
def test_every_end_of_an_order_has_its_words(state: OrderState) -> None:
    """order.<state>, which is looked up in a table."""
    assert f"order.{state.value.lower()}" in CATALOGUE


@pytest.mark.parametrize("key", sorted(CATALOGUE))
def test_every_entry_can_be_rendered(key: str) -> None:
    """Parameters are plain names."""
    names = [name for _, name, _, _ in string.Formatter().parse(CATALOGUE[key]) if name is not None]
    assert all(name.isidentifier() for name in names)
    assert "{" not in texts.render(key, dict.fromkeys(names, "x"))
