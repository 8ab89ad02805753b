"""`openoutcry simulate`, as it is typed."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokers.paper import walk
from core.clock import ManualClock
from core.values.alerts import Alert, AlertKind, Levels, Source
from core.values.candles import SymbolDay
from core.values.ids import AlertId
from core.values.money import Price
from core.values.orders import Side
from openoutcry.pasts import LAST_DAY, made_up
from openoutcry.simulate_cli import run
from storage.candles import open_candles
from storage.sqlite import open_store
from tests.process import HOUSE

_ENDS = datetime.combine(LAST_DAY + timedelta(days=1), datetime.min.time(), UTC)
CYCLE = ("--strategy", "cycle", "--symbol", "SBER", "--market", "demo")


def said(*words: str) -> subprocess.CompletedProcess[str]:
    """As a process would say it, without the price of one."""
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        try:
            code = run(words)
        except SystemExit as end:
            code = int(str(end.code))
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


def process(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "openoutcry", "simulate", *words], capture_output=True, text=True, check=False, cwd=HOUSE
    )


def answer(*words: str) -> dict[str, Any]:
    done = said(*words, "--json")
    assert done.returncode == 0, done.stderr
    [line] = done.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_one_object_equal_from_run_to_run() -> None:
    """With the figures that programs read; the progress is not among them."""
    first, second = (process(*CYCLE, "--days", "20", "--seed", "7", "--json") for _ in range(2))
    assert first.stdout == second.stdout
    found = json.loads(first.stdout)
    assert {"orders", "trades", "net_profit", "win_ratio", "days", "bars"} <= found.keys()
    assert (found["days"], found["trades"] > 0, found["orders"] > found["trades"], len(found["list"])) == (
        20, True, True, found["trades"],
    )  # fmt: skip
    assert "20/20 days" in first.stderr


def test_another_seed_is_another_past() -> None:
    """And the same one is not."""
    one, two, again = (answer(*CYCLE, "--days", "9", "--seed", seed) for seed in ("7", "8", "7"))
    assert one["list"] != two["list"]
    assert one == again


@pytest.mark.parametrize("symbol", ["SBER", "BTCPERP"])
def test_both_engines_say_the_same(symbol: str) -> None:
    """Their names and counts of orders aside; of lots of ten, and of thousandths of a coin."""
    words = (
        *CYCLE[:2],
        "--symbol",
        symbol,
        "--cash",
        "1000000",
        "--days",
        "2",
        "--seed",
        "7",
        "--fee-percent",
        "0.03",
        "--slippage-ticks",
        "1",
    )
    kernel, desk = (answer(*words, "--engine", name) for name in ("kernel", "desk"))
    for found in (kernel, desk):
        del found["engine"], found["orders"]
    assert kernel == desk


def test_people_get_a_table() -> None:
    """A line a figure, then a line a trade."""
    lines = said(*CYCLE, "--days", "5", "--seed", "7").stdout.splitlines()
    assert "days           5" in lines
    assert any(line.startswith("opened ") for line in lines)


def test_days_from_and_to_are_included() -> None:
    """Both ends; without an end, so many from the first on."""
    both = answer(*CYCLE, "--from", "2025-11-03", "--to", "2025-11-05")
    assert (both["from"], both["to"], both["days"]) == ("2025-11-03", "2025-11-05", 3)
    assert answer(*CYCLE, "--from", "2025-11-03", "--days", "2")["to"] == "2025-11-04"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--strategy", "nonsense", "--symbol", "SBER"), "nonsense"),
        (("--strategy", "cycle", "--symbol", "NOPE"), "NOPE"),
        ((*CYCLE[:4], "--market", "moon"), "moon"),
        ((*CYCLE, "--days", "0"), "--days"),
        ((*CYCLE, "--days", "-3"), "--days"),
        ((*CYCLE, "--days", "100000"), "--days"),
        ((*CYCLE, "--days", "many"), "--days"),
        ((*CYCLE, "--from", "2025-11-05", "--to", "2025-11-03"), "--from"),
        ((*CYCLE, "--from", "yesterday"), "--from"),
        ((*CYCLE, "--from", "0001-01-01", "--to", "0001-01-05"), "--from"),
        ((*CYCLE, "--from", "2025-11-03", "--to", "2025-11-05", "--days", "2"), "--days"),
        ((*CYCLE, "--seed", "x"), "--seed"),
        ((*CYCLE, "--fee-percent", "-1"), "--fee-percent"),
        ((*CYCLE, "--fee-percent", "NaN"), "--fee-percent"),
        ((*CYCLE, "--cash", "1e999"), "--cash"),
        ((*CYCLE, "--slippage-ticks", "-1"), "--slippage-ticks"),
        ((*CYCLE, "--slippage-percent", "100"), "--slippage-percent"),
        ((*CYCLE, "--engine", "steam"), "steam"),
        ((*CYCLE, "--draws", "0"), "--draws"),
        ((*CYCLE, "--models"), "--models"),
        ((*CYCLE, "--settings", "/nowhere.toml"), "/nowhere.toml"),
        (CYCLE[:2], "--symbol"),
        (CYCLE[2:], "--strategy"),
        (("--alerts", *CYCLE[2:]), "--market candles"),
    ],
)
def test_what_cannot_be_done_is_named(words: tuple[str, ...], named: str) -> None:
    """Exit 2, the word on standard error, nothing on standard output."""
    done = said(*words, "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_how_much_is_luck_is_told_on_demand() -> None:
    """The same for the same seed; without the word it is not there."""
    words = (*CYCLE, "--days", "20", "--seed", "7")
    luck = answer(*words, "--draws", "50")["luck"]
    assert luck == answer(*words, "--draws", "50")["luck"]
    assert (luck["draws"], len(luck["drawdown"]), len(luck["net_profit"])) == (50, 3, 3)
    assert "luck" not in answer(*words)


def test_pictures_on_demand(tmp_path: Path) -> None:
    """Equity, profit by day, and the last day's trades on its bars."""
    answer(*CYCLE, "--days", "20", "--seed", "7", "--pictures", str(tmp_path / "made"))
    made = {path.name: path.read_bytes() for path in (tmp_path / "made").iterdir()}
    assert made.keys() == {"equity.png", "days.png", "trades.png"}
    assert all(picture.startswith(b"\x89PNG") for picture in made.values())


