"""Lenient reading: whatever bytes come, an object or a 4xx comes out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.values.accounts import Account, Mode
from core.values.alerts import Source
from core.values.ids import AccountName
from kit.http import ApiError
from webhook_receiver.dialect_hub import parse_hub
from webhook_receiver.dialect_order import parse_order
from webhook_receiver.fields import Fields
from webhook_receiver.masking import Mask
from webhook_receiver.reading import read_object

NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
ACCOUNT = Account(AccountName("Testing"), "paper", Mode.PAPER, "USDT")
NAMES = st.sampled_from(
    [
        *("message", "action", "type", "price", "ticker", "long SL", "short SL", "long TP", "tp Close", "tp1 Mult"),
        *("time", "timestamp", "id", "long Breakeven", "passphrase", "name", "symbol", "interval", "direction"),
    ]
)
WORDS = st.sampled_from(
    [
        *("entry", "exit", "breakeven", "buy", "sell", "limit", "close", "40000", "-0", "1e30", "9" * 5000, "NaN"),
        *("{{close}}", "\ud800", "\0", "\u0661\u0662", "2026-01-05T10:00:00Z", "0001-01-01T00:00:00+14:00"),
    ]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def judge(body: bytes) -> None:
    """All that a door does to a body; ApiError below 500 is a fine answer."""
    try:
        text, raw = read_object(body)
        kept = Mask("correct horse")(text, raw)
        assert isinstance(json.loads(kept), dict)
        kept.encode()
        for parse in (_order, _hub):
            parse(raw, kept)
    except ApiError as error:
        assert 400 <= error.status < 500  # noqa: PT017 - raising is not asked for


def _order(raw: dict[str, object], body: str) -> None:
    parse_order(Fields(raw), source=Source.ORDER, received_at=NOW, body=body, account=ACCOUNT)


def _hub(raw: dict[str, object], body: str) -> None:
    parse_hub(Fields(raw), received_at=NOW, body=body)


@given(st.binary() | st.text().map(lambda text: text.encode(errors="surrogatepass")))
def test_any_bytes_are_an_object_or_a_4xx(body: bytes) -> None:
    """Never another exception."""
    judge(body)


@given(st.dictionaries(NAMES, VALUES))
def test_any_object_is_an_alert_or_a_4xx(fields: dict[str, Any]) -> None:
    """Whatever stands in the fields that count."""
    judge(json.dumps(fields).encode())


@given(st.lists(st.sampled_from(['"', "\\", ":", ",", "{", "}", "{{", "}}", "a", "1", " ", "\n", "null", "[", "]"])))
def test_any_broken_json_is_an_object_or_a_4xx(pieces: list[str]) -> None:
    """The repair of bare words never makes things worse."""
    judge(("{" + "".join(pieces) + "}").encode())


@pytest.mark.parametrize(
    "body",
    ['"' + '\\"' * 32_000, '{"a"' + ":a" * 32_000, ":" + " " * 65_000, ":{{" * 20_000, "[" * 65_000, '{"a":"\\ud800"}'],
)
def test_bodies_made_to_hurt_are_refused(body: str) -> None:
    """Each would take a careless pattern or a deep reader minutes, or a database down."""
    with pytest.raises(ApiError):
        read_object(body.encode())


def test_only_what_is_broken_is_repaired() -> None:
    """Text that looks like a bare word inside a string stays as it is."""
    text, fields = read_object(b'{"a": BTCPERP , "b": ": X,", "c": null, "d": {{close}}, "e": 6E1!, "f": -1.50}')
    assert fields == {"a": "BTCPERP", "b": ": X,", "c": None, "d": "{{close}}", "e": "6E1!", "f": "-1.50"}
    assert json.loads(text)["a"] == "BTCPERP"


def test_a_body_that_is_json_is_kept_to_the_letter() -> None:
    """Spaces, order and NaN included."""
    body = '{ "b":1.50,  "a" : NaN}'
    assert read_object(body.encode())[0] == body
