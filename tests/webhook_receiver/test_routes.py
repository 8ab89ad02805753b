"""The webhook's answers, as CONTRACT 3 and 5 word them, over a real socket and a real journal."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import zlib
from typing import Any

import pytest

from core.services.intake import IntakeLimits
from core.values.alerts import AlertKind, AlertStatus, Source
from core.values.ids import AlertId
from tests.webhook_receiver.conftest import ORDER, PASSPHRASE, STUDY, Desk

Body = dict[str, Any]


async def test_w_26_an_accepted_alert_is_in_the_journal_and_waits_for_nobody(desk: Desk, entry: Body) -> None:
    """200 names the alert that is on disk, whoever drains is told, and no order has been asked for yet."""
    status, answer = await desk.post(entry)
    assert (status, answer["success"], answer["status"]) == (200, True, "accepted")
    record = await desk.store.alert(AlertId(answer["alert_id"]))
    assert record is not None
    assert (record.status, record.done) == (AlertStatus.ACCEPTED, False)
    assert (record.alert.source, record.alert.account) == (Source.ORDER, "Testing")
    assert len(desk.drained) == 1


@pytest.mark.parametrize("passphrase_field", [{}, {"passphrase": None}])
async def test_le_02_a_missing_passphrase_is_401(desk: Desk, entry: Body, passphrase_field: Body) -> None:
    """Nothing is stored, and somebody is told who knocked."""
    del entry["passphrase"]
    status, answer = await desk.post(entry | passphrase_field)
    assert (status, answer["success"], answer["error"]["code"]) == (401, False, "unauthorized")
    assert await desk.rows() == 0
    assert desk.strangers == [("127.0.0.1", 1)]


@pytest.mark.parametrize(
    "wrong", ["wrong", "", "correct hors\u00e9", "correct horse ", 7, ["correct horse"], "\ud83d\ude00"]
)
async def test_le_03_a_wrong_passphrase_is_401(desk: Desk, entry: Body, wrong: object) -> None:
    """Whatever it is made of."""
    status, _ = await desk.post(entry | {"passphrase": wrong})
    assert status == 401
    assert await desk.rows() == 0


async def test_a18_a_thousand_wrong_secrets_are_told_four_times(
    desk: Desk, entry: Body, caplog: pytest.LogCaptureFixture
) -> None:
    """The 1st, 10th, 100th and 1000th: one summary each instead of a line each."""
    caplog.set_level(logging.INFO)
    body = json.dumps(entry | {"passphrase": "wrong"}).encode()
    answers = [(await desk.post(body))[0] for _ in range(1000)]
    assert set(answers) == {401}
    assert desk.strangers == [("127.0.0.1", 10**n) for n in range(4)]
    assert len([r for r in caplog.records if r.name.startswith(("kit", "webhook"))]) == 4


class TestWithoutPassphrase:
    @pytest.fixture
    def passphrase(self) -> str:
        return ""

    @pytest.mark.parametrize("given", ["", "x", None])
    async def test_an_empty_configured_passphrase_lets_nobody_in(self, desk: Desk, entry: Body, given: object) -> None:
        """An empty secret means that the route answers 401."""
        status, _ = await desk.post(entry | {"passphrase": given})
        assert status == 401
        assert (await desk.post(b"not even JSON"))[0] == 401


async def test_le_06_unquoted_words_are_read(desk: Desk) -> None:
    """The study template leaves ticker and exchange unquoted."""
    body = b"""{"ticker": BTCPERP, "exchange": BYBIT, "action": "buy", "type": "limit", "price": 38000,
        "message": "entry", "long SL": 37000, "long TP": 41000, "passphrase": "correct horse",
        "subaccount": "Testing", "chart_url": "https://www.tradingview.com/chart/x"}"""
    status, answer = await desk.post(body, STUDY)
    assert (status, answer["status"]) == (200, "accepted")
    record = await desk.store.alert(AlertId(answer["alert_id"]))
    assert record is not None
    assert (record.alert.ticker, record.alert.exchange, record.alert.source) == ("BTCPERP", "BYBIT", Source.STUDY)
    assert json.loads(record.alert.body)["ticker"] == "BTCPERP"


async def test_a_byte_order_mark_and_a_wrong_content_type_are_no_matter(desk: Desk, entry: Body) -> None:
    """Senders label bodies as they like."""
    body = b"\xef\xbb\xbf" + json.dumps(entry).encode()
    status, _ = await desk.post(body, headers={"Content-Type": "text/plain; charset=koi8-r"})
    assert status == 200


async def test_numbers_as_strings_are_read(desk: Desk, entry: Body) -> None:
    """Templates quote what they please."""
    status, answer = await desk.post(entry | {"price": "38000", "long SL": " 37000.10 "})
    assert status == 200
    record = await desk.store.alert(AlertId(answer["alert_id"]))
    assert record is not None
    assert [str(record.alert.price), str(record.alert.long.stop)] == ["38000", "37000.1"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"subaccount": "Nobody"}, "subaccount"),
        ({"exchange": "NASDAQ"}, "exchange"),
        ({"ticker": "NOPE"}, "ticker"),
        ({"ticker": ""}, "ticker"),
        ({"ticker": "NASDAQ:BTCPERP", "exchange": None}, "ticker"),
        ({"ticker": "ETHUSDT"}, "ticker"),
        ({"action": "hold"}, "action"),
        ({"action": ""}, "action"),
        ({"type": "iceberg"}, "type"),
        ({"message": ""}, "message"),
        ({"message": "{{strategy.order.alert_message}}"}, "message"),
        ({"price": None}, "price"),
        ({"price": "NaN"}, "price"),
        ({"price": 0}, "price"),
        ({"price": -1}, "price"),
        ({"price": "1,234.5"}, "price"),
        ({"price": "1e999"}, "price"),
        ({"price": True}, "price"),
        ({"price": {}}, "price"),
        ({"price": "{{close}}"}, "price"),
        ({"long SL": None}, "long SL"),
        ({"long SL": "0"}, "long SL"),
        ({"long SL": '{{plot("Long SL")}}'}, "long SL"),
        ({"long SL": 40000}, "long SL"),
        ({"long SL": 40001}, "long SL"),
        ({"long TP": "soon"}, "long TP"),
        ({"action": "sell", "short SL": 39999}, "short SL"),
        ({"action": "sell"}, "short SL"),
        ({"time": "yesterday"}, "time"),
        ({"time": "{{timenow}}"}, "time"),
        ({"time": "2026-13-01T00:00:00Z"}, "time"),
        ({"tp1 Mult": 1}, "tp Close"),
        ({"tp1 Mult": 1, "tp Close": 101}, "tp Close"),
        ({"tp1 Mult": -1, "tp Close": 10}, "tp1 Mult"),
    ],
)
async def test_what_cannot_be_used_is_422_naming_the_field(desk: Desk, entry: Body, change: Body, field: str) -> None:
    """Refused at the door, in the error shape, with nothing stored."""
    status, answer = await desk.post(entry | change)
    assert (status, answer["success"], answer["error"]["field"]) == (422, False, field)
    assert set(answer["error"]) == {"code", "field", "message"}
    assert await desk.rows() == 0


@pytest.mark.parametrize("order_type", ["iceberg", "stop", "market limit", 7])
async def test_le_19_a_bad_order_type_is_refused_before_anything_is_placed(
    desk: Desk, entry: Body, order_type: object
) -> None:
    """At the door: there is no alert, and so neither a stop nor an entry."""
    status, answer = await desk.post(entry | {"type": order_type})
    assert (status, answer["error"]["code"], answer["error"]["field"]) == (422, "unknown_type", "type")
    assert (await desk.rows(), desk.drained) == (0, [])


async def test_le_07_an_unknown_subaccount_is_an_error_that_names_it(desk: Desk, entry: Body) -> None:
    """And nothing is stored."""
    status, answer = await desk.post(entry | {"subaccount": "Nobody"})
    assert (status, answer["error"]["code"]) == (422, "unknown_account")
    assert "Nobody" in answer["error"]["message"]
    assert await desk.rows() == 0


@pytest.mark.parametrize(
    ("exchange", "ticker", "status"),
    [("BINANCE", "ETHPERP", 200), ("BINANCE", "ETHUSDT", 200), ("BYBIT", "BTCPERP", 200), ("BYBIT", "ETHPERP", 422)],
)
async def test_le_08_a_chart_symbol_is_what_its_exchange_calls_it(
    desk: Desk, entry: Body, exchange: str, ticker: str, status: int
) -> None:
    """By that exchange's map, or as it is where the map has none; one that nobody lists is an error."""
    answered, answer = await desk.post(entry | {"exchange": exchange, "ticker": ticker})
    assert answered == status
    assert status == 200 or answer["error"]["code"] == "unknown_ticker"


