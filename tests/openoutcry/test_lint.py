"""`openoutcry alert lint`: what a message would do, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from openoutcry.lint import Report, lint
from openoutcry.settings import load_settings
from tests.process import run_program

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tradingview.md"
SECRET = "a passphrase nobody may read"
GOOD = {
    "ticker": "BTCPERP", "exchange": "BYBIT", "action": "buy", "type": "limit", "price": "40000", "message": "entry",
    "long SL": "39800", "long TP": "41000", "subaccount": "Testing", "passphrase": SECRET,
}  # fmt: skip


def linted(body: Any, **sections: Any) -> Report:
    known: dict[str, Any] = {
        "accounts": ({"name": "Testing", "broker": "paper", "cash": "10000", "currency": "USDT"},),
        "webhook": {"passphrase": SECRET},
    }
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lint(data, load_settings(None, **known | sections))


def test_a_good_message_is_told_in_full() -> None:
    """Dialect, account, instrument, side, prices, and the size that one percent of the money comes to."""
    report = linted(GOOD)
    assert report.problems == []
    told = "\n".join(report.lines())
    for word in ("chart order", "Testing", "BTCPERP on BYBIT", "buy, limit at 40000", "Stop 39800, target 41000"):
        assert word in told
    assert "Quantity 0.5: 1 % of 10000 USDT" in told


def test_the_message_of_the_set_up_page_is_fine() -> None:
    """With its placeholders, one of them with quotes in it, as it is pasted."""
    text = PAGE.read_text(encoding="utf-8").split("```json\n")[1].split("```")[0]
    assert linted(text.encode(), webhook={}).problems == []


@pytest.mark.parametrize(
    ("changes", "field", "word"),
    [
        ({"ticker": "NOPE"}, "ticker", "knows no instrument NOPE"),
        ({"exchange": "MOON"}, "exchange", "does not trade on MOON"),
        ({"subaccount": "Other"}, "subaccount", "no account Other"),
        ({"action": "hold"}, "action", "one of buy, sell"),
        ({"type": "iceberg"}, "type", "one of market, limit"),
        ({"price": "NaN"}, "price", "missing"),
        ({"price": "0"}, "price", "above zero"),
        ({"long SL": "NaN"}, "long SL", "missing"),
        ({"long SL": "41000"}, "long SL", "below the price"),
        ({"long SL": "40000"}, "long SL", "below the price"),
        ({"long TP": "39000"}, "long TP", "above the price"),
        ({"time": "yesterday"}, "time", "not a time"),
        ({"tp1 Mult": "2", "tp Close": "150"}, "tp Close", "100 percent"),
        ({"long SL": "{{plot_99x}} {{nonsense}}"}, "long SL", "no placeholder {{nonsense}}"),
        ({"passphrase": "wrong"}, "passphrase", "401"),
        ({"long SL": "1"}, "quantity", "smallest quantity"),
        ({"long SL": "39999"}, "quantity", "leverage"),
    ],
)
def test_each_problem_is_named_with_its_field(changes: dict[str, str], field: str, word: str) -> None:
    """And in words that say what to do."""
    settings = {"accounts": ({"name": "Testing", "broker": "paper", "cash": "1000", "currency": "USDT"},)}
    report = linted(GOOD | changes, **(settings if field == "quantity" and "39999" not in changes.values() else {}))
    assert field in [name for name, _ in report.problems]
    assert word in " ".join(words for _, words in report.problems)


def test_all_problems_are_told_at_once() -> None:
    """Nobody has to mend one to hear of the next."""
    report = linted(GOOD | {"ticker": "NOPE", "action": "hold", "price": "NaN", "subaccount": "X"})
    assert {name for name, _ in report.problems} == {"ticker", "action", "price", "subaccount"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"a": }', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_told(body: bytes) -> None:
    """One problem, of the body, and no trace."""
    assert [name for name, _ in linted(body).problems] == ["body"]


def test_the_other_dialects_are_known() -> None:
    """A link's own, and the hub's."""
    own = {"strategy": "S", "symbol": "BTCPERP", "action": "{{strategy.order.action}}", "timestamp": "{{timenow}}"}
    assert (linted(own).problems, linted(own).says[0]) == ([], "Dialect: link.")
    hub = {"id": 1, "name": "S", "symbol": "BYBIT:BTCPERP", "interval": 15, "direction": "buy", "price": 1}
    assert linted(hub).problems == [("timestamp", "timestamp is missing")]


def test_a_secret_is_never_told() -> None:
    """Neither ours nor what was tried."""
    told = "\n".join(linted(GOOD | {"passphrase": "tried-and-wrong"}).lines())
    assert SECRET not in told
    assert "tried-and-wrong" not in told


def test_the_exit_code_says_whether_it_is_fine(tmp_path: Path) -> None:
    """0 and 1, and 1 for a file that is not there; nothing is written anywhere."""
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(GOOD | {"ticker": "SBER", "exchange": "MOEX"}), encoding="utf-8")
    bad.write_text(json.dumps(GOOD | {"action": "hold"}), encoding="utf-8")
    results = [run_program("alert", "lint", path, cwd=tmp_path) for path in (good, bad, tmp_path / "none.json")]
    assert [result.returncode for result in results] == [0, 1, 1]
    assert "PROBLEM action" in results[1].stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.json", "good.json"]
