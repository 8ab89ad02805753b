"""The strategy's own messages, sent to a running desk while its market goes through the bars."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from core.values.market import Candle
from strategies.mean_reversion import Signals
from strategies.mean_reversion_alerts import Chart, order_values, render, study_values
from strategies.mean_reversion_trades import MeanReversion, OrderFill
from tests.process import ORDER_ROUTE, Desk, demo
from tests.strategies.bars import LONG_AT_99, MINUTE, SHORT_RULES, TICK, bars
from tests.strategies.scripts import order_template, study_templates

BEFORE = len(LONG_AT_99) - 1
STUDY_ROUTE = "/tradingview-to-discord-study"


def just_now(*rows: str) -> list[Candle]:
    """The fourth bar, which gives the signal, closes now."""
    return bars(*rows, start=datetime.now(UTC).replace(microsecond=0) - len(LONG_AT_99) * MINUTE)


def chart(desk: Desk) -> Chart:
    return Chart(desk.sample["ticker"], desk.sample["exchange"], MINUTE)


def book(desk: Desk, price: Decimal) -> None:
    """A deep market a tick wide, its bid at this price."""
    body = {"ticker": desk.sample["ticker"], "bid": f"{price}", "ask": f"{price + TICK}"}
    body |= {"bid_size": "1000000", "ask_size": "1000000"}
    status, answer = desk.ask("POST", "/api/v1/demo/market", body)
    assert status == 200, answer


def filled_in(desk: Desk, template: str, values: dict[str, str]) -> bytes:
    return render(template.replace("PASSPHRASE", desk.sample["passphrase"]), values).encode()


def post(desk: Desk, fill: OrderFill) -> dict[str, Any]:
    """The message of this fill, to the order route; its row once nothing is left to do about it."""
    body = filled_in(desk, order_template(), order_values(chart(desk), SHORT_RULES, fill))
    status, answer = desk.ask("POST", ORDER_ROUTE, body, token="")
    assert status == 200, answer
    desk.wait_for("alerts", lambda rows: all(row["done"] for row in rows))
    return {"message": fill.message, **answer}


def stops(rows: list[dict[str, Any]]) -> list[Decimal]:
    """Of what is held."""
    return [Decimal(row["stop"]) for row in rows if row["quantity"] != "0" and row["stop"] is not None]


def test_le_38_a_trade_of_the_strategy_goes_through_the_desk(tmp_path: Path) -> None:
    """Entry with its stop, breakeven after TP1, a word about TP2, flat after the exit."""
    stop_after = {"entry": ["90"], "tp1_breakeven": ["99.2"], "tp2": ["99.2"], "exit": []}
    with demo(tmp_path / "d") as desk:
        strategy, messages = MeanReversion(SHORT_RULES, TICK), []
        for number, bar in enumerate(just_now(*LONG_AT_99, "99 106 98 105", "105 113 104 106", "106 107 99 100")):
            for fill in strategy.take(bar):
                book(desk, fill.price)
                assert post(desk, fill)["status"] == "accepted"
                expected = [Decimal(text) for text in stop_after[fill.message]]
                desk.wait_for("positions", lambda rows, expected=expected: stops(rows) == expected)
                messages.append(fill.message)
            if number >= BEFORE:
                assert desk.ask("POST", "/api/v1/demo/clock", {"advance_s": 60})[0] == 200
        assert messages == list(stop_after)
        assert all(row["quantity"] == "0" for row in desk.items("positions"))


def test_le_38_the_exits_of_one_stop_close_once(tmp_path: Path) -> None:
    """Three equal messages: one alert, two duplicates, nothing left, nothing turned round."""
    with demo(tmp_path / "d") as desk:
        strategy, answers = MeanReversion(SHORT_RULES, TICK), []
        for bar in just_now(*LONG_AT_99, "99 100 89 91"):
            for fill in strategy.take(bar):
                book(desk, Decimal(99))
                answers.append(post(desk, fill)["status"])
        assert answers == ["accepted", "accepted", "duplicate", "duplicate"]
        assert all(row["quantity"] == "0" for row in desk.items("positions"))


def test_le_39_the_studys_message_becomes_a_proposal(tmp_path: Path) -> None:
    """A limit order with its levels and the chart, waiting for a person."""
    with demo(tmp_path / "d") as desk:
        signals = Signals(SHORT_RULES, TICK)
        [*_, look] = [signals.take(bar) for bar in just_now(*LONG_AT_99)]
        book(desk, Decimal(99))
        body = filled_in(desk, study_templates()["MeanRev Long Alert"], study_values(chart(desk), look))
        assert desk.ask("POST", STUDY_ROUTE, body, token="")[0] == 200
        [proposal] = desk.wait_for("proposals", lambda rows: rows)
        assert (proposal["state"], proposal["type"], proposal["side"]) == ("open", "limit", "buy")
        assert [Decimal(proposal[name]) for name in ("price", "stop")] == [Decimal(99), Decimal(90)]
        assert proposal["chart_url"].endswith(f":{desk.sample['ticker']}")
        assert json.dumps(proposal).count(desk.sample["passphrase"]) == 0
        assert desk.items("orders") == []
