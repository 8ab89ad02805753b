"""The queue and the tasks as people type them."""

from __future__ import annotations

import pytest

from core.values.notices import Notice
from core.values.people import Role
from tests.desk import TestDesk, person


def code(notice: Notice) -> str:
    return notice.params.get("code", "")


async def test_the_queue_is_added_to_listed_and_taken_from(desk: TestDesk) -> None:
    """A row is named by its id or the end of it."""
    added = await desk.say("/queue add sber 100 SELL")
    [line] = added.lines
    assert (line.params["ticker"], line.params["side"], line.params["amount"]) == ("SBER", "sell", "100")
    assert [row.params["id"] for row in (await desk.say("/queue")).lines] == [line.params["id"]]
    assert (await desk.say(f"/queue remove {line.params['id'][-6:]}")).key == "command.unqueued"
    assert (await desk.say("/queue")).key == "command.nothing_queued"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("/queue add SBER 100", "usage"),
        ("/queue add SBER 1.5 buy", "usage"),
        ("/queue add SBER 9 buy", "zero_size"),
        ("/queue add NOPE 100 buy", "unknown_ticker"),
        ("/queue remove nothing", "unknown_id"),
        ("/stop nothing", "unknown_id"),
        ("/dump NOPE", "unknown_ticker"),
    ],
)
async def test_what_cannot_be_done_is_refused_by_its_word(desk: TestDesk, text: str, word: str) -> None:
    """And changes nothing."""
    assert code(await desk.say(text)) == word
    assert await desk.engine.store.active_queue() == []


async def test_tm_61_tasks_are_listed_by_their_titles(desk: TestDesk) -> None:
    """None when idle."""
    assert (await desk.say("/tasks")).key == "command.no_tasks"
    await desk.say("/buy 10 SBER")
    assert (await desk.say("/tasks")).params["titles"] == "buy SBER"


async def test_tm_06_a_second_trade_of_a_title_is_refused(desk: TestDesk) -> None:
    """Another ticker or side may run beside it."""
    await desk.say("/buy 10 SBER")
    assert code(await desk.say("/buy 10 SBER")) == "already_running"
    assert [code(await desk.say(text)) for text in ("/buy 10 GAZP", "/sell 10 SBER")] == ["", ""]
    assert len(desk.engine.supervisor.unfinished()) == 3


async def test_a_row_that_is_worked_on_is_not_removed(desk: TestDesk) -> None:
    """Stop its task first."""
    [line] = (await desk.say("/queue add SBER 10 buy")).lines
    await desk.say("/sellbuy")
    assert code(await desk.say(f"/queue remove {line.params['id']}")) == "already_running"


async def test_others_do_not_touch_a_task(desk: TestDesk) -> None:
    """A viewer may not stop; a stranger's tasks are nobody's business."""
    await desk.say("/buy 10 SBER")
    assert code(await desk.say("/stop", by=person(Role.VIEWER))) == "not_allowed"
    assert (await desk.say("/stop", by=person(Role.TRADER))).key == "command.no_tasks"
    assert len(desk.engine.supervisor.unfinished()) == 1


async def test_tm_21_22_a_sum_is_turned_into_whole_lots(desk: TestDesk) -> None:
    """Price 200, lot 10: 5050 is 20 pieces, 1500 is refused and leaves no row."""
    await desk.book_of("SBER", "199.99", "200.01")
    assert code(await desk.say("/buy SBER 1500")) == "zero_size"
    assert await desk.engine.store.active_queue() == []
    await desk.say("/buy SBER 5050")
    assert await desk.at_broker() == ["buy limit 20 199.99"]
