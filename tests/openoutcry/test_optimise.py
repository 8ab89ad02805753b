"""`openoutcry optimise`, as it is typed."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import redirect_stderr, redirect_stdout
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from openoutcry.cli import run
from tests.process import demo

PAST = ("--symbol", "SBER", "--market", "demo", "--days", "8", "--seed", "7")
CYCLE = ("--strategy", "cycle", *PAST)
DIP = ("--strategy", "dip", *PAST)
GRID = ("--grid", "k=0.2:0.3:0.05", "--grid", "stop=0.4:0.6:0.2")


def said(*words: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command line."""
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        code = run([str(word) for word in words])
    return code, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one search was made, with everything that there is to it."""
    where = tmp_path_factory.mktemp("searched")
    words = ("--walk-forward", "5:3", "--pictures", where / "pictures", "--workers", "2")
    code, out, err = said("optimise", *CYCLE, *GRID, *words, "--data-dir", where, "--json")
    assert code == 0, err
    assert "6/6 points" in err
    (where / "answer.json").write_text(out, encoding="utf-8")
    return where


@pytest.fixture
def found(data_dir: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((data_dir / "answer.json").read_text(encoding="utf-8"))
    return told


def test_the_best_point_earns_what_simulate_says(data_dir: Path, found: dict[str, Any]) -> None:
    """Of two dips and two stops, by the same engine; its figures put into a settings file say the same."""
    assert (found["points"], len(found["list"]), found["pruned"], found["failed"]) == (6, 6, 0, [])
    profits = [float(row["net_profit"]) for row in found["list"]]
    assert profits == sorted(profits, reverse=True)
    best = found["best"]
    figures = "\n".join(f"{name} = {value}" for name, value in best["figures"].items())
    settings = data_dir / "settings.toml"
    settings.write_text(f"[strategies.cycle]\n{figures}\n", encoding="utf-8")
    told = json.loads(said("simulate", *CYCLE, "--settings", settings, "--json")[1])
    assert (told["net_profit"], str(told["trades"]), told["win_ratio"]) == (
        best["net_profit"], best["trades"], best["win_ratio"],
    )  # fmt: skip


def test_the_same_again_is_told_without_a_play(data_dir: Path, found: dict[str, Any]) -> None:
    """Word for word, and the database has no trial more."""
    database = sqlite3.connect(data_dir / "studies.sqlite3")
    before = database.execute("SELECT count(*) FROM trials").fetchone()
    _, out, _ = said("optimise", *CYCLE, *GRID, "--walk-forward", "5:3", "--data-dir", data_dir, "--json")
    assert json.loads(out) == found
    assert database.execute("SELECT count(*) FROM trials").fetchone() == before
    database.close()


def test_choosing_by_the_days_before_is_judged_on_the_days_after(found: dict[str, Any]) -> None:
    """Five days to learn from, three to judge by: one step of eight days."""
    [step] = found["walk_forward"]
    assert (step["from"], step["to"]) == ("2025-12-29", "2025-12-31")
    assert step["figures"].keys() == {"dip", "stop"}


def test_the_heat_map_is_a_picture(data_dir: Path) -> None:
    """Of the two figures that were searched."""
    image = Image.open(io.BytesIO((data_dir / "pictures" / "heatmap.png").read_bytes()))
    assert (image.format, image.size) == ("PNG", (1000, 560))


def test_what_was_found_is_among_the_reports(data_dir: Path, found: dict[str, Any]) -> None:
    """In the list and in /report: kept while the desk was down, and once more, while it runs, as the same report."""
    with demo(data_dir) as desk:
        code, _, err = said("optimise", *CYCLE, *GRID, "--data-dir", data_dir)
        assert code == 0, err
        assert "not kept" not in err
        [report] = desk.items("reports")
        assert (report["kind"], report["account"]) == ("optimisation", None)
        assert report["figures"]["net_profit"] == found["best"]["net_profit"]
        [notice] = desk.say("/report")
        assert f"the best of 6 points is {report['figures']['best']}" in notice["text"]


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (("--grid", "k=0.3:0.1:0.1"), "--grid k=0.3:0.1:0.1: the range is empty"),
        (("--grid", "k=0.1:0.3:0.15"), "--grid k=0.1:0.3:0.15: steps of 0.15 from 0.1 do not meet 0.3"),
        (("--grid", "k=0.1:0.3:0"), "--grid k=0.1:0.3:0: step is 0"),
        (("--grid", "k"), "--grid k: write it as name=low:high:step"),
        (("--grid", "moon=1:2:1"), "--grid moon=1:2:1: cycle has no figure 'moon'; there are dip,"),
        (("--grid", "k=50:150:50"), "--grid k=50:150:50: dip: is a percentage"),
        (("--grid", "step_parts=0:2:1"), "step_parts: must be above 0"),
        (("--grid", "k=0.1:0.3:0.1", "--grid", "dip=0.1:0.3:0.1"), "dip has a range already"),
        (("--grid", "k=0:99:0.001"), "--grid: 99001 points are more than"),
        (("--strategy", "moon"), "--strategy: there is no 'moon'; there are cycle, recycle, dip"),
        (("--symbol", "MOON"), "--symbol: there is no 'MOON'"),
        (("--sampler", "moon"), "--sampler: there is no 'moon'; there are grid, random, tpe"),
        (("--trials", "3"), "--trials: the grid has 42 points"),
        (("--workers", "0"), "--workers: must be 1.."),
        (("--storage", "moon://secret@host"), "--storage: write it as postgresql://"),
        (("--storage", "postgresql://desk:p@secret@host/none"), "--storage: an @ in a password is written as %40"),
        (("--storage", "postgresql://desk:x@host:secret/none"), "--storage: write it as postgresql://"),
        (("--storage", "sqlite:////no/such/secret/file"), "--storage: there is no directory for this file"),
        (("--study", "../x"), "--study: letters"),
        (("--walk-forward", "20:5"), "--walk-forward 20:5: 8 days are less than one step"),
        (("--walk-forward", "x"), "--walk-forward x: write it as"),
        (("--map", "dip,moon"), "--map dip,moon: only these have a range: dip, stop"),
        (("--days", "0"), "--days: must be 1.."),
    ],
)
def test_a_word_that_cannot_be_used_is_named(
    words: tuple[str, ...], wrong: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2; nothing is begun, and no secret is told."""
    assert run(["optimise", *CYCLE, *words, "--data-dir", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert wrong in said.err
    assert "secret" not in said.err
    assert (said.out, list(tmp_path.iterdir())) == ("", [])


def test_a_database_that_is_not_there_is_told_without_its_password(tmp_path: Path) -> None:
    """Exit code 1: the words were right."""
    url = "postgresql://desk:secret@127.0.0.1:1/none"
    code, out, err = said("optimise", *CYCLE, *GRID, "--storage", url, "--data-dir", tmp_path)
    assert (code, out) == (1, "")
    assert "the database does not answer" in err
    assert "secret" not in err


RULE_GRID = ("--grid", "k=0.2:0.3:0.05", "--grid", "stop=0.4:0.6:0.2", "--grid", "hold_s=300:900:300")


def test_a_rule_earns_what_simulate_says(tmp_path: Path) -> None:
    """Every point of it, from columns, as the kernel would play its figures; no database is made."""
    code, out, err = said("optimise", *DIP, *RULE_GRID, "--walk-forward", "5:3", "--data-dir", tmp_path, "--json")
    assert code == 0, err
    found = json.loads(out)
    assert (found["points"], len(found["list"]), found["failed"]) == (18, 18, [])
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("studies")] == []
    settings = tmp_path / "settings.toml"
    for row in (found["list"][0], found["list"][-1]):
        figures = "\n".join(f"{name} = {value}" for name, value in row["figures"].items())
        settings.write_text(f"[strategies.dip]\n{figures}\n", encoding="utf-8")
        told = json.loads(said("simulate", *DIP, "--settings", settings, "--json")[1])
        known = {name: str(told[name]) for name in ("net_profit", "trades", "wins", "losses", "win_ratio", "drawdown")}
        assert known == {name: row[name] for name in known}
    [step] = found["walk_forward"]
    chosen = next(row for row in found["list"] if row["figures"] == step["figures"])
    assert Decimal(step["learned"]) + Decimal(step["judged"]) == Decimal(chosen["net_profit"])


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (("--sampler", "tpe"), "--sampler: not with dip"),
        (("--prune",), "--prune: not with dip"),
        (("--storage", "sqlite:///secret"), "--storage: not with dip"),
        (("--study", "mine"), "--study: not with dip"),
        (("--engine", "desk"), "--engine: not with dip"),
        (("--grid", "hold_s=60:90:0.5"), "--grid hold_s=60:90:0.5: hold_s: must be whole seconds"),
        (("--grid", "target=0:1:0.5"), "--grid target=0:1:0.5: target: must be above 0"),
        (("--grid", "dip=0.00000000000000001:0.00000000000000002:0.00000000000000001"), "--grid, --fee-percent"),
        (("--grid", "hold_s=60:99999960:99999900"), "hold_s: must not be more than a year"),
        (("--grid", "greedy=0.1:0.2:0.1"), "dip has no figure 'greedy'; there are dip, stop, target,"),
    ],
)
def test_what_a_rule_has_no_use_for_is_named(
    words: tuple[str, ...], wrong: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and nothing is begun."""
    assert run(["optimise", *DIP, *words, "--data-dir", str(tmp_path)]) == 2
    assert wrong in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
