"""Commands, presses, and the old REST surface's small questions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.services.prices import PriceKeeper
from tests.dashboard.conftest import House

COMMANDS = "/api/v1/commands"


async def test_a_command_answers_with_its_notices(house: House) -> None:
    """/status says in words how the desk is."""
    answer = await house.post(COMMANDS, {"text": "/status"})
    (notice,) = answer.data["notices"]
    assert (answer.status, notice["kind"], notice["actions"]) == (200, "info", [])
    assert notice["text"].startswith("ACTIVE.")
    assert notice["at"].endswith("Z")


async def test_a_refused_command_is_200_with_its_code_word(house: House) -> None:
    """A refusal is an answer: 200, kind refused, the code in the text."""
    answer = await house.post(f"{COMMANDS}/", {"text": "/buy 10 NOSUCH @Testing"})
    (notice,) = answer.data["notices"]
    assert (answer.status, notice["kind"]) == (200, "refused")
    assert "unknown_ticker" in notice["text"]


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "  "}, {"text": 5}, {"text": None}, {"text": ["/kill"]}])
async def test_a_command_without_text_is_422(house: House, body: object) -> None:
    """The field is named."""
    answer = await house.post(COMMANDS, body)
    assert (answer.status, answer.data["error"]["field"]) == (422, "text")


@pytest.mark.parametrize("raw", [b"", b"[]", b'"/kill"', b"{", b"\xff\xfe", b'{"text": NaN}', b"[" * 60_000])
async def test_a_body_that_is_no_object_is_422(house: House, raw: bytes) -> None:
    """Whatever is not a JSON object is refused, and nothing of it runs."""
    answer = await house.ask("POST", COMMANDS, raw)
    assert (answer.status, answer.data["error"]["code"]) == (422, "body_unreadable")


@pytest.mark.parametrize("text", ["/buy \\ud800", "/buy \\u0000"])
async def test_what_no_text_may_hold_is_422(house: House, text: str) -> None:
    """A lone surrogate or a NUL cannot be written down, so it is refused at the door."""
    answer = await house.ask("POST", COMMANDS, f'{{"text": "{text}"}}'.encode())
    assert (answer.status, answer.data["error"]["field"]) == (422, "text")


async def test_a_body_over_the_limit_is_413(house: House) -> None:
    """64 KiB and not more."""
    answer = await house.post(COMMANDS, {"text": "x" * 70_000})
    assert answer.status == 413


async def test_a_dangerous_command_is_done_by_one_press(house: House) -> None:
    """/cancel all asks first; POST /actions/{id} is the press, and a second press does nothing."""
    await house.trade()
    asked = (await house.post(COMMANDS, {"text": "/cancel all"})).data["notices"][0]
    assert asked["kind"] == "confirm"
    action = asked["actions"][0]
    assert action["label"] not in {"", "action.confirm"}
    done = await house.post(f"/api/v1/actions/{action['id']}")
    assert (done.status, done.data["notices"][0]["kind"]) == (200, "info")
    assert not house.engine.desk.ledger.orders
    again = await house.post(f"/api/v1/actions/{action['id']}/")
    assert again.data["notices"][0]["kind"] == "refused"


async def test_the_command_of_an_action_is_the_press_too(house: House) -> None:
    """Typing what the button types does the same."""
    asked = (await house.post(COMMANDS, {"text": "/cancel all"})).data["notices"][0]
    done = await house.post(COMMANDS, {"text": asked["actions"][0]["command"]})
    assert done.data["notices"][0]["kind"] == "info"


async def test_a_command_acts_as_the_bearer(house: House) -> None:
    """A viewer may not trade, and is told which role it needs."""
    answer = await house.post(COMMANDS, {"text": "/buy 10 SBER @Ann"}, token="viewer-token")
    assert "not_allowed" in answer.data["notices"][0]["text"]


@pytest.mark.parametrize("path", ["/api/v1/health", "/api/v1/health/"])
async def test_tm_67_health_is_an_empty_200(house: House, path: str) -> None:
    """As the old desk answered it."""
    answer = await house.get(path)
    assert (answer.status, answer.data) == (200, "")


@pytest.mark.parametrize("name", ["sber", "SBER/", "Sber"])
async def test_tm_67_a_ticker_in_any_case_has_its_twelve_fields(house: House, name: str) -> None:
    """The field list of the old REST surface, no more and no less."""
    answer = await house.get(f"/api/v1/ticker/{name}")
    assert answer.status == 200
    assert " ".join(answer.data) == (
        "id min_price_increment figi ticker name lot asset_type api_trading_available short_enabled buy_enabled "
        "sell_enabled basic_asset_size"
    )
    assert (answer.data["ticker"], answer.data["lot"], answer.data["asset_type"]) == ("SBER", "10", "S")
    assert answer.data["min_price_increment"] == "0.01"


async def test_tm_67_an_unknown_ticker_is_404(house: House) -> None:
    """Never a near match."""
    answer = await house.get("/api/v1/ticker/SBERX")
    assert (answer.status, answer.data["error"]["code"]) == (404, "unknown_ticker")


async def test_prices_are_last_prices_by_ticker(house: House) -> None:
    """Decimal strings."""
    answer = await house.get("/api/v1/prices")
    assert answer.data["BTCPERP"] == "40000"


async def test_prices_of_before_come_newest_first(house: House) -> None:
    """Pages of one ticker in any case, decimals as strings; an unknown ticker has none, a bad limit is 422."""
    keeper = PriceKeeper(house.engine.desk, 60, timedelta(days=1))
    await keeper.keep()
    answer = await house.get("/api/v1/prices/btcperp?limit=1")
    assert answer.data["next"] is None
    (row,) = answer.data["items"]
    assert (row["ticker"], row["last"], row["at"][-1]) == ("BTCPERP", "40000", "Z")
    assert (await house.get("/api/v1/prices/nothing")).data == {"items": [], "next": None}
    assert (await house.get("/api/v1/prices/SBER?limit=0")).status == 422
    assert (await house.get("/api/v1/prices/SBER?after=x")).status == 422
