"""Links and accounts: made, changed and tried on one page."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.dashboard.browsing import log_in, opened_page, parts_of
from tests.dashboard.conftest import SAMPLE, Answer, House
from texts import catalogue

LINK = {"name": "Evening", "account": "Testing", "strategy": "Cycle", "quantity": "2", "stop_loss": "1.5"}


async def page(house: House, token: str = "owner-token") -> Answer:
    return await opened_page(house, "/links", await log_in(house, token))


async def parts(house: House, token: str = "owner-token") -> dict[str, str]:
    return parts_of(await page(house, token))


async def make(house: House, **changes: Any) -> dict[str, Any]:
    answer = await house.post("/api/v1/links", {**LINK, **changes})
    assert answer.status == 201, answer.data
    found: dict[str, Any] = answer.data
    return found


async def test_an_empty_page_says_what_to_do_next(house: House) -> None:
    """No links: make one; the button is there."""
    shown = await parts(house)
    assert "No links yet" in shown["list"]
    assert "data-new-link" in shown["list"]
    assert "Testing" in shown["accounts"]


async def test_ao_38_a_link_tells_everything_but_its_token(house: House) -> None:
    """Account, strategy, size, exits, money and state; the token nowhere."""
    made = await make(house, approval="ask", target="3")
    answer = await page(house)
    shown = parts_of(answer)["list"]
    for word in ("Evening", "Testing", "Cycle", "2 pcs", "1.5 %", "3 %", "PAPER", "running", "asks"):
        assert word in shown
    assert made["token"] not in answer.data


async def test_a_new_link_comes_with_what_is_to_be_pasted(house: House) -> None:
    """Its URL and the message in which the chart fills in the rest; of an old one the message alone."""
    made = await make(house)
    assert made["url"].endswith(f"/hook/{made['token']}")
    for placeholder in ("{{ticker}}", "{{strategy.order.action}}", "{{timenow}}"):
        assert placeholder in made["message"]
    assert "{{strategy.order.action}}" in (await parts(house))["list"]
    again = (await house.post(f"/api/v1/links/{made['id']}/rotate")).data
    assert again["message"] == made["message"]
    assert again["token"] != made["token"]


async def test_a_paused_link_shows_so_and_can_be_resumed(house: House) -> None:
    """The button says what it would do."""
    made = await make(house)
    await house.ask("PATCH", f"/api/v1/links/{made['id']}", {"running": False})
    shown = (await parts(house))["list"]
    assert "paused" in shown
    assert ">Resume<" in shown


async def test_ao_37_the_bots_switch_shows_what_is_so(house: House) -> None:
    """On at first; off once it was stopped, wherever that was done."""
    assert ">on<" in (await parts(house))["bot"]
    await house.post("/api/v1/commands", {"text": "/pause bot"})
    shown = (await parts(house))["bot"]
    assert ">off<" in shown
    assert "{&#34;running&#34;: true}" in shown


async def test_the_form_begins_with_what_the_link_has(house: House) -> None:
    """Everything that can be edited, by the names of its inputs."""
    share = {"name": "Second", "multiplier": "0.5"}
    await house.post("/api/v1/accounts", {"name": "Second", "broker": "paper", "currency": "USDT"})
    await make(house, accounts=[share], option={"expiry": "nearest", "strike": "25000"}, paper=True, product="carry")
    row = (await parts(house))["list"]
    for word in ("Second x 0.5", "nearest", "25000", "carry", "&#34;paper&#34;: true"):
        assert word in row


async def test_accounts_tell_money_and_limits(house: House) -> None:
    """Broker, mode, equity, risk state, risk a trade and leverage; those of the settings cannot be edited."""
    shown = (await parts(house))["accounts"]
    for word in ("Paper", "PAPER", "1,000,000.00", "USDT", "ACTIVE", "1 %", "settings file"):
        assert word in shown
    assert "data-edit-account" not in shown
    await house.post("/api/v1/accounts", {"name": "Second", "broker": "paper", "currency": "USDT", "risk_percent": "2"})
    await house.settled()
    assert "data-edit-account" in (await parts(house))["accounts"]


async def test_every_broker_has_its_form(house: House) -> None:
    """With the keys of its section, secrets as passwords."""
    shown = (await page(house)).data
    for broker in ("paper", "tinvest", "ccxt", "alpaca", "angelone"):
        assert f'data-broker="{broker}"' in shown
    secret = re.search(r'<input id="account-angelone-totp_secret".*?>', shown, re.DOTALL)
    assert secret is not None
    assert 'type="password"' in secret[0]
    assert "account-tinvest-ca_file" not in shown


async def test_a_connection_can_be_tested(house: House) -> None:
    """The broker is asked just now, and what it says is told in words."""
    answer = await house.post("/api/v1/accounts/testing/test")
    assert (answer.status, answer.data["ok"], answer.data["equity"]) == (200, True, "1000000")
    assert "1000000 USDT" in answer.data["text"]


@pytest.mark.parametrize(("name", "token", "status"), [("Ann", "viewer-token", 404), ("Nobody", "owner-token", 404)])
async def test_others_accounts_cannot_be_tested(house: House, name: str, token: str, status: int) -> None:
    """As if they were not there."""
    answer = await house.post(f"/api/v1/accounts/{name}/test", token=token)
    assert (answer.status, answer.data["error"]["code"]) == (status, "unknown_id")


async def test_a_message_can_be_checked(house: House) -> None:
    """What it would do, and what is wrong, by field; nothing is sent."""
    fine = await house.post("/api/v1/lint", {"message": '{"strategy":"x","symbol":"SBER","action":"BUY"}'})
    assert fine.status == 200
    wrong = await house.post("/api/v1/lint", {"message": str({**SAMPLE, "action": "hold"}).replace("'", '"')})
    assert "action" in [problem["field"] for problem in wrong.data["problems"]]
    assert (await house.get("/api/v1/alerts")).data["items"] == []


@pytest.mark.parametrize("body", [{}, {"message": ""}, {"message": 5}, {"message": ["x"]}])
async def test_a_check_needs_a_message(house: House, body: object) -> None:
    """422 by its name."""
    answer = await house.post("/api/v1/lint", body)
    assert (answer.status, answer.data["error"]["field"]) == (422, "message")


async def test_nothing_of_anothers_is_shown(house: House) -> None:
    """Ann sees her account and her links; the owner's are not hers to check messages with either."""
    await make(house)
    shown = (await page(house, "ann-token")).data
    assert "Evening" not in shown
    assert "Testing" not in shown
    assert ">Ann" in shown
    assert 'id="lint"' not in shown
    assert (await house.post("/api/v1/lint", {"message": "{}"}, token="ann-token")).status == 403


