"""CONTRACT section 3, a sentence a test, held from outside against one running desk."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.process import ORDER_ROUTE, Desk, demo, start

FIELDS = {
    "alerts": "id received_at source link account ticker action status reason proposal_id order_ids fields",
    "orders": "id broker_id at account ticker side role type quantity filled price stop_price average_price state "
    "because paper",
    "fills": "id order_id quantity price fee at",
    "positions": "id account ticker quantity average_price last_price profit protection protected_by stop target "
    "trailing unprotected_s paper",
    "accounts": "name broker mode currency equity free_collateral risk_state",
    "instruments": "ticker exchange kind currency lot tick step last bid ask trading",
    "notices": "id at kind key text about actions",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One desk with one protected position."""
    with demo(tmp_path_factory.mktemp("contract") / "d") as desk:
        desk.alert()
        desk.wait_for("positions", lambda rows: rows and rows[0]["protected_by"] == "broker")
        yield desk


def note(desk: Desk, n: object) -> bytes:
    """An informational alert's body."""
    return json.dumps({**desk.sample, "message": f"note {n}"}).encode()


def spoken(desk: Desk, *parts: bytes) -> bytes:
    """Everything that the desk answers to these bytes on one connection."""
    host, port = desk.url.removeprefix("http://").split(":")
    heard = b""
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        for part in parts:
            wire.sendall(part)
        while piece := wire.recv(65536):
            heard += piece
    return heard


def request(body: bytes, *headers: str) -> bytes:
    lines = [f"POST {ORDER_ROUTE} HTTP/1.1", "Host: desk", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("accept", "healthy"),
    [
        ("application/json", True),
        ("application/json, text/html", True),
        ("text/html, application/json", False),
        ("text/html", False),
        ("*/*", False),
    ],
)
def test_tv_01_get_root_is_json_when_accept_names_it_first(desk: Desk, accept: str, *, healthy: bool) -> None:
    """`{"status":200,"message":"HEALTHY openoutcry"}`, else the dashboard."""
    status, answer = desk.ask("GET", "/", token="", headers={"Accept": accept})
    assert status == 200
    assert (answer == {"status": 200, "message": "HEALTHY openoutcry"}) is healthy


@pytest.mark.parametrize("name", FIELDS)
def test_lists_have_at_least_these_fields(desk: Desk, name: str) -> None:
    """And each row is found by its id, with or without a slash at the end."""
    row = desk.items(name)[0]
    assert set(FIELDS[name].split()) <= set(row)
    key = row.get("id") or row.get("ticker") or row["name"]
    for path in (f"/api/v1/{name}/{key}", f"/api/v1/{name}/{key}/"):
        assert desk.ask("GET", path)[0] == 200
    status, answer = desk.ask("GET", f"/api/v1/{name}/nobody")
    assert (status, answer["success"]) == (404, False)


def test_pages_follow_each_other_without_gaps(desk: Desk) -> None:
    """Newest first, 100 unless asked otherwise, `next` null at the end."""
    with ThreadPoolExecutor(8) as senders:
        sent = set(senders.map(lambda n: desk.ask("POST", ORDER_ROUTE, note(desk, n))[1]["alert_id"], range(230)))
    first = desk.ask("GET", "/api/v1/alerts")[1]
    assert len(first["items"]) == 100
    rows, after = first["items"], first["next"]
    while after:
        page = desk.ask("GET", f"/api/v1/alerts?limit=77&after={after}")[1]
        rows, after = rows + page["items"], page["next"]
    ids = [row["id"] for row in rows]
    assert len(ids) == len(set(ids))
    assert sent <= set(ids)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: b"\xef\xbb\xbf" + body,
        lambda body: body.replace(b'"SBER"', b"SBER"),
        lambda body: body.replace(b'"300"', b"300"),
        lambda body: body[:-1] + b', "short SL": NaN, "short TP": null}',
        lambda body: body.replace(b"Testing", b"tESTING"),
    ],
    ids=["BOM", "unquoted ticker", "a number", "NaN and null of the other side", "account in any case"],
)
def test_accepted_is(desk: Desk, change: Any) -> None:
    """What charts really send, under any content type."""
    body = change(json.dumps({**desk.sample, "message": "told", "x": str(change.__code__.co_firstlineno)}).encode())
    status, answer = desk.ask("POST", ORDER_ROUTE, body, token="", headers={"Content-Type": "text/plain"})
    assert (status, answer["status"]) == (200, "accepted")


def test_a_chunked_body_is_a_body(desk: Desk) -> None:
    """In pieces of any size."""
    body = note(desk, "chunked")
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:])) + b"0\r\n\r\n"
    assert b'"accepted"' in spoken(desk, request(pieces, "Transfer-Encoding: chunked", "Connection: close"))


