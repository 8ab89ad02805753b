"""What people and programs send by mistake: a clear answer, nothing lost, no order, and the desk goes on."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.process import ORDER_ROUTE, Desk, demo


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One desk for all of it: no input may hurt the next."""
    with demo(tmp_path_factory.mktemp("bad") / "d") as desk:
        yield desk


def body(desk: Desk, **changes: object) -> bytes:
    kept = {key: value for key, value in {**desk.sample, **changes}.items() if value is not Ellipsis}
    return json.dumps(kept).encode()


def refused(desk: Desk, data: bytes, **headers: str) -> tuple[int, str, str | None]:
    """Status, code and field of an error in the one shape."""
    status, answer = desk.ask("POST", ORDER_ROUTE, data, token="", headers=headers)
    assert answer["success"] is False, answer
    assert desk.sample["passphrase"] not in json.dumps(answer)
    assert desk.items("orders") == []
    assert desk.ask("GET", "/readyz", token="") == (200, {"status": "ok"})
    return status, answer["error"]["code"], answer["error"]["field"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"price": "NaN"}, "price"),
        ({"price": float("nan")}, "price"),
        ({"price": "9" * 5000}, "price"),
        ({"price": "0"}, "price"),
        ({"price": "-1"}, "price"),
        ({"price": ...}, "price"),
        ({"price": "1,234.5"}, "price"),
        ({"price": "{{close}}"}, "price"),
        ({"long SL": ...}, "long SL"),
        ({"long SL": "NaN"}, "long SL"),
        ({"long SL": None}, "long SL"),
        ({"long SL": '{{plot("SL")}}'}, "long SL"),
        ({"long SL": "301"}, "long SL"),
        ({"price": "300", "long SL": "300"}, "long SL"),
        ({"action": "hold"}, "action"),
        ({"type": "iceberg"}, "type"),
        ({"subaccount": "Nobody"}, "subaccount"),
        ({"exchange": "NOWHERE"}, "exchange"),
        ({"ticker": "NOPE"}, "ticker"),
        ({"time": "yesterday"}, "time"),
    ],
)
def test_a_field_that_cannot_be_used_is_422(desk: Desk, changes: dict[str, object], field: str) -> None:
    """The field is named as it was sent, and there is no order."""
    status, _, named = refused(desk, body(desk, **changes))
    assert (status, named) == (422, field)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'"text"',
        b"[" * 100_00,
        b'{"a":' * 5_000,
        b"\xff\xfe\xfd",
        b'{"ticker": "\\ud800"}',
        b"null",
    ],
    ids=["empty", "list", "text", "deep list", "deep object", "no UTF-8", "lone surrogate", "null"],
)
def test_a_body_that_is_no_object_is_422(desk: Desk, data: bytes) -> None:
    """Or 401 where it is an object without the passphrase; never a 5xx."""
    status, _, _ = refused(desk, data)
    assert status in {401, 422}


def test_ten_megabytes_are_413(desk: Desk) -> None:
    """Refused by their announced length."""
    assert refused(desk, b"x" * 10_000_000)[0] == 413


def test_a_bomb_is_413(desk: Desk) -> None:
    """Counted after decompression."""
    assert refused(desk, gzip.compress(b" " * 10_000_000), **{"Content-Encoding": "gzip"})[0] == 413


def test_a_false_label_is_422(desk: Desk) -> None:
    """Plain JSON that says it is gzip."""
    assert refused(desk, body(desk), **{"Content-Encoding": "gzip"})[0] == 422


@pytest.mark.parametrize("passphrase", ["", "wrong", "пароль", None, 7, ...])
def test_le_03_a_wrong_passphrase_is_401(desk: Desk, passphrase: object) -> None:
    """Whatever was sent in its place."""
    status, _ = desk.ask("POST", ORDER_ROUTE, body(desk, passphrase=passphrase), token="")
    assert status == 401
    assert desk.items("orders") == []


def test_le_02_strangers_are_told_of(desk: Desk) -> None:
    """The first knock is an error notice, without what was tried."""
    desk.ask("POST", ORDER_ROUTE, body(desk, passphrase="let-me-in"), token="")
    told = desk.wait_for("notices", lambda rows: any(row["key"] == "desk.stranger" for row in rows))
    assert "let-me-in" not in json.dumps(told)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", ORDER_ROUTE, 405),
        ("GET", "/api/v1/orders?limit=0", 422),
        ("GET", "/api/v1/orders?limit=1001", 422),
        ("GET", "/api/v1/orders?after=elsewhere", 422),
        ("GET", "/api/v1/orders/none", 404),
        ("POST", "/api/v1/commands", 422),
    ],
)
def test_errors_have_one_shape(desk: Desk, method: str, path: str, status: int) -> None:
    """`{"success": false, "error": {"code", "field", "message"}}`, aiohttp's own included."""
    answer = desk.ask(method, path, {} if method == "POST" else None)
    assert answer[0] == status
    assert set(answer[1]["error"]) == {"code", "field", "message"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("/buy 0 SBER", "zero_size"),
        ("/buy 5 SBER", "zero_size"),
        ("/buy 10 NOPE", "unknown_ticker"),
        ("/buy SBER", "amount_or_sum"),
        ("/buy 10.5 SBER", "amount_or_sum"),
        ("/buy 1 2 SBER", "too_many_arguments"),
        ("/buy 10 SBER @Nobody", "unknown_account"),
        ("/sing", "unknown_command"),
        ("/why nothing", "unknown_id"),
        ("/press 0123456789abcdef", "press_gone"),
    ],
)
def test_commands_that_cannot_be_done_say_why(desk: Desk, text: str, code: str) -> None:
    """A refusal is 200 with a notice that carries its code word."""
    (notice,) = desk.say(text)
    assert notice["kind"] == "refused"
    assert code in notice["text"]


def test_a_closed_market_takes_no_order(tmp_path: Path) -> None:
    """With the exchange's hours, a MOEX share at night is refused; the alert itself is accepted and told of."""
    env = {"OPENOUTCRY_MARKET__HOURS": "exchange"}
    with demo(tmp_path / "d", env=env) as desk:
        night = next(hours for hours in range(0, 14 * 24, 3) if _closed_after(desk, 3 if hours else 0))
        assert night >= 0
        (notice,) = desk.say("/buy 10 SBER")
        assert "market_closed" in notice["text"]
        status, answer = desk.alert()
        assert (status, answer["status"]) == (200, "accepted")
        rows = desk.wait_for("alerts", lambda rows: rows[0]["done"])
        assert rows[0]["reason"] == "market_closed"
        assert desk.items("orders") == []


def _closed_after(desk: Desk, hours: int) -> bool:
    desk.ask("POST", "/api/v1/demo/clock", {"advance_s": hours * 3600})
    return any(row["ticker"] == "SBER" and not row["trading"] for row in desk.items("instruments"))
