"""An intent's life by any of its ids, and only as far as a person may see it."""

from __future__ import annotations

from core.services.life import Life, life_of
from core.values.orders import OrderRole
from core.values.people import Person, Role
from tests.desk import OWNER, TestDesk, person

STRANGER = person(Role.TRADER, "stranger")


async def life(desk: TestDesk, asked: str, by: Person = OWNER) -> Life | None:
    return await life_of(desk.engine.store, desk.engine.desk.ledger, by, asked)


async def test_an_alerts_life_holds_its_orders_with_steps_and_fills(desk: TestDesk) -> None:
    """Entry, stop and target, each with the states that it went through."""
    record = await desk.enter()
    found = await life(desk, record.id)
    assert found is not None
    assert found.alert is not None
    assert {each.order.request.role for each in found.orders} == {OrderRole.ENTRY, OrderRole.STOP, OrderRole.TARGET}
    [entry] = [each for each in found.orders if each.order.request.role is OrderRole.ENTRY]
    actions = [row.row.action for row in entry.steps]
    assert (actions[0], actions[-1]) == ("order.intended", "order.filled")
    assert [str(fill.quantity) for fill in entry.fills] == ["0.5"]


async def test_a_tasks_life_is_found_by_the_task_its_order_and_its_fill(desk: TestDesk) -> None:
    """With who began it."""
    await desk.say("/buy 10 SBER")
    [order] = desk.live()
    [task] = (await desk.engine.store.tasks(10)).items
    by_task, by_order = await life(desk, task.id), await life(desk, order.id)
    assert by_task is not None
    assert by_order is not None
    assert (by_task.task, by_order.task) == (task, task)
    assert by_task.steps[0].row.actor == OWNER.id
    assert [each.order.id for each in by_task.orders] == [order.id]


async def test_nothing_is_told_of_what_is_anothers(desk: TestDesk) -> None:
    """As of an id that nobody has."""
    record = await desk.enter()
    await desk.say("/buy 10 SBER")
    [task] = (await desk.engine.store.tasks(10)).items
    [order, *_] = desk.live()
    for asked in (record.id, task.id, order.id, desk.position.position.id, "nothing"):
        assert await life(desk, asked, STRANGER) is None


async def test_why_tells_a_task(desk: TestDesk) -> None:
    """What it came to, before its orders."""
    await desk.say("/buy 10 SBER")
    [task] = (await desk.engine.store.tasks(10)).items
    answer = await desk.say(f"/why {task.id}")
    assert [line.key for line in answer.lines][:2] == ["command.task", "command.why_order"]
