"""`openoutcry collect`, and a desk that collects."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from core.values.candles import Source
from openoutcry.lock import only_desk
from storage.candles import open_candles
from strategies.shelf import Shelf
from tests.brokers.tinvest.harness import account_settings
from tests.process import HOUSE, demo, environment, run_program
from tests.servers.broker import hosting
from tests.servers.tinvest import TInvestServer

HEAVY = ("numpy", "pyarrow", "sklearn")


def collect(directory: Path, *more: object) -> subprocess.CompletedProcess[str]:
    done: subprocess.CompletedProcess[str] = run_program(
        "collect", "--market", "demo", "--data-dir", directory, "--symbol", "SBER", *more
    )
    return done


def figures(directory: Path) -> list[object]:
    """Every day on file as one bar."""
    return [(day.date, day.daily) for day in open_candles(directory / "candles", 60).days("SBER")]


def test_the_demo_market_has_a_history(tmp_path: Path) -> None:
    """Candles on file, models trained, what came of it on standard output, the bar on standard error; again: nothing
    is left to do."""
    done = collect(tmp_path, "--days", 3)
    assert done.returncode == 0
    assert "SBER: 3 days collected, 3 on file" in done.stdout
    assert "SBER: dip10: fed" in done.stdout
    assert "[##############################] 3/3" in done.stderr
    assert set(Shelf(tmp_path / "models").read("SBER").daily) == {"dip10", "dip45", "volatility"}
    again = collect(tmp_path, "--days", 3)
    assert "SBER: 0 days collected, 3 on file" in again.stdout
    assert "SBER: dip10: known" in again.stdout


def test_equal_seeds_have_equal_histories(tmp_path: Path) -> None:
    """And another seed another one."""
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        assert collect(tmp_path / name, "--days", 2, "--seed", seed, "--no-training").returncode == 0
    assert figures(tmp_path / "a") == figures(tmp_path / "b") != figures(tmp_path / "c")
    assert not (tmp_path / "a" / "models").exists()


def test_tc_45_collecting_again_from_a_day(tmp_path: Path) -> None:
    """That range alone, of that symbol alone."""
    collect(tmp_path, "--days", 3, "--no-training")
    days = [day.date for day in open_candles(tmp_path / "candles", 60).days("SBER")]
    done = collect(tmp_path, "--again", "--from", days[1], "--no-training")
    assert "SBER: 2 days collected, 3 on file" in done.stdout


def test_a_day_that_is_gone_is_healed(tmp_path: Path) -> None:
    """TC-07: it alone is collected."""
    collect(tmp_path, "--days", 3, "--no-training")
    store = open_candles(tmp_path / "candles", 60)
    before, gone = figures(tmp_path), store.days("SBER")[1].date
    store.forget("SBER", gone, gone)
    assert "SBER: 1 days collected, 3 on file" in collect(tmp_path, "--days", 3).stdout
    assert figures(tmp_path) == before


def test_a_paper_account_collects_of_its_market(tmp_path: Path) -> None:
    """By the settings: symbols, how many days, how long a bar is."""
    settings = tmp_path / "settings.toml"
    settings.write_text(
        f'[desk]\ndata_dir = "{tmp_path / "data"}"\n[collect]\nsymbols = ["Testing/gazp"]\ndays = 2\ninterval_s = 30\n'
        '[[accounts]]\nname = "Testing"\nbroker = "paper"\n',
        encoding="utf-8",
    )
    done = run_program("collect", "--settings", settings, "--no-training")
    assert done.stdout == "GAZP: 2 days collected, 2 on file\n"
    assert [day.bars for day in open_candles(tmp_path / "data" / "candles", 30).days("GAZP")] == [2880, 2880]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--market", "demo", "--symbol", "LKOH"], "does not list LKOH"),
        (["--market", "demo", "--days", "0"], "--days: must be at least 1"),
        ([], "collect.symbols: there are none"),
        (["--symbol", "SBER"], "no account trades SBER"),
        (["--from", "yesterday"], "--from"),
    ],
)
def test_bad_usage_exits_2_and_says_why(tmp_path: Path, arguments: list[str], says: str) -> None:
    """Naming the key, or the argument."""
    done = run_program("collect", "--data-dir", tmp_path, *arguments)
    assert done.returncode == 2
    assert says in done.stderr


def test_two_do_not_collect_into_one_directory(tmp_path: Path) -> None:
    """As with desks: exit 75."""
    with only_desk(tmp_path / "candles"):
        assert collect(tmp_path, "--days", 1).returncode == 75


def test_a_desk_that_collects_catches_up_and_trades_meanwhile(tmp_path: Path) -> None:
    """TC-06's ground: it answers alerts while the last days are collected; on file they are of the broker."""
    env = {"OPENOUTCRY_COLLECT__SYMBOLS": '["SBER"]', "OPENOUTCRY_COLLECT__DAYS": "3"}
    with demo(tmp_path / "d", env=env) as desk:
        assert desk.alert()[0] == 200
        shelf = Shelf(tmp_path / "d" / "models")
        desk.wait_for("accounts", lambda _: bool(shelf.read("SBER").daily))
        days = open_candles(tmp_path / "d" / "candles", 60).days("SBER")
        assert [day.source for day in days] == [Source.HISTORY] * 3
        assert days[2].date - days[0].date == timedelta(days=2)
        assert desk.stop() == 0


