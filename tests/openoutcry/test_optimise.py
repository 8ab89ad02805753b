"""`openoutcry optimise`, as it is typed."""

from __future__ import annotations

import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from openoutcry.cli import run
from tests.process import demo, run_program

CYCLE = ("--strategy", "cycle", "--symbol", "SBER", "--market", "demo", "--days", "8", "--seed", "7")
GRID = ("--grid", "k=0.2:0.3:0.05", "--grid", "stop=0.4:0.6:0.2")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one search was made, with everything that there is to it."""
    where = tmp_path_factory.mktemp("searched")
    words = ("--walk-forward", "5:3", "--pictures", where / "pictures", "--workers", "2")
    done = run_program("optimise", *CYCLE, *GRID, *words, "--data-dir", where, "--json")
    assert done.returncode == 0, done.stderr
    assert "6/6 points" in done.stderr
    (where / "answer.json").write_text(done.stdout, encoding="utf-8")
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
    told = json.loads(run_program("simulate", *CYCLE, "--settings", settings, "--json").stdout)
    assert (told["net_profit"], str(told["trades"]), told["win_ratio"]) == (
        best["net_profit"], best["trades"], best["win_ratio"],
    )  # fmt: skip


def test_the_same_again_is_told_without_a_play(data_dir: Path, found: dict[str, Any]) -> None:
    """Word for word, and the database has no trial more."""
    database = sqlite3.connect(data_dir / "studies.sqlite3")
    before = database.execute("SELECT count(*) FROM trials").fetchone()
    done = run_program("optimise", *CYCLE, *GRID, "--walk-forward", "5:3", "--data-dir", data_dir, "--json")
    assert json.loads(done.stdout) == found
    assert database.execute("SELECT count(*) FROM trials").fetchone() == before == (6,)
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
        again = run_program("optimise", *CYCLE, *GRID, "--data-dir", data_dir)
        assert again.returncode == 0, again.stderr
        assert "not kept" not in again.stderr
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
        (("--grid", "k=50:150:50"), "--grid k=50:150:50: dip: it is a percentage"),
        (("--grid", "step_parts=0:2:1"), "step_parts: it must be above 0"),
        (("--grid", "k=0.1:0.3:0.1", "--grid", "dip=0.1:0.3:0.1"), "dip has a range already"),
        (("--grid", "k=0:99:0.001"), "--grid: 99001 points are more than"),
        (("--strategy", "moon"), "--strategy: there is no 'moon'; there are cycle"),
        (("--symbol", "MOON"), "--symbol: there is no 'MOON'"),
        (("--sampler", "moon"), "--sampler: there is no 'moon'; there are grid, random, tpe"),
        (("--trials", "3"), "--trials: the grid has 42 points"),
        (("--workers", "0"), "--workers: must be 1.."),
        (("--storage", "moon://secret@host"), "--storage: write it as postgresql://"),
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
    done = run_program("optimise", *CYCLE, *GRID, "--storage", url, "--data-dir", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the database does not answer" in done.stderr
    assert "secret" not in done.stderr
