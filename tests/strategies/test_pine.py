"""The Pine scripts and their Python twin are the same, and the desk can read what they send."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from core.values.accounts import Account, Mode
from core.values.alerts import Alert, AlertKind, Levels, Source
from core.values.ids import AccountName
from core.values.money import Price
from core.values.orders import OrderType, Side
from strategies.mean_reversion import Look, Rules, Signals
from strategies.mean_reversion_alerts import Chart, order_values, render, strategy_plots, study_plots, study_values
from tests.strategies.bars import LONG_AT_99, MINUTE, SHORT_AT_201, SHORT_RULES, TICK, bars, replay, walk
from tests.strategies.scripts import STRATEGY, STUDY, hidden_plots, inputs, order_template, study_templates
from webhook_receiver.dialect_order import parse_order
from webhook_receiver.fields import Fields
from webhook_receiver.reading import read_object

NOW = datetime(2026, 1, 5, 10, 4, tzinfo=UTC)
CHART = Chart("BTCPERP", "BYBIT", MINUTE)
TRADE = (*LONG_AT_99, "99 106 98 105", "105 113 104 106", "106 107 99 100")
ONLY_STRATEGY = {"risk_percent", "partials", "tp1_mult", "tp2_mult", "tp_close", "fee_percent"}


def parse(body: str, source: Source = Source.ORDER) -> Alert:
    """As the desk's door reads it."""
    text, fields = read_object(body.encode())
    account = Account(AccountName("Testing"), "paper", Mode.PAPER, "USDT")
    return parse_order(Fields(fields), source=source, received_at=NOW, body=text, account=account)


def sent(*rows: str, rules: Rules = SHORT_RULES) -> list[str]:
    """The strategy's messages over these bars."""
    return [render(order_template(), order_values(CHART, rules, fill)) for fill in replay(bars(*rows), rules)]


def last_look(*rows: str) -> Look:
    signals = Signals(SHORT_RULES, TICK)
    return [signals.take(bar) for bar in bars(*rows)][-1]


def levels(*texts: str) -> Levels:
    return Levels(*(Price(Decimal(text)) for text in texts))


# the scripts against the twin


def test_le_38_the_strategys_inputs_are_the_twins_constants() -> None:
    """Every one, by name and value; the commission that the chart reckons with is the fee of the breakeven."""
    assert inputs(STRATEGY) == asdict(Rules())
    assert re.findall(r"commission_value = ([\d.]+)", STRATEGY) == [str(Rules().fee_percent)]


def test_le_39_the_studys_inputs_are_the_twins_constants() -> None:
    """All but those of a position."""
    assert inputs(STUDY) == {name: value for name, value in asdict(Rules()).items() if name not in ONLY_STRATEGY}


def test_le_39_both_scripts_reckon_alike() -> None:
    """Indicators, patterns, levels and signals are the same lines, but that the strategy has to be flat."""
    named = r"^((?:ema|rsi|atr|rsiBefore|bullish|bearish|(?:long|short)(?:Stop|Target|Signal)) = .+)$"
    lines = re.findall(named, STRATEGY.replace("not held and ", ""), re.MULTILINE)
    assert lines == re.findall(named, STUDY, re.MULTILINE)
    assert len(lines) == len(set(lines)) == 12
    assert STRATEGY.count("Signal = not held and ") == 2


def test_le_38_the_hidden_plots_are_the_twins() -> None:
    """Titles, in order: a message names them."""
    fill = replay(bars(*LONG_AT_99))[0]
    assert hidden_plots(STRATEGY) == list(strategy_plots(SHORT_RULES, fill.position))
    assert hidden_plots(STUDY) == list(study_plots(last_look(*LONG_AT_99)))


def test_a_message_that_names_what_is_not_there_is_an_error() -> None:
    """It would leave the placeholder standing."""
    with pytest.raises(KeyError, match="Long Stop"):
        render('{{plot("Long Stop")}}', order_values(CHART, SHORT_RULES, replay(bars(*LONG_AT_99))[0]))


# the strategy's messages


def test_le_38_the_entry_message_field_by_field() -> None:
    """The multiple-target block of behaviour.md 2.2, as strict JSON."""
    assert json.loads(sent(*LONG_AT_99)[0]) == {
        "ticker": "BTCPERP",
        "exchange": "BYBIT",
        "time": "2026-01-05T10:04:00Z",
        "action": "buy",
        "type": "market",
        "price": 99,
        "message": "entry",
        "long SL": 90,
        "long TP": 114,
        "long Breakeven": 99.2,
        "short SL": 0,
        "short TP": 0,
        "short Breakeven": 0,
        "tp Close": 15,
        "tp1 Mult": 0.75,
        "tp2 Mult": 1.5,
        "subaccount": "Testing",
        "passphrase": "PASSPHRASE",
    }


