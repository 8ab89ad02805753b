"""What people type, and what they are told."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

import texts
from core import commands
from core.values.notices import Notice, NoticeKind
from core.values.orders import OrderRole, OrderState, OrderType, Purpose, Side, TimeInForce
from core.values.people import Role
from tests.desk import OWNER, TestDesk, levels, opened, person

D = Decimal
PROTECTED = ["sell limit 0.5 41000", "sell stop 0.5 39800"]


def refusal(answer: Notice) -> str:
    """The code of a refusal, whose own words stand in the catalogue as well."""
    assert answer.kind is NoticeKind.REFUSED
    assert answer.lines[0].key in texts.catalogue("en")
    return answer.params["code"]


def lines(answer: Notice, key: str) -> list[dict[str, str]]:
    return [dict(line.params) for line in answer.lines if line.key == key]


async def test_tm_10_buying_by_hand_is_a_limit_order_at_the_bid(desk: TestDesk) -> None:
    """Own-side best, for the day, by the person who asked."""
    await desk.say("/buy 10 SBER")
    [order] = await desk.orders()
    request = order.request
    assert (request.type, request.price, request.quantity) == (OrderType.LIMIT, D("299.99"), D(10))
    assert (request.purpose, request.time_in_force, request.because[0].id) == (
        Purpose.WORKING, TimeInForce.DAY, "owner",
    )  # fmt: skip


async def test_tm_10_selling_by_hand_is_a_limit_order_at_the_ask(desk: TestDesk) -> None:
    """The other side."""
    await desk.say("/sell 10 SBER")
    [order] = await desk.orders()
    assert (order.request.side, order.request.price) == (Side.SELL, D("300.01"))


@pytest.mark.parametrize(("line", "pieces"), [("/buy 100 GAZP", 100), ("/buy GAZP 5000", 30)])
async def test_tm_08_an_amount_stands_before_the_ticker_a_sum_behind(desk: TestDesk, line: str, pieces: int) -> None:
    """5000 buy three lots of ten at 130."""
    await desk.say(line)
    [order] = await desk.orders()
    assert order.request.quantity == D(pieces)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("/buy GAZP X", "amount_or_sum"),
        ("/buy GAZP 10.5", "amount_or_sum"),
        ("/buy -5 GAZP", "amount_or_sum"),
        ("/buy 1e3 GAZP", "amount_or_sum"),
        ("/buy \u0661\u0660 GAZP", "amount_or_sum"),
        ("/buy GAZP", "amount_or_sum"),
        ("/buy", "amount_or_sum"),
        ("/buy 1 2 GAZP", "too_many_arguments"),
        ("/buy GAZP 0", "zero_size"),
        (f"/buy {'9' * 40} GAZP", "amount_or_sum"),
    ],
)
async def test_tm_08_anything_else_is_refused_and_orders_nothing(desk: TestDesk, line: str, code: str) -> None:
    """Whole numbers only."""
    assert refusal(await desk.say(line)) == code
    assert await desk.orders() == []


async def test_tm_09_tickers_are_found_in_any_case_and_never_nearly(desk: TestDesk) -> None:
    """gazp is GAZP; NOPE and GAZ are nothing."""
    assert (await desk.say("/buy 10 gazp")).key == "command.traded"
    assert [refusal(await desk.say(f"/buy 10 {name}")) for name in ("NOPE", "GAZ")] == ["unknown_ticker"] * 2
    assert len(await desk.orders()) == 1


async def test_tm_21_a_sum_buys_whole_lots(desk: TestDesk) -> None:
    """5050 at 200 with lots of ten: 20."""
    await desk.book_of("SBER", "199.90", "200.10")
    await desk.say("/buy SBER 5050")
    [order] = await desk.orders()
    assert order.request.quantity == D(20)


async def test_tm_22_a_sum_below_a_lot_is_refused(desk: TestDesk) -> None:
    """1500 at 200: no order."""
    await desk.book_of("SBER", "199.90", "200.10")
    assert refusal(await desk.say("/buy SBER 1500")) == "zero_size"
    assert await desk.orders() == []


async def test_tm_23_an_amount_is_rounded_down_and_says_so(desk: TestDesk) -> None:
    """25 are 20."""
    answer = await desk.say("/buy 25 SBER")
    assert lines(answer, "command.rounded") == [{"asked": "25", "quantity": "20", "step": "10"}]
    [order] = await desk.orders()
    assert order.request.quantity == D(20)


async def test_tm_63_help_names_every_command_that_the_person_may_use(desk: TestDesk) -> None:
    """With words of its own for each; a viewer sees what a viewer may."""
    answer = await desk.say("/help")
    shown = {line.params["usage"].split()[0] for line in answer.lines}
    assert shown == {f"/{c.name}" for c in commands.table() if not c.hidden and c.name != "help"}
    assert all(line.key in texts.catalogue("en") for line in answer.lines)
    viewer = await desk.say("/help", person(Role.VIEWER))
    assert "/kill" not in {line.params["usage"].split()[0] for line in viewer.lines}


async def test_a_command_told_twice_is_one_order(desk: TestDesk) -> None:
    """A surface repeats a message under its own id."""
    for _ in range(2):
        await desk.say("/buy 10 SBER", call_id="message 7")
    await desk.say("/buy 10 GAZP", call_id="message 8")
    assert len(await desk.orders()) == 2


async def test_what_nobody_knows_is_said(desk: TestDesk) -> None:
    """No command, no words, or a command that was never one."""
    assert [refusal(await desk.say(text)) for text in ("/nothing", "", "hello there", "/")] == ["unknown_command"] * 4


@pytest.mark.parametrize("text", ["/status", "STATUS", "/status@openoutcry_bot", "  /Status  "])
async def test_commands_are_known_however_chats_write_them(desk: TestDesk, text: str) -> None:
    """With or without slash, bot name and capitals."""
    assert (await desk.say(text)).key == "command.status"


@pytest.mark.parametrize(
    ("line", "least"),
    [
        ("/positions", Role.VIEWER), ("/orders", Role.VIEWER), ("/status", Role.VIEWER), ("/health", Role.VIEWER),
        ("/buy 10 SBER", Role.TRADER), ("/sell 10 SBER", Role.TRADER), ("/kill", Role.TRADER), ("/cancel", Role.TRADER),
        ("/approve x", Role.APPROVER), ("/reject x", Role.APPROVER), ("/arm", Role.APPROVER),
    ],
)  # fmt: skip
async def test_a_command_needs_its_role(desk: TestDesk, line: str, least: Role) -> None:
    """One role less is refused, and nothing happens."""
    lower = [role for role in Role if role < least]
    for role in lower:
        assert refusal(await desk.say(line, person(role))) == "not_allowed"
    assert (await desk.orders(), desk.engine.desk.safety.halt) == ([], None)
    answer = await desk.say(line, person(least))
    assert answer.params.get("code") != "not_allowed"


async def test_an_account_is_named_behind_an_at(tmp_path_factory: pytest.TempPathFactory) -> None:
    """In any case; with two accounts one must be named, and a wrong name is refused."""
    other = {"name": "Other", "broker": "paper"}
    async with opened(tmp_path_factory.mktemp("desk"), more_accounts=[other]) as desk:
        assert refusal(await desk.say("/buy 10 SBER")) == "account_needed"
        assert refusal(await desk.say("/buy 10 SBER @Nobody")) == "unknown_account"
        assert (await desk.say("/buy 10 SBER @other")).key == "command.traded"
        [order] = await desk.orders()
        assert order.request.account == "Other"


async def test_cancel_leaves_the_stops_of_managed_positions(desk: TestDesk) -> None:
    """Everything else goes and does not come back."""
    await desk.enter()
    await desk.say("/buy 10 SBER")
    answer = await desk.say("/cancel")
    assert (answer.params["cancelled"], answer.params["left"]) == ("2", "0")
    assert await desk.at_broker() == ["sell stop 0.5 39800"]
    assert desk.position.protected_by == "broker"


async def test_cancel_all_asks_first_and_says_what_would_be_naked(desk: TestDesk) -> None:
    """Nothing is done before the press; then everything is, and stays gone."""
    await desk.enter()
    asked = await desk.say("/cancel all")
    assert (asked.kind, asked.params) == (NoticeKind.CONFIRM, {"orders": "2", "protective": "2"})
    assert [line["ticker"] for line in lines(asked, "command.would_be_naked")] == ["BTCPERP"]
    assert await desk.at_broker() == PROTECTED
    done = await desk.say(asked.actions[0].command)
    assert done.params["cancelled"] == "2"
    assert (await desk.at_broker(), desk.position.protected_by) == ([], None)


async def test_a_press_is_used_once(desk: TestDesk) -> None:
    """The second finds it gone."""
    asked = await desk.say("/cancel all")
    assert (await desk.say(asked.actions[0].command)).key == "command.cancelled"
    assert refusal(await desk.say(asked.actions[0].command)) == "press_gone"


async def test_a_press_belongs_to_who_asked(desk: TestDesk) -> None:
    """Somebody else's finger does nothing, and does not use it up."""
    asked = await desk.say("/cancel all")
    assert refusal(await desk.say(asked.actions[0].command, person(Role.ADMIN, "other"))) == "press_gone"
    assert (await desk.say(asked.actions[0].command)).key == "command.cancelled"


