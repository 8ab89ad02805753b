"""Tasks: what goes on, what waits to be begun, and the forms for both."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from tests.dashboard.browsing import acting, log_in, opened_page, parts_of
from tests.dashboard.conftest import House

QUEUE, SPREADS, STOPS = "/api/v1/sellbuy", "/api/v1/spreads", "/api/v1/stops"
ROW = {"ticker": "SBER", "amount": "120", "sell": False, "account": "Testing"}


async def tasks(house: House, token: str = "owner-token") -> dict[str, str]:
    """The page's parts."""
    return parts_of(await opened_page(house, "/tasks", await log_in(house, token)))


async def say(house: House, text: str) -> Any:
    answer = await house.post("/api/v1/commands", {"text": text})
    await house.settled()
    return answer.data["notices"][0]


async def test_an_empty_page_says_what_to_do_next(house: House) -> None:
    """Each part has its own hint."""
    parts = await tasks(house)
    assert "Nothing is under way" in parts["running"]
    assert "The queue is empty" in parts["queue"]
    assert "No spreads" in parts["spreads"]
    assert "Nothing is listed" in parts["stops"]
    assert "No stash" in parts["stashes"]


async def test_work_shows_how_far_it_is_and_what_it_waits_for(house: House) -> None:
    """Title, side, state, progress, and the buttons that pause and stop it."""
    await say(house, "/buy 250 GAZP @Testing")
    running = (await tasks(house))["running"]
    [task] = (await house.get("/api/v1/tasks")).data["items"]
    assert "buy GAZP" in running
    assert '<progress max="250" value="0"' in running
    assert "waits for fill" in running
    assert f'data-command="/pause {task["id"]}"' in running
    assert f'data-command="/stop {task["id"]}"' in running
    assert f"/log?id={task['id']}" in running


async def test_a_paused_task_can_be_resumed(house: House) -> None:
    """The button pressed is the other one then; stopped work is listed under what ended."""
    await say(house, "/buy 250 GAZP @Testing")
    [task] = (await house.get("/api/v1/tasks")).data["items"]
    await say(house, f"/pause {task['id']}")
    running = (await tasks(house))["running"]
    assert "PAUSED" in running
    assert f'data-command="/resume {task["id"]}"' in running
    await say(house, f"/stop {task['id']}")
    running = (await tasks(house))["running"]
    assert "Nothing is under way" in running
    assert "STOPPED" in running


async def test_tm_70_a_row_edited_on_the_page_is_used_at_the_next_command(house: House) -> None:
    """Its amount before anything was executed, and its side; then /sellbuy works on just that."""
    row = (await house.post(QUEUE, ROW)).data
    page = await opened_page(house, "/tasks", session := await log_in(house))
    assert f'data-path="{QUEUE}/{row["id"]}"' in page.data
    headers = {**session, "Origin": house.url}
    changed = await house.ask(
        "PATCH", f"{QUEUE}/{row['id']}", {"amount": "70", "sell": True}, token=None, headers=headers
    )
    assert (changed.status, changed.data["amount"], changed.data["side"]) == (200, "70", "sell")
    assert "of <span" in (await tasks(house))["queue"]
    await say(house, "/sellbuy")
    [task] = (await house.get("/api/v1/tasks")).data["items"]
    assert (task["asked"], task["side"]) == ("70", "sell")


async def test_a_row_that_is_worked_on_is_not_edited(house: House) -> None:
    """It says so instead of offering what would be refused."""
    await house.post(QUEUE, ROW)
    await say(house, "/sellbuy")
    queue = (await tasks(house))["queue"]
    assert "under way" in queue
    assert "data-edit" not in queue
    assert 'data-command="/sellbuy"' not in queue


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"amount": "0"}, 422, "amount"),
        ({"amount": "many"}, 422, "amount"),
        ({"sell": "yes"}, 422, "sell"),
        ({"executed": "10"}, 400, "avg_exec_price"),
        ({"avg_exec_price": "10"}, 400, "executed"),
    ],
)
async def test_an_edit_that_cannot_be_names_its_field(house: House, changes: Any, status: int, field: str) -> None:
    """And the row stays as it was."""
    row = (await house.post(QUEUE, ROW)).data
    answer = await house.ask("PATCH", f"{QUEUE}/{row['id']}", changes)
    assert (answer.status, answer.data["error"]["field"]) == (status, field)
    assert (await house.get(f"{QUEUE}/{row['id']}")).data == row


async def test_what_was_executed_keeps_its_side(house: House) -> None:
    """A row that bought some cannot become a sale of it."""
    row = (await house.post(QUEUE, ROW)).data
    await house.ask("PATCH", f"{QUEUE}/{row['id']}", {"executed": "10", "avg_exec_price": "300"})
    answer = await house.ask("PATCH", f"{QUEUE}/{row['id']}", {"sell": True})
    assert (answer.status, answer.data["error"]["field"]) == (400, "sell")


async def test_a_spread_shows_its_difference_beside_its_target(house: House) -> None:
    """Now, at market, and how far both legs are; it follows the books."""
    made = await house.post(
        SPREADS, {"far": "SRZ6", "near": "SBER", "sell": True, "price": "620", "amount": "5", "account": "Testing"}
    )
    assert made.status == 201, made.data
    books = {"SRZ6": ("31000", "31010"), "SBER": ("300", "300.01")}
    for ticker, (bid, ask) in books.items():
        await house.post("/api/v1/demo/market", {"ticker": ticker, "bid": bid, "ask": ask})
    spreads = (await tasks(house))["spreads"]
    assert "sell above" in spreads
    assert ">1,010<" in spreads  # far ask 31010 - 100 * near bid 300
    assert ">999<" in spreads  # far bid 31000 - 100 * near ask 300.01
    assert "0 / 500" in spreads
    assert 'class="num up"' in spreads