async def test_the_field_is_named_as_it_was_sent(desk: Desk, entry: Body) -> None:
    """Spellings vary; the sender looks for theirs."""
    stop = entry.pop("long SL")
    assert (await desk.post(entry | {"Long_SL": stop}))[0] == 200
    _, answer = await desk.post(entry | {"Long_SL": "NaN"})
    assert answer["error"]["field"] == "Long_SL"


@pytest.mark.parametrize("nothing", [b"NaN", b"null", b'"{{plot(\\"Short SL\\")}}"', b"-Infinity", b"[]"])
async def test_a14_plots_that_the_side_does_not_use_may_be_anything(desk: Desk, entry: Body, nothing: bytes) -> None:
    """A buy does not look at the short side."""
    body = json.dumps(entry).encode().replace(b'"short SL": "NaN"', b'"short SL": ' + nothing)
    assert (await desk.post(body))[0] == 200


@pytest.mark.parametrize("exchange", ["bybit", "ByBit", "BINANCE", "binance"])
async def test_le_09_exchange_names_are_case_insensitive(desk: Desk, entry: Body, exchange: str) -> None:
    """And the ticker map is each exchange's own."""
    ticker = "BTCPERP" if exchange.lower() == "bybit" else "ETHPERP"
    assert (await desk.post(entry | {"exchange": exchange, "ticker": ticker}))[0] == 200