def test_pictures_that_cannot_be_written_fail_in_words(tmp_path: Path) -> None:
    """Exit 1: nothing is wrong with the words, but with the disk."""
    (tmp_path / "file").write_text("")
    done = said(*CYCLE, "--days", "20", "--seed", "7", "--pictures", str(tmp_path / "file"), "--json")
    assert (done.returncode, "Traceback" in done.stderr, "file" in done.stderr) == (1, False, True)


def filed(tmp_path: Path) -> tuple[str, ...]:
    """Three days of the built-in market's past, put on file as `collect` puts them; the words that play them."""
    past, first = made_up("SBER", 7), datetime(2025, 12, 10, tzinfo=UTC)
    store = open_candles(tmp_path / "candles", past.interval_s)
    for number in range(3):
        start = first + timedelta(days=number)
        bars = list(walk.bars(7, past.instrument, past.anchor, _ENDS, start, start + timedelta(days=1), 60))
        store.save(SymbolDay("SBER", start.date(), bars))
    (tmp_path / "settings.toml").write_text(f'[desk]\ndata_dir = "{tmp_path}"\n')
    return ("--market", "candles", "--settings", str(tmp_path / "settings.toml"))


def test_candles_on_file_are_played_like_any_past(tmp_path: Path) -> None:
    """The same bars give the same trades, wherever they come from."""
    words = filed(tmp_path)
    made = answer(*CYCLE[:4], "--seed", "7", "--from", "2025-12-10", "--to", "2025-12-12")
    kept = answer(*CYCLE[:4], *words, "--lot", "10", "--tick", "0.01")
    assert (kept["list"], kept["days"], kept["bars"]) == (made["list"], 3, made["bars"])
    assert answer(*CYCLE[:4], *words, "--days", "2")["from"] == "2025-12-11"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--symbol", "NOPE"), "NOPE"), (("--symbol", "SBER", "--calendar", "moon"), "moon"),
        (("--symbol", "SBER", "--lot", "0"), "--lot"), (("--symbol", "SBER", "--tick", "0"), "--tick"),
        (("--symbol", "SBER", "--from", "2020-01-01", "--to", "2020-01-05"), "--from"),
        (("--symbol", "SBER", "--settings", "/nowhere.toml"), "/nowhere.toml"),
    ],
)  # fmt: skip
def test_candles_that_are_not_there_are_named(tmp_path: Path, words: tuple[str, ...], named: str) -> None:
    """Exit 2 and the word."""
    done = said("--strategy", "cycle", *filed(tmp_path), *words, "--json")
    assert (done.returncode, done.stdout, named in done.stderr) == (2, "", True), done.stderr