async def test_stop_lists_are_boxes_that_send_their_flag(house: House) -> None:
    """One row a ticker, checked as it is."""
    row = (await house.post(STOPS, {"ticker": "SBER", "whitelist": True, "short_blacklist": True})).data
    stops = (await tasks(house))["stops"]
    boxes = dict(re.findall(r'data-flag="(\w+)"[^>]*?aria-label="[^"]*"( checked)?', stops))
    assert boxes == {
        "whitelist": " checked",
        "stop_blacklist": "",
        "short_blacklist": " checked",
        "morning": " checked",
    }
    assert stops.count(f'data-path="{STOPS}/{row["id"]}"') == 4


async def test_a_stash_can_be_restored_after_a_look(house: House) -> None:
    """What it holds, and the command whose answer is the difference and one press."""
    await house.post(STOPS, {"ticker": "SBER", "whitelist": True})
    asked = await say(house, "/stops @Testing")
    if asked["kind"] == "confirm":
        await house.post(f"/api/v1/actions/{asked['actions'][0]['id']}")
        await house.settled()
    await house.post("/api/v1/stop_orders/stash", {"account": "Testing", "name": "evening"})
    stashes = (await tasks(house))["stashes"]
    assert "evening" in stashes
    assert "stop orders: 3" in stashes
    assert 'data-command="/restore evening @Testing"' in stashes


async def test_a_viewer_sees_but_is_offered_nothing(house: House) -> None:
    """No form, no button, no box that can be ticked."""
    page = await opened_page(house, "/tasks", await log_in(house, "viewer-token"))
    main = page.data.partition("<main")[2]
    assert "data-post" not in main
    assert "data-command" not in main
    assert "data-edit" not in main


async def test_nothing_of_another_person_is_shown(house: House) -> None:
    """Neither tasks nor rows, spreads or lists; and their rows cannot be changed from here."""
    row = (await house.post(QUEUE, ROW)).data
    await house.post(STOPS, {"ticker": "GAZP", "whitelist": True})
    await say(house, "/buy 250 GAZP @Testing")
    page = await opened_page(house, "/tasks", await log_in(house, "ann-token"))
    assert "Testing" not in page.data
    assert "GAZP" not in page.data
    assert (await house.ask("PATCH", f"{QUEUE}/{row['id']}", {"amount": "10"}, "ann-token")).status == 404


async def test_it_speaks_russian(demo: House) -> None:
    """Every heading, also in the dialogs."""
    page = await opened_page(demo, "/tasks")
    await demo.post("/api/v1/commands", {"text": "/language ru"}, token=None, headers=acting(demo, page))
    page = await opened_page(demo, "/tasks")
    text = unescape(page.data)
    for words in ("Задач нет", "Очередь", "Спреды", "Списки для стопов", "Сохранённые наборы", "Добавить в очередь"):
        assert words in text


async def test_tm_70_a_spread_edited_on_the_page_is_used_at_the_next_command(house: House) -> None:
    """Price and amount as they are now; while it is worked on it cannot be edited, and afterwards it can be removed."""
    legs = {"far": "SRZ6", "near": "SBER", "sell": True, "price": "620", "amount": "5", "account": "Testing"}
    row = (await house.post(SPREADS, legs)).data
    assert f'data-path="{SPREADS}/{row["id"]}"' in (await tasks(house))["spreads"]
    changed = await house.ask("PATCH", f"{SPREADS}/{row['id']}", {"price": "99999", "amount": "3", "sell": True})
    assert changed.status == 200
    await say(house, "/spreads")
    [task] = (await house.get("/api/v1/tasks")).data["items"]
    assert (task["asked"], task["side"]) == ("3", "sell")
    shown = (await tasks(house))["spreads"]
    assert "99,999" in shown
    assert "data-edit" not in shown
    await say(house, f"/stop {task['id']}")
    assert (await house.ask("DELETE", f"{SPREADS}/{row['id']}")).status == 200
    assert "No spreads" in (await tasks(house))["spreads"]


async def test_a_list_that_is_edited_is_used_at_the_next_command(house: House) -> None:
    """A ticker that the page takes off the shorts gets none."""
    for ticker in ("SBER", "GAZP"):
        await house.post(STOPS, {"ticker": ticker, "whitelist": True})
    rows = {row["ticker"]: row["id"] for row in (await house.get("/api/v1/stop_lists")).data["items"]}
    assert (await house.ask("PATCH", f"{STOPS}/{rows['SBER']}", {"short_blacklist": True})).status == 200
    asked = await say(house, "/shorts @Testing")
    if asked["kind"] == "confirm":
        await house.post(f"/api/v1/actions/{asked['actions'][0]['id']}")
        await house.settled()
    assert {order["ticker"] for order in (await house.get("/api/v1/orders")).data["items"]} == {"GAZP"}


@pytest.mark.parametrize("path", [QUEUE, SPREADS, STOPS])
async def test_a_script_in_a_name_is_refused_and_stays_words(house: House, path: str) -> None:
    """By its field, and without a trace."""
    evil = "<script>alert(1)</script>"
    body = {"ticker": evil, "far": evil, "near": evil, "amount": "1", "price": "1", "sell": True, "whitelist": True}
    answer = await house.post(path, {**body, **({} if path == STOPS else {"account": "Testing"})})
    assert answer.status == 422
    assert answer.data["error"]["field"] in {"ticker", "far"}
    assert "alert(1)" not in "".join((await tasks(house)).values())