async def test_an_exit_needs_neither_price_nor_stop(desk: Desk, entry: Body) -> None:
    """A way out is never refused for what it does not use."""
    changes = {"message": "exit", "action": "sell", "price": "{{close}}", "long SL": None, "time": None}
    status, answer = await desk.post(entry | changes)
    assert (status, answer["status"]) == (200, "accepted")
    record = await desk.store.alert(AlertId(answer["alert_id"]))
    assert record is not None
    assert record.alert.kind is AlertKind.EXIT


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"5",
        b"[]",
        b'"x"',
        b"null",
        b"{",
        b"\xff\xfe{}",
        b"[" * 50_000,
        b'{"a":' * 10_000,
        b'{"passphrase": "\\ud800"}',
    ],
)
async def test_a13_a_body_that_is_no_object_is_422(desk: Desk, body: bytes) -> None:
    """Said without a trace of ours."""
    status, answer = await desk.post(body)
    assert (status, answer["error"]["code"]) == (422, "body_unreadable")


async def test_a13_strange_values_beside_the_used_ones_do_no_harm(desk: Desk, entry: Body) -> None:
    """5,000 digits, NaN and 1e999 cost nothing where nothing uses them; of equal keys the last counts."""
    body = json.dumps(entry).encode()[:-1] + b', "a": ' + b"9" * 5000 + b', "b": NaN, "c": 1e999, "price": 40001}'
    status, answer = await desk.post(body)
    assert status == 200
    record = await desk.store.alert(AlertId(answer["alert_id"]))
    assert record is not None
    assert str(record.alert.price) == "40001"


async def test_a13_a_deeply_nested_field_of_a_known_sender_is_422(desk: Desk, entry: Body) -> None:
    """Deep enough for us though not for the JSON reader."""
    body = json.dumps(entry).encode()[:-1] + b', "a": ' + b"[" * 900 + b"]" * 900 + b"}"
    assert (await desk.post(body))[0] == 422


async def test_a11_a_body_over_64_kib_is_413(desk: Desk, entry: Body) -> None:
    """By its length, and by what really comes where no length is given."""
    entry["pad"] = "x" * 65_536
    big = json.dumps(entry).encode()
    assert (await desk.post(big))[0] == 413

    async def chunks() -> Any:
        yield big[:40_000]
        yield big[40_000:]

    url = f"http://127.0.0.1:{desk.listener.port}{ORDER}"
    async with desk.session.post(url, data=chunks()) as response:
        assert response.status == 413
    assert await desk.rows() == 0


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_a11_a_compressed_body_counts_as_what_it_unpacks_to(
    desk: Desk, entry: Body, encoding: str, pack: Any
) -> None:
    """A small one is read, a bomb is 413."""
    headers = {"Content-Encoding": encoding}
    assert (await desk.post(pack(json.dumps(entry).encode()), headers=headers))[0] == 200
    bomb = pack(b" " * 20_000_000)
    assert len(bomb) < 64 * 1024
    assert (await desk.post(bomb, headers=headers))[0] == 413


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "no such"])
async def test_a_falsely_labelled_encoding_is_422(desk: Desk, entry: Body, encoding: str) -> None:
    """Never a 500, and never read as something else."""
    status, answer = await desk.post(entry, headers={"Content-Encoding": encoding})
    assert (status, answer["error"]["code"]) == (422, "body_unreadable")