async def test_a_press_expires(desk: TestDesk) -> None:
    """After five minutes what it would do may be something else."""
    asked = await desk.say("/cancel all")
    await desk.clock.advance(301)
    assert refusal(await desk.say(asked.actions[0].command)) == "press_gone"


async def test_cancel_takes_no_other_word(desk: TestDesk) -> None:
    """/cancel everything is not /cancel."""
    await desk.say("/buy 10 SBER")
    assert refusal(await desk.say("/cancel everything")) == "usage"
    assert len(desk.live()) == 1


async def test_why_tells_the_whole_life_from_any_of_its_ids(desk: TestDesk) -> None:
    """Alert, orders, steps and fills, by the id of the alert, an order or the position."""
    record = await desk.enter()
    [entry] = await desk.orders(OrderRole.ENTRY)
    by_alert = await desk.say(f"/why {record.id}")
    assert [line["id"] for line in lines(by_alert, "command.why_alert")] == [record.id]
    assert len(lines(by_alert, "command.why_order")) == 3
    assert [line["quantity"] for line in lines(by_alert, "command.why_fill")] == ["0.5"]
    by_order = await desk.say(f"/why {entry.id}")
    steps = [line["state"] for line in lines(by_order, "command.why_step")]
    assert (steps[:2], steps[-1]) == (["INTENDED", "SENT"], "FILLED")
    assert [line["id"] for line in lines(by_order, "command.why_alert")] == [record.id]
    by_position = await desk.say(f"/why {desk.position.position.id}")
    assert [line.key for line in by_position.lines] == [line.key for line in by_alert.lines]