def test_a_settings_file_says_what_the_strategy_goes_by(tmp_path: Path) -> None:
    """Its own figures of [strategies.cycle], on any market."""
    file = tmp_path / "desk.toml"
    file.write_text("[strategies.cycle]\ndip = 0.6\n")
    words = (*CYCLE, "--days", "9", "--seed", "7")
    usual, deep = answer(*words), answer(*words, "--settings", str(file))
    assert usual["entry_ratio"] != deep["entry_ratio"]
    file.write_text("[strategies.cycle]\ndip = 'deep'\n")
    done = said(*words, "--settings", str(file))
    assert (done.returncode, "strategies.cycle.dip" in done.stderr) == (2, True), done.stderr


def test_models_keep_a_run_from_beginning(tmp_path: Path) -> None:
    """Three days on file teach nothing of what cycle wants to know of a symbol; without the word nobody is asked."""
    words = (*CYCLE[:4], *filed(tmp_path), "--lot", "10", "--tick", "0.01")
    assert answer(*words)["attempts"] > 0
    assert answer(*words, "--models")["attempts"] == 0


async def journalled(data_dir: Path, alert: Alert) -> None:
    """In a journal that nobody has open."""
    store = await open_store(data_dir / "desk.sqlite3", ManualClock(alert.received_at))
    await store.accept_alert(alert, AlertId("0" * 8 + "-0000-8000-8000-000000000000"), "key")
    await store.close()


def test_alerts_of_the_journal_are_traded_again(tmp_path: Path) -> None:
    """One that came at noon, with its own stop and with a nearer one; the journal is only read."""
    words = filed(tmp_path)
    past = made_up("SBER", 7)
    came = datetime(2025, 12, 11, 12, 0, 30, tzinfo=UTC)
    at = Price(next(past.bars(came.replace(second=0), came)).open * past.instrument.tick)
    alert = Alert(Source.ORDER, came, "{}", AlertKind.ENTRY, "SBER", side=Side.BUY, price=at)
    asyncio.run(journalled(tmp_path, replace(alert, long=Levels(Price(at - 3), Price(at + 1)))))
    asked = ("--alerts", "--symbol", "SBER", *words, "--lot", "10", "--tick", "0.01")
    own, nearer = answer(*asked), answer(*asked, "--stop-percent", "0.5")
    assert (own["alerts"], own["attempts"], len(own["list"])) == (1, 1, 1)
    assert own["list"][0]["opened_at"] == "2025-12-11T12:00:30Z"
    assert Decimal(nearer["list"][0]["quantity"]) > Decimal(own["list"][0]["quantity"])
    none = said(*asked, "--to", "2025-12-10", "--json")
    assert (none.returncode, "--alerts" in none.stderr) == (2, True)


def test_the_kernel_needs_neither_the_desk_nor_numbers_by_array() -> None:
    """What makes the first answer quick: the heavy libraries are not imported."""
    code = (
        "import sys; from openoutcry.simulate_cli import run; run(sys.argv[1:]); "
        "print(sorted({'numpy', 'pydantic', 'aiohttp', 'aiosqlite', 'pyarrow', 'PIL'} & sys.modules.keys()))"
    )
    words = (*CYCLE, "--days", "2", "--json")
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True, cwd=HOUSE)
    assert done.stdout.splitlines()[-1] == "[]"