async def test_a_write_that_fails_is_503(desk: Desk, entry: Body) -> None:
    """The sender must send again."""
    await desk.store.close()
    status, answer = await desk.post(entry)
    assert (status, answer["error"]["code"]) == (503, "not_written")


async def test_a_get_is_405_in_the_error_shape(desk: Desk) -> None:
    """aiohttp's own refusals wear the same clothes."""
    async with desk.session.get(f"http://127.0.0.1:{desk.listener.port}{ORDER}") as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")
        assert (await response.json())["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"token": "tok-1234567"},
        {"auth": {"api_key": "tok-1234567"}},
        {"note": f"my secret is {PASSPHRASE}"},
    ],
)
async def test_w_19_no_secret_is_stored(desk: Desk, entry: Body, extra: Body) -> None:
    """The body is kept as sent, but for its secrets."""
    status, answer = await desk.post(entry | extra)
    assert status == 200
    record = await desk.store.alert(AlertId(answer["alert_id"]))
    assert record is not None
    kept = json.loads(record.alert.body)
    assert (kept["passphrase"], kept["ticker"]) == ("***", "BTCPERP")
    assert PASSPHRASE not in record.alert.body
    assert "tok-1234567" not in record.alert.body


async def test_a_secret_in_another_escaping_is_not_stored(desk: Desk, entry: Body) -> None:
    """\\u0063 is a c, too."""
    body = json.dumps(entry).encode().replace(b"correct", b"\\u0063orrect")
    status, answer = await desk.post(body)
    assert status == 200
    record = await desk.store.alert(AlertId(answer["alert_id"]))
    assert record is not None
    assert "orrect horse" not in record.alert.body


async def test_le_37_the_same_alert_twice_is_one(desk: Desk, entry: Body) -> None:
    """The second is told the first one's id, and nobody drains it again."""
    _, first = await desk.post(entry)
    status, second = await desk.post(entry)
    assert (status, second["status"], second["alert_id"]) == (200, "duplicate", first["alert_id"])
    assert await desk.rows() == 1
    assert len(desk.drained) == 1


async def test_le_37_a_burst_of_equal_alerts_is_one(desk: Desk, entry: Body) -> None:
    """Also where they arrive at once and share a commit."""
    answers = await asyncio.gather(*(desk.post(entry) for _ in range(20)))
    assert sorted(answer["status"] for _, answer in answers) == ["accepted"] + ["duplicate"] * 19
    assert len({answer["alert_id"] for _, answer in answers}) == 1


async def test_equal_bodies_at_different_routes_are_different_alerts(desk: Desk, entry: Body) -> None:
    """One trades, the other asks."""
    _, order = await desk.post(entry)
    _, study = await desk.post(entry, STUDY)
    assert (order["status"], study["status"]) == ("accepted", "accepted")


async def test_an_old_entry_is_stale(desk: Desk, entry: Body) -> None:
    """By its own time: recorded and answered, not to be traded."""
    status, answer = await desk.post(entry | {"time": "2026-01-05T09:58:59Z"})
    assert (status, answer["status"]) == (200, "stale")
    record = await desk.store.alert(AlertId(answer["alert_id"]))
    assert record is not None
    assert (record.status, record.done) == (AlertStatus.STALE, True)
    assert desk.drained == []


class TestThrottled:
    @pytest.fixture
    def limits(self) -> IntakeLimits:
        return IntakeLimits(entries_per_minute=1)

    async def test_an_entry_over_the_rate_is_throttled(self, desk: Desk, entry: Body) -> None:
        """200, recorded, not traded; an exit passes."""
        await desk.post(entry | {"id": 1})
        _, answer = await desk.post(entry | {"id": 2})
        _, way_out = await desk.post(entry | {"id": 3, "message": "exit"})
        assert (answer["status"], way_out["status"]) == ("throttled", "accepted")


async def test_one_line_in_the_log_for_a_refused_body(
    desk: Desk, entry: Body, caplog: pytest.LogCaptureFixture
) -> None:
    """And no secret in it."""
    caplog.set_level(logging.INFO)
    await desk.post(entry | {"price": -1})
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("kit")]
    assert len(lines) == 1
    assert PASSPHRASE not in lines[0]