def test_a_symbol_that_nobody_trades_is_told_at_the_start(tmp_path: Path) -> None:
    """Exit 2, naming the key."""
    env = {"OPENOUTCRY_COLLECT__SYMBOLS": '["LKOH"]'}
    done = run_program("demo", "--port", 0, "--data-dir", tmp_path, env=env)
    assert done.returncode == 2
    assert "collect.symbols: no account trades LKOH" in done.stderr


def test_two_worlds_do_not_share_a_directory(tmp_path: Path) -> None:
    """Neither two seeds of the built-in market, nor it and a broker: nobody could tell their days apart."""
    assert collect(tmp_path, "--days", 1, "--seed", 7, "--no-training").returncode == 0
    other = collect(tmp_path, "--days", 2, "--seed", 8, "--no-training")
    assert other.returncode == 2
    assert "holds candles of demo-7, not of demo-8" in other.stderr
    assert len(figures(tmp_path)) == 1


async def test_a_brokers_candles_are_asked_of_the_broker(tmp_path: Path) -> None:
    """Also without --live: its history is no order. What it tells is judged: one bar a day is none to learn from."""
    server = TInvestServer(tmp_path / "ledger")
    async with hosting(server):
        account = {"name": "Broker", "broker": "tinvest", **account_settings(server)}
        env = {
            "OPENOUTCRY_ACCOUNTS": json.dumps([account]),
            "OPENOUTCRY_DESK__DATA_DIR": str(tmp_path),
            "OPENOUTCRY_COLLECT__SYMBOLS": '["Broker/SBER"]',
        }
        done = await asyncio.to_thread(run_program, "collect", "--days", 2, "--no-training", env=env)
    assert done.returncode == 0, done.stderr
    assert "SBER: 0 days collected" in done.stdout
    assert done.stdout.count("is missing (few") == 2


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    """Exit 1, in words; a machine without the library is one on which its import fails."""
    script = (
        "import sys\nsys.modules['pyarrow'] = None\nfrom openoutcry.cli import run\n"
        f"sys.exit(run(['collect', '--market', 'demo', '--days', '1', '--data-dir', {str(tmp_path)!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=HOUSE, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "pip install openoutcry[research]" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_plain_desk_loads_no_library_of_research(tmp_path: Path) -> None:
    """None of them is in its memory once it is READY, nor imported by what it is built of. Nor are ciphers, which take
    six megabytes: it keeps no credentials, and backups are made in a process of their own."""
    with demo(tmp_path / "d") as desk:
        mapped = Path(f"/proc/{desk.process.pid}/maps").read_text(encoding="utf-8")
        assert not [name for name in (*HEAVY, "/cryptography/") if name in mapped]
    script = (
        "import json, sys\nimport openoutcry.cli, openoutcry.parts, openoutcry.collect_cli\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=HOUSE, env=environment(), capture_output=True, text=True, check=True
    )
    assert json.loads(found.stdout) == []