async def test_why_knows_what_it_does_not_know(desk: TestDesk) -> None:
    """And an order by hand names the person."""
    assert refusal(await desk.say("/why nothing")) == "unknown_id"
    assert refusal(await desk.say("/why")) == "usage"
    await desk.say("/buy 10 SBER")
    [order] = desk.live()
    [line] = lines(await desk.say(f"/why {order.id}"), "command.why_order")
    assert line["because"] == f"person owner -> task {order.request.intent}"


async def test_positions_show_what_protects_them(desk: TestDesk) -> None:
    """Quantity, average, last, profit, stop, target, by whom."""
    assert (await desk.say("/positions")).key == "command.no_positions"
    await desk.enter()
    await desk.book("40500", "40501")
    [line] = lines(await desk.say("/positions"), "command.position")
    expected = {"quantity": "0.5", "average": "40000.5", "stop": "39800", "target": "41000", "by": "broker"}
    assert expected.items() <= line.items()
    assert (line["last"], line["profit"]) == ("40500.5", "250")


async def test_orders_shows_what_lives(desk: TestDesk) -> None:
    """With id, state and price."""
    assert (await desk.say("/orders")).key == "command.no_orders"
    await desk.say("/buy 10 SBER")
    [order] = desk.live()
    [line] = lines(await desk.say("/orders"), "command.order")
    assert (line["id"], line["state"], line["at"]) == (order.id, "OPEN", "299.99")