async def test_an_admin_sees_whose_it_is(house: House) -> None:
    """Of others' accounts and links alone."""
    await house.post("/api/v1/links", {**LINK, "account": "Ann"}, token="ann-token")
    shown = await parts(house)
    assert '<span class="soft plain">ann</span>' in shown["list"]
    assert '<span class="soft plain">ann</span>' in shown["accounts"]
    hers = await parts(house, "ann-token")
    assert '<span class="soft plain">ann</span>' not in hers["list"] + hers["accounts"]


async def test_a_viewer_changes_nothing(house: House) -> None:
    """No button of theirs does."""
    shown = (await page(house, "viewer-token")).data
    for word in ("data-new-link", "data-new-account", "link-form", "/api/v1/bot"):
        assert word not in shown


async def test_a_script_in_a_name_is_words(house: House) -> None:
    """Also within what the page keeps for its form."""
    evil = '"><script>alert(1)</script>'
    await make(house, name=evil, strategy=evil)
    assert "<script>alert" not in (await page(house)).data


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": None}, "name"),
        ({"name": "a b"}, "name"),
        ({"broker": "nobody"}, "broker"),
        ({"broker": 5}, "broker"),
        ({"risk_percent": "-1"}, "risk_percent"),
        ({"cash": "much"}, "cash"),
        ({"cash": {}}, "cash"),
        ({"token_file": "/etc/passwd"}, "token_file"),
        ({"x" * 5000: "1"}, "x" * 100),
    ],
)
async def test_an_account_that_cannot_be_is_told_by_its_field(
    house: House, changes: dict[str, Any], field: str
) -> None:
    """422, no value is repeated, and nothing is added."""
    answer = await house.post("/api/v1/accounts", {"name": "Second", "broker": "paper", **changes})
    assert (answer.status, answer.data["error"]["field"]) == (422, field)
    assert "/etc/passwd" not in str(answer.data)
    assert 'data-key="Second"' not in (await parts(house))["accounts"]


async def test_an_account_may_be_called_what_looks_like_a_tag(house: House) -> None:
    """It is a name like any other."""
    made = await house.post("/api/v1/accounts", {"name": "<img>", "broker": "paper"})
    assert made.status == 201
    shown = (await page(house)).data
    assert "<img>" not in shown
    assert "/api/v1/accounts/%3Cimg%3E/test" in shown
    assert (await house.post("/api/v1/accounts/%3Cimg%3E/test")).data["ok"] is True


async def test_the_page_speaks_russian(house: House) -> None:
    """Also the labels of brokers' forms."""
    await house.post("/api/v1/commands", {"text": "/language ru"})
    shown = (await page(house)).data
    for key in ("title", "bot_on_says", "field_secret_key"):
        assert catalogue("ru")[f"page.links.{key}"] in shown
