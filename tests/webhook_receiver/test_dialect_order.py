"""The order dialect's parser: what each kind of alert uses, and what it makes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from core.values.accounts import Account, Mode
from core.values.alerts import NO_LEVELS, Alert, AlertKind, Levels, Source
from core.values.ids import AccountName
from core.values.money import Price
from core.values.orders import OrderType, Side
from kit.http import ApiError
from webhook_receiver.dialect_order import parse_order
from webhook_receiver.fields import Fields

NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
MULTI: dict[str, object] = {
    "subaccount": "Testing",
    "time": "2021-06-15T23:31:22Z",
    "action": "buy",
    "message": "entry",
    "price": "40000",
    "ticker": "BTCPERP",
    "exchange": "FTX",
    "tp Close": "20",
    "tp1 Mult": "0.6",
    "tp2 Mult": "1.0",
    "tp3 Mult": "1.5",
    "short SL": "40200",
    "short TP": "39000",
    "short Breakeven": "39000",
    "long SL": "39800",
    "long TP": "41000",
    "long Breakeven": "40100",
}


def parse(**changes: object) -> Alert:
    account = Account(AccountName("Testing"), "paper", Mode.PAPER, "USDT")
    fields = Fields(MULTI | {name.replace("_", " "): value for name, value in changes.items()})
    return parse_order(fields, source=Source.ORDER, received_at=NOW, body="{}", account=account)


def price(text: str) -> Price:
    return Price(Decimal(text))


def test_le_05_the_multiple_target_sample() -> None:
    """Every field of the sample has its place."""
    alert = parse()
    assert (alert.kind, alert.side, alert.order_type) == (AlertKind.ENTRY, Side.BUY, OrderType.MARKET)
    assert alert.price == price("40000")
    assert alert.long == Levels(stop=price("39800"), target=price("41000"))
    assert (alert.close_percent, alert.multiples) == (Decimal(20), (Decimal("0.6"), Decimal("1.0"), Decimal("1.5")))
    assert (alert.ticker, alert.exchange, alert.account) == ("BTCPERP", "FTX", "Testing")
    assert alert.sent_at == datetime(2021, 6, 15, 23, 31, 22, tzinfo=UTC)


def test_le_05_the_basic_exit_sample() -> None:
    """An exit carries no level at all."""
    alert = parse(message="exit", action="sell", price="35800", long_SL="38000", short_TP="0")
    assert (alert.kind, alert.side, alert.price) == (AlertKind.EXIT, Side.SELL, None)
    assert (alert.long, alert.short) == (NO_LEVELS, NO_LEVELS)


def test_le_05_the_study_sample() -> None:
    """A limit order's price is the alert's."""
    alert = parse(type="limit", price="38000", long_SL="37000", time=None, chart_url="https://x.example/c")
    assert (alert.order_type, alert.chart_url, alert.sent_at) == (OrderType.LIMIT, "https://x.example/c", None)


def test_a_sell_uses_the_short_side() -> None:
    """And leaves the long one alone."""
    alert = parse(action="Sell", long_SL="nonsense")
    assert (alert.side, alert.short, alert.long) == (
        Side.SELL,
        Levels(stop=price("40200"), target=price("39000")),
        NO_LEVELS,
    )


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("entry", AlertKind.ENTRY),
        ("Exit", AlertKind.EXIT),
        ("breakeven", AlertKind.BREAKEVEN),
        ("tp1_breakeven", AlertKind.BREAKEVEN),
        ("tp2", AlertKind.INFO),
        ("entry tomorrow", AlertKind.INFO),
    ],
)
def test_le_05_the_message_says_what_is_meant(message: str, kind: AlertKind) -> None:
    """Anything unknown is information."""
    assert parse(message=message).kind is kind


@pytest.mark.parametrize("nothing", ["0", None, "NaN", "null", ""])
def test_no_target_is_written_in_many_ways(nothing: object) -> None:
    """TP 0 or None means none."""
    assert parse(long_TP=nothing).long.target is None


@pytest.mark.parametrize("target", ["39000", "40000"])
def test_a_target_on_the_wrong_side_is_refused(target: str) -> None:
    """It would close the position in the moment it opens."""
    with pytest.raises(ApiError) as refused:
        parse(long_TP=target)
    assert (refused.value.status, refused.value.field) == (422, "long TP")


def test_le_21_multiples_end_at_the_first_missing_number() -> None:
    """tp4 does not count where tp3 is missing."""
    assert parse(tp3_Mult="NaN", tp4_Mult="2").multiples == (Decimal("0.6"), Decimal("1.0"))
    assert parse(tp1_Mult=None).multiples == ()


def test_a_breakeven_takes_what_is_there() -> None:
    """The position knows which side is meant."""
    alert = parse(message="tp1_breakeven", short_Breakeven="NaN", price="NaN", long_SL="{{x}}")
    assert (alert.long, alert.short) == (Levels(breakeven=price("40100")), NO_LEVELS)


@pytest.mark.parametrize(
    "changes",
    [
        {"long_Breakeven": None, "short_Breakeven": "0"},
        {"long_Breakeven": "-1"},
        {"long_Breakeven": "{{plot(0)}}"},
        {"long_Breakeven": "high"},
    ],
)
def test_a_breakeven_without_a_usable_price_is_refused(changes: dict[str, Any]) -> None:
    """Never 'no stop' by silence."""
    with pytest.raises(ApiError) as refused:
        parse(message="breakeven", **changes)
    assert (refused.value.status, refused.value.field) == (422, "long Breakeven")


@pytest.mark.parametrize(
    ("time", "read"),
    [
        ("2026-01-05T09:59:58Z", "2026-01-05T09:59:58+00:00"),
        ("2026-01-05T09:59:58.123Z", "2026-01-05T09:59:58.123000+00:00"),
        ("2026-01-05T12:59:58+03:00", "2026-01-05T09:59:58+00:00"),
        ("1767607198", "2026-01-05T09:59:58+00:00"),
        ("1767607198000", "2026-01-05T09:59:58+00:00"),
        ("1767607198.5", "2026-01-05T09:59:58.500000+00:00"),
    ],
)
def test_times_are_read_in_every_usual_form(time: str, read: str) -> None:
    """ISO 8601 with a zone, epoch seconds, epoch milliseconds."""
    sent_at = parse(time=time).sent_at
    assert sent_at is not None
    assert sent_at.isoformat() == read


@pytest.mark.parametrize(
    "time", ["now", "2026-01-05", "2026-01-05T10:00:00", "-1", "1e17", "2026-02-30T00:00:00Z", "{{time}}"]
)
def test_an_unreadable_time_is_refused(time: str) -> None:
    """A time without a zone is none."""
    with pytest.raises(ApiError) as refused:
        parse(time=time)
    assert refused.value.field == "time"


@pytest.mark.parametrize(
    ("changes", "timed_and_dated"),
    [
        ({}, (True, True)),
        ({"time": None}, (False, False)),
        ({"time": "", "timestamp": "1767607198"}, (True, True)),
        ({"time": None, "timenow": "1767607198"}, (False, True)),
        ({"time": None, "id": "7"}, (True, False)),
    ],
)
def test_time_timestamp_or_id_make_an_alert_unmistakable(changes: Any, timed_and_dated: tuple[bool, bool]) -> None:
    """Its equal is a repeat for 30 days."""
    alert = parse(**changes)
    assert (alert.timed, alert.sent_at is not None) == timed_and_dated


@pytest.mark.parametrize("name", ["long SL", "long_SL", "Long-SL", "longSL", "LONG SL"])
def test_names_are_found_in_any_spelling(name: str) -> None:
    """People retype templates."""
    fields = Fields({name: "1"})
    assert (fields.number("long SL"), fields.sent_as("long SL")) == (Decimal(1), name)