def test_pipelined_alerts_are_answered_in_order(desk: Desk) -> None:
    """Two on one connection, the second the first again: a duplicate that tells the first's id."""
    body = note(desk, "pipelined")
    size = f"Content-Length: {len(body)}"
    heard = spoken(desk, request(body, size) + request(body, size, "Connection: close")).decode()
    first, second = (json.loads(part.split("\r\n\r\n")[1].split("HTTP/")[0]) for part in heard.split("200 OK")[1:])
    assert (first["status"], second["status"]) == ("accepted", "duplicate")
    assert first["alert_id"] == second["alert_id"]


def test_slow_sockets_do_not_keep_a_good_alert_out(desk: Desk) -> None:
    """Two hundred that began a body and do not go on."""
    host, port = desk.url.removeprefix("http://").split(":")
    slow = [socket.create_connection((host, int(port)), timeout=10) for _ in range(200)]
    try:
        for wire in slow:
            wire.sendall(request(b"{", "Content-Length: 100"))
        status, answer = desk.ask("POST", ORDER_ROUTE, note(desk, "among slow ones"), token="")
    finally:
        for wire in slow:
            wire.close()
    assert (status, answer["status"]) == (200, "accepted")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("OPTIONS", "/api/v1/orders", 405),
        ("DELETE", "/api/v1/orders", 405),
        ("GET", "/hook/nobody", 404),
        ("GET", "/api/v1/orders/%00", 404),
        ("POST", "/api/v1/proposals/nobody/answer", 422),
    ],
)
def test_errors_have_one_shape_everywhere_else(desk: Desk, method: str, path: str, status: int) -> None:
    """aiohttp's own included."""
    got, answer = desk.ask(method, path)
    assert got == status
    assert (answer["success"], set(answer["error"])) == (False, {"code", "field", "message"})


def test_garbage_is_400_in_the_same_shape(desk: Desk) -> None:
    """What is no HTTP at all."""
    heard = spoken(desk, b"\x16\x03\x01 garbage\r\n\r\n")
    assert b"400" in heard
    assert json.loads(heard.partition(b"\r\n\r\n")[2])["success"] is False


@pytest.mark.parametrize("text", [None, "", "  ", 5, ["/status"]])
def test_a_command_without_text_is_422(desk: Desk, text: object) -> None:
    """The field is named."""
    status, answer = desk.ask("POST", "/api/v1/commands", {"text": text})
    assert (status, answer["error"]["field"]) == (422, "text")


def test_the_press_works_once(desk: Desk) -> None:
    """Twenty fingers on one button: one of them did it."""
    asked = desk.say("/cancel all")[0]
    assert asked["kind"] == "confirm"
    path = f"/api/v1/actions/{asked['actions'][0]['id']}"
    with ThreadPoolExecutor(20) as fingers:
        answers = list(fingers.map(lambda _: desk.ask("POST", path, {}), range(20)))
    assert {status for status, _ in answers} == {200}
    kinds = [answer["notices"][0]["kind"] for _, answer in answers]
    assert kinds.count("refused") == 19


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"ticker": "SBER", "bid": "301", "ask": "300"}, 422),
        ({"ticker": "NOPE", "bid": "1", "ask": "2"}, 404),
        ({"ticker": "SBER", "bid": "NaN", "ask": "2"}, 422),
        ({"ticker": "SBER"}, 422),
    ],
)
def test_demo_routes_say_422_for_a_crossed_book_404_for_an_unknown_ticker(desk: Desk, body: Any, status: int) -> None:
    """And leave the market as it was."""
    before = desk.items("instruments")
    assert desk.ask("POST", "/api/v1/demo/market", body)[0] == status
    assert desk.items("instruments") == before


def test_a_scripted_book_without_sizes_is_1000_deep(desk: Desk) -> None:
    """On both sides."""
    desk.book("GAZP", "130", "130.01")
    row = desk.ask("GET", "/api/v1/instruments/GAZP")[1]
    assert (row["bid"], row["ask"], row["bid_size"], row["ask_size"]) == ("130", "130.01", "1000", "1000")


def test_demo_routes_are_403_where_the_market_moves_by_itself(tmp_path: Path) -> None:
    """Nobody may pull at prices or time there."""
    with start("demo", "--port", 0, "--data-dir", tmp_path / "d") as moving:
        moving.ready().demo_lines()
        book = {"ticker": "SBER", "bid": "1", "ask": "2"}
        assert moving.ask("POST", "/api/v1/demo/market", book)[0] == 403
        assert moving.ask("POST", "/api/v1/demo/clock", {"advance_s": 1})[0] == 403
