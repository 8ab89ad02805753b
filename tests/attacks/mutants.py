"""Rules that are wrong in one place: each a chance for the tests to notice.

`python -m tests.attacks.mutants core.rules.risk` runs every mutant of a module against the tests that hold it and
prints who lived. Each is a fork of a process that has read the libraries already: a second and not five.
"""

from __future__ import annotations

import ast
import copy
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from itertools import islice
from pathlib import Path
from types import ModuleType

import pytest

from tests.process import HOUSE

PATIENCE_S = 120

TESTS: Mapping[str, Sequence[str]] = {
    "core.rules.risk": ("tests/core/rules/test_risk.py",),
    "core.rules.exits": ("tests/core/rules/test_exits.py",),
    "core.values.orders": ("tests/values/test_orders.py", "tests/core/services/test_ledger.py"),
    "core.services.ledger": ("tests/core/services/test_ledger.py",),
}
"""Which tests hold each module."""
OTHERS: Mapping[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}
SWAPPED = {"min": "max", "max": "min", "price_up": "price_down", "price_down": "price_up", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    source: str
    what: str


def path_of(module: str) -> Path:
    return HOUSE / f"{module.replace('.', '/')}.py"


def mutants(source: str) -> list[Mutant]:
    """One for each comparison, sum, `and`, `not`, number, truth, bound, element of a set of names and condition."""
    tree = ast.parse(source)
    places = list(ast.walk(tree))
    dead = _unread(tree)
    found = []
    # what @dataclass is told is about speed and slips of ours
    flags = {
        id(each.value)
        for node in places
        if isinstance(node, ast.ClassDef)
        for d in node.decorator_list
        for each in getattr(d, "keywords", ())
    }
    for number, node in enumerate(places):
        for changed in () if id(node) in flags or id(node) in dead or _same(node) else _changes(node):
            whole = copy.deepcopy(tree)
            target = next(islice(ast.walk(whole), number, None))
            _become(target, changed)
            text = ast.unparse(ast.fix_missing_locations(whole))
            line = getattr(node, "lineno", 0)
            found.append(Mutant(text, f"line {line}: {_short(node)} -> {_short(changed)}"))
    return found


def _unread(tree: ast.Module) -> set[int]:
    """Types, which nobody evaluates or asks: annotations (`from __future__ import annotations`), and `tuple[...]`."""
    notes: list[ast.expr | None] = []
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign() | ast.arg():
                notes.append(node.annotation)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                notes.append(node.returns)
            case ast.Subscript(value=ast.Name(id="tuple" | "dict" | "list" | "frozenset")):
                notes.append(node)
    return {id(part) for note in notes if note is not None for part in ast.walk(note)}


def _same(node: ast.AST) -> bool:
    """Changed, it would be the same rule: a sign is 1 or -1."""
    return isinstance(node, ast.BinOp) and isinstance(node.right, ast.Attribute) and node.right.attr == "sign"


def _short(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:90]


def _become(node: ast.AST, changed: ast.AST) -> None:
    node.__class__ = changed.__class__
    node.__dict__.clear()
    node.__dict__.update(changed.__dict__)


def _changes(node: ast.AST) -> Iterator[ast.AST]:  # noqa: C901, PLR0912 - a table of node kinds
    match node:
        case ast.Compare(ops=[op]):
            for other in OTHERS[type(op)]:
                yield _with(node, ops=[other()])
        case ast.BinOp() if type(node.op) in OTHERS:
            yield _with(node, op=OTHERS[type(node.op)][0]())
        case ast.BoolOp():
            yield _with(node, op=OTHERS[type(node.op)][0]())
            for at in range(len(node.values)):
                rest = [value for number, value in enumerate(node.values) if number != at]
                yield _with(node, values=rest) if len(rest) > 1 else copy.deepcopy(rest[0])
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield copy.deepcopy(node.operand)
        case ast.Constant(value=bool()):
            yield _with(node, value=not node.value)
        case ast.Constant(value=int()):
            yield _with(node, value=node.value + 1)  # type: ignore[operator]  # an int, by the case
        case ast.If() | ast.IfExp():
            yield _with(node, test=ast.UnaryOp(ast.Not(), copy.deepcopy(node.test)))
        case ast.Call(func=ast.Name(id="abs" | "frozenset"), args=[only]):
            yield copy.deepcopy(only)
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in SWAPPED:
            yield _with(node, **({"id": SWAPPED[name]} if isinstance(node, ast.Name) else {"attr": SWAPPED[name]}))
        case ast.Tuple(ctx=ast.Load()) | ast.Set() if all(isinstance(e, (ast.Name, ast.Attribute)) for e in node.elts):
            for at in range(len(node.elts) if len(node.elts) > 1 else 0):
                yield _with(node, elts=[each for number, each in enumerate(node.elts) if number != at])


def _with(node: ast.AST, **changes: object) -> ast.AST:
    changed = copy.deepcopy(node)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed


class InItsPlace(MetaPathFinder, Loader):
    """Gives out a mutant under the module's name."""

    def __init__(self, module: str, mutant: Mutant) -> None:
        self.module = module
        self.code = compile(mutant.source, str(path_of(module)), "exec")

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        return spec_from_loader(name, self) if name == self.module else None

    def exec_module(self, module: ModuleType) -> None:
        exec(self.code, module.__dict__)


def run_tests(module: str) -> int:
    return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-m", "not proof", *TESTS[module]]))


def forget() -> None:
    """Our own modules are read anew by the next run; libraries are not."""
    ours = {path.name for path in HOUSE.iterdir() if (path / "__init__.py").exists()} | {"tests"}
    for name in list(sys.modules):
        if name.partition(".")[0] in ours and name != __name__:
            del sys.modules[name]


def tried(module: str, mutant: Mutant) -> int:
    """The id of a process that ends with 0 where the tests noticed nothing."""
    child = os.fork()
    if child:
        return child
    with open(os.devnull, "w") as nothing:  # noqa: PTH123 - a device
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
        signal.alarm(PATIENCE_S)  # what runs for ever is noticed as well
        sys.meta_path.insert(0, InItsPlace(module, mutant))
        os._exit(run_tests(module))


def survivors(module: str, chosen: Sequence[Mutant], at_once: int = 2) -> list[Mutant]:
    """Which of them no test notices. Raises AssertionError where the tests fail on the module as it is."""
    os.chdir(HOUSE)
    assert run_tests(module) == 0, "the tests must pass first"
    forget()
    running: dict[int, Mutant] = {}
    lived = []
    waiting = list(chosen)
    while waiting or running:
        while waiting and len(running) < at_once:
            mutant = waiting.pop()
            running[tried(module, mutant)] = mutant
        child, status = os.wait()
        mutant = running.pop(child)
        if status == 0:
            lived.append(mutant)
            print(f"{module} lived, {mutant.what}", flush=True)
    return lived


if __name__ == "__main__":
    for name in sys.argv[1:]:
        every = mutants(path_of(name).read_text(encoding="utf-8"))
        dead = len(every) - len(survivors(name, every))
        print(f"{name}: {dead} of {len(every)} killed, {dead / len(every):.1%}", flush=True)