def test_le_38_the_desk_reads_the_whole_trade() -> None:
    """Entry with its levels, breakeven, a word about TP2, exit."""
    entry, breakeven, told, out = (parse(body) for body in sent(*TRADE))
    assert (entry.kind, entry.side, entry.price, entry.long) == (
        AlertKind.ENTRY,
        Side.BUY,
        Decimal(99),
        levels("90", "114"),
    )
    assert (entry.close_percent, entry.multiples) == (Decimal(15), (Decimal("0.75"), Decimal("1.5")))
    assert (breakeven.kind, breakeven.action) == (AlertKind.BREAKEVEN, Side.SELL)
    assert (breakeven.long.breakeven, breakeven.short.breakeven) == (Decimal("99.2"), None)
    assert (told.kind, told.message, out.kind) == (AlertKind.INFO, "tp2", AlertKind.EXIT)


def test_le_38_the_desk_reads_a_short() -> None:
    """Its levels are the short ones."""
    entry = parse(sent(*SHORT_AT_201)[0])
    assert (entry.side, entry.short, entry.sent_at) == (Side.SELL, levels("210", "186"), NOW)


def test_le_38_the_exits_of_one_stop_are_one_body() -> None:
    """So that the desk knows the second and third for duplicates."""
    _, *exits = sent(*LONG_AT_99, "99 100 89 91")
    assert len(exits) == 3
    assert len(set(exits)) == 1


def test_le_40_without_partials_the_entry_has_no_intermediate_target() -> None:
    """Their plots are 0, and one exit message ends the trade."""
    entry, out = (
        parse(body) for body in sent(*TRADE[:-1], "106 115 105 107", rules=replace(SHORT_RULES, partials=False))
    )
    assert (entry.close_percent, entry.multiples, entry.long) == (None, (), levels("90", "114"))
    assert out.kind is AlertKind.EXIT


@pytest.mark.parametrize("seed", range(3))
def test_le_38_over_a_long_walk_the_desk_reads_every_message(seed: int) -> None:
    """Real constants, both sides."""
    fills = replay(walk(2500, seed), Rules())
    alerts = [parse(render(order_template(), order_values(CHART, Rules(), fill))) for fill in fills]
    assert {AlertKind.ENTRY, AlertKind.EXIT} <= {alert.kind for alert in alerts}
    for fill, alert in zip(fills, alerts, strict=True):
        assert (alert.message, alert.action) == (fill.message, fill.side)


# the study's messages


@pytest.mark.parametrize(
    ("rows", "title", "action", "price"),
    [
        (LONG_AT_99, "MeanRev Long Alert", "buy", 99),
        (SHORT_AT_201, "MeanRev Short Alert", "sell", 201),
    ],
)
def test_le_39_the_study_message_field_by_field(rows: tuple[str, ...], title: str, action: str, price: int) -> None:
    """The study block of behaviour.md 2.2: a limit order at the close, both sides' levels, a link to the chart."""
    seen = last_look(*rows)
    body: dict[str, Any] = json.loads(render(study_templates()[title], study_values(CHART, seen)))
    both = {"long SL": price - 9, "long TP": price + 15, "short SL": price + 9, "short TP": price - 15}
    assert body == {
        "ticker": "BTCPERP",
        "exchange": "BYBIT",
        "time": "2026-01-05T10:04:00Z",
        "action": action,
        "type": "limit",
        "price": price,
        "message": "entry",
        **both,
        "chart_url": "https://www.tradingview.com/chart/?symbol=BYBIT:BTCPERP",
        "subaccount": "Testing",
        "passphrase": "PASSPHRASE",
    }


def test_le_39_the_desk_reads_the_study() -> None:
    """A limit entry with one stop and one target, and the chart to show."""
    body = render(study_templates()["MeanRev Short Alert"], study_values(CHART, last_look(*SHORT_AT_201)))
    alert = parse(body, Source.STUDY)
    assert (alert.kind, alert.side, alert.order_type) == (AlertKind.ENTRY, Side.SELL, OrderType.LIMIT)
    assert (alert.price, alert.short, alert.multiples) == (Decimal(201), levels("210", "186"), ())
    assert alert.chart_url.startswith("https://")


def test_le_39_each_condition_says_its_own_side() -> None:
    """And fires on its own signal."""
    conditions = re.findall(r"""^alertcondition\((\w+), "([^"]+)", '.*"action": "(\w+)",""", STUDY, re.MULTILINE)
    assert conditions == [
        ("longSignal", "MeanRev Long Alert", "buy"),
        ("shortSignal", "MeanRev Short Alert", "sell"),
    ]


def test_le_39_the_study_knows_no_position() -> None:
    """It signals again while the strategy would still be holding."""
    signals = Signals(SHORT_RULES, TICK)
    again = [signals.take(bar).side for bar in bars(*LONG_AT_99, "98 99 95 96", "96 99 96 99")]
    assert again.count(Side.BUY) == 2