async def test_status_shows_money_and_halt(desk: TestDesk) -> None:
    """Equity and free money of each account, and why nothing trades."""
    await desk.enter(long=levels("39800"))
    answer = await desk.say("/status")
    assert (answer.params["state"], answer.params["positions"], answer.params["orders"]) == ("ACTIVE", "1", "1")
    [account] = lines(answer, "command.account")
    assert (account["equity"], account["free"]) == ("9999.75", "5999.75")
    await desk.say("/kill")
    assert (await desk.say("/status")).lines[-1].key == "command.halted"


async def test_health_is_true_or_false(desk: TestDesk) -> None:
    """As the old desk said it; /test is the same."""
    assert [texts.render((await desk.say(text)).key) for text in ("/health", "/test")] == ["True", "True"]


async def test_people_see_what_is_theirs(desk: TestDesk) -> None:
    """A word of the catalogue for every order state there is on the way."""
    await desk.say("/buy 10 SBER")
    [order] = desk.live()
    assert order.state is OrderState.OPEN
    answer = await desk.say("/orders")
    assert all(line.key in texts.catalogue("en") for line in answer.lines)


async def test_every_command_is_in_the_trail(desk: TestDesk) -> None:
    """Who, from where, and the text; also of /kill, which is done first."""
    await desk.say("/status")
    await desk.say("/kill")
    rows = [row.row for row in (await desk.engine.store.audit(100)).items if row.row.action == "command"]
    assert [(row.actor, row.surface, row.data["text"]) for row in reversed(rows)] == [
        ("owner", "test", "/status"), ("owner", "test", "/kill"),
    ]  # fmt: skip


async def test_only_the_desks_people_free_a_halt(desk: TestDesk) -> None:
    """One halt for all: anybody who trades may set it; its maker, too, asks the desk's people to free it."""
    stranger = person(Role.APPROVER)
    await desk.say("/kill")
    assert refusal(await desk.say("/arm", stranger)) == "not_yours"
    assert desk.engine.desk.safety.halt is not None
    assert (await desk.say("/arm")).key == "command.armed"
    await desk.say("/kill", stranger)
    assert refusal(await desk.say("/arm", stranger)) == "not_yours"
    assert (await desk.say("/arm", replace(stranger, works_for=OWNER.id))).key == "command.armed"


@pytest.mark.parametrize(("typed", "near"), [("/postions", "/positions, /stops, /help"), ("/xyzzy", "/help")])
async def test_a_slip_of_the_fingers_is_told_what_is_near(desk: TestDesk, typed: str, near: str) -> None:
    """And never does it."""
    answer = await desk.say(typed)
    assert (refusal(answer), answer.params["near"]) == ("unknown_command", near)
    assert desk.engine.desk.safety.halt is None


@pytest.mark.parametrize("command", ["/approve", "/reject", "/reason", "/edit"])
async def test_without_an_id_a_command_shows_its_own_usage(desk: TestDesk, command: str) -> None:
    """Not a neighbour's."""
    answer = await desk.say(command)
    assert answer.params["usage"].startswith(f"{command} <id>")
