"""What chats tell, chosen on a page and by the API."""

from __future__ import annotations

from core.rules.noise import USUAL
from tests.dashboard.browsing import log_in, opened_page
from tests.dashboard.conftest import House

ROUTE = "/api/v1/me/noise"


async def test_noise_is_everybodys_own(house: House) -> None:
    """What is not said stays, and one's choice is nobody else's."""
    assert (await house.get(ROUTE)).data == USUAL
    changed = await house.ask("PUT", ROUTE, {"entries": "silent", "quiet": "23:00-07:00"})
    assert changed.data == {**USUAL, "entries": "silent", "quiet": "23:00-07:00"}
    assert (await house.get(ROUTE)).data == changed.data
    assert (await house.get(ROUTE, "ann-token")).data == USUAL


async def test_what_cannot_be_chosen_is_named(house: House) -> None:
    """And nothing of it is kept."""
    for body, field in (({"exits": "off", "entries": "loud"}, "entries"), ({"quiet": 7}, "quiet"), ({"x": "on"}, "x")):
        answer = await house.ask("PUT", ROUTE, body)
        assert (answer.status, answer.data["error"]["field"]) == (422, field)
    assert (await house.get(ROUTE)).data == USUAL


async def test_the_page_begins_with_what_is_chosen(house: House) -> None:
    """A select an event; the hours as they were typed."""
    await house.ask("PUT", ROUTE, {"tasks": "off", "quiet": "23:00-07:00"})
    page = (await opened_page(house, "/people", await log_in(house))).data
    tasks = page[page.index('id="noise-tasks"') :]
    assert '<option value="off" selected>' in tasks[: tasks.index("</select>")]
    assert 'value="23:00-07:00"' in page
