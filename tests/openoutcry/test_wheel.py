"""What people install: one name in site-packages, everything in it, and it runs from anywhere."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.process import HOUSE, environment


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the locked hatchling from the checkout."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=HOUSE, check=True, capture_output=True)
    return next(out.glob("*.whl"))


def test_the_wheel_gains_one_name(wheel: Path) -> None:
    """Every room is tucked under openoutcry/, with its templates, catalogues and schema, and the charts' script."""
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"openoutcry"}
    for needed in (
        "openoutcry/texts/en.toml",
        "openoutcry/storage/sqlite/schema/0001_initial.sql",
        "openoutcry/dashboard/static/desk.js",
        "openoutcry/dashboard/static/lightweight-charts.js",
        "openoutcry/dashboard/static/lightweight-charts.LICENSE",
        "openoutcry/core/ports/store.py",
        "openoutcry/bot/telegram/bot.py",
    ):
        assert needed in names


def test_the_installed_program_runs_from_a_hostile_folder(wheel: Path, tmp_path: Path) -> None:
    """A `core/` in the working directory does not get in its way: demo starts, answers and stops."""
    home = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(home)
    hostile = tmp_path / "core"
    hostile.mkdir()
    (hostile / "__init__.py").write_text("raise RuntimeError('not ours')", encoding="utf-8")
    libraries = next(path for path in sys.path if path.endswith("site-packages"))
    start = f"import sys; sys.path.insert(0, {str(home)!r}); from openoutcry.__main__ import main; main()"
    command = [sys.executable, "-c", start, "demo", "--port", "0", "--data-dir", str(tmp_path / "d"), "--still"]
    with subprocess.Popen(
        command, cwd=tmp_path, env={**environment(), "PYTHONPATH": libraries}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().split()[0] for _ in range(2)]
        process.terminate()
        assert process.wait(30) == 0
    assert lines == ["LISTENING", "READY"]
