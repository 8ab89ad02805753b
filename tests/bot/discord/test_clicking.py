"""Buttons, the edit form and slash commands."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.values.ids import ActionId
from core.values.money import plain
from core.values.orders import OrderRole
from core.values.proposals import Proposal, ProposalState
from tests.bot.discord.conftest import Chat, running
from tests.desk import TestDesk, opened
from tests.servers.discord import ANN, APPROVERS, BOSS, ELSEWHERE, EVE, LOG, STUDY, TOM, DiscordServer, User


async def the_proposal(chat: Chat) -> Proposal:
    [proposal] = (await chat.desk.engine.store.proposals(10)).items
    return proposal


async def test_an_approver_approves_with_one_click(chat: Chat) -> None:
    """The order fills, the card says who it was, the clicker is told alone."""
    await chat.propose()
    answer = await chat.server.answer(await chat.server.click(ANN, chat.server.button("Approve")))
    await chat.desk.settle()
    assert (await the_proposal(chat)).state is ProposalState.APPROVED
    assert await chat.desk.holds() == {"BTCPERP": Decimal("0.5")}
    assert answer.ephemeral
    await chat.server.until(lambda: "Approved by discord:11" in chat.server.card()["content"])


async def test_half_is_half_the_pieces(chat: Chat) -> None:
    """One click."""
    await chat.propose()
    await chat.server.answer(await chat.server.click(ANN, chat.server.button("Half")))
    await chat.desk.settle()
    assert await chat.desk.holds() == {"BTCPERP": Decimal("0.25")}


async def test_reject_is_one_click_and_the_reason_another(chat: Chat) -> None:
    """Rejected at once; the usual reasons are offered, and a form for one's own words."""
    await chat.propose()
    card = chat.server.card()
    asked = await chat.server.answer(await chat.server.click(ANN, chat.server.button("Reject")))
    assert (await the_proposal(chat)).state is ProposalState.REJECTED
    offered = {button["label"]: button["custom_id"] for row in asked.components for button in row["components"]}
    assert list(offered) == ["Bad price", "Too late", "Too large", "Not my plan", "Other…"]
    other = offered["Other…"]
    form = await chat.server.answer(await chat.server.click(ANN, other, message=int(card["id"])))
    assert [c["custom_id"] for row in form.modal["components"] for c in row["components"]] == ["reason"]
    await chat.server.answer(await chat.server.submit(ANN, other, {"reason": "the @news are bad"}))
    await chat.server.until(lambda: "the news are bad" in card["content"])
    assert await chat.desk.orders() == []


async def test_a_price_that_moved_is_asked_about_by_a_button(chat: Chat) -> None:
    """The click is answered with both prices and a button of its own, which approves."""
    await chat.propose()
    await chat.desk.book("40399.5", "40400")
    asked = await chat.server.answer(await chat.server.click(ANN, chat.server.button("Approve")))
    assert "moved by 1 %, from 40000" in asked.texts[0]
    [[confirm]] = [row["components"] for row in asked.components]
    message = int(chat.server.card()["id"])
    await chat.server.answer(await chat.server.click(ANN, confirm["custom_id"], message=message))
    assert (await the_proposal(chat)).state is ProposalState.APPROVED


async def test_a_hundred_clicks_at_once_are_one_order(chat: Chat) -> None:
    """The store's one-time press decides; everybody is answered."""
    await chat.propose()
    button = chat.server.button("Approve")
    clicks = await asyncio.gather(*(chat.server.click(User(100 + n, (APPROVERS,)), button) for n in range(100)))
    answers = [await chat.server.answer(number) for number in clicks]
    await chat.desk.settle()
    assert len(await chat.desk.orders(OrderRole.ENTRY)) == 1
    assert sum("press_gone" in answer.texts[0] or "answered" in answer.texts[0] for answer in answers) >= 99


async def test_approve_and_reject_at_once_are_one_answer(chat: Chat) -> None:
    """Two buttons of one card: the first wins, the other is told so."""
    await chat.propose()
    buttons = [chat.server.button("Approve"), chat.server.button("Reject")]
    clicks = [await chat.server.click(ANN, button) for button in buttons]
    answers = [(await chat.server.answer(number)).texts[0] for number in clicks]
    assert sum(text.startswith(("Approved:", "Rejected:")) for text in answers) == 1
    assert sum("Refused: answered" in text for text in answers) == 1


@pytest.mark.parametrize(
    ("user", "channel", "guild"),
    [
        (EVE, STUDY, 1000),
        (ANN, ELSEWHERE, 1000),
        (ANN, LOG, 1000),
        (ANN, STUDY, 999),
        (User(11, (), bot=True), STUDY, 1000),
    ],
    ids=["stranger", "other channel", "log channel", "other guild", "bot"],
)
async def test_strangers_and_other_places_get_an_ephemeral_no(chat: Chat, user: User, channel: int, guild: int) -> None:
    """Nothing happens, and nobody else sees it."""
    await chat.propose()
    data = {"custom_id": chat.server.button("Approve"), "component_type": 2}
    pressed = await chat.server.answer(await chat.server.interact(user, 3, data, channel, guild))
    typed = await chat.server.answer(
        await chat.server.interact(user, 2, {"id": "1", "name": "kill", "type": 1}, channel, guild)
    )
    for answer in (pressed, typed):
        assert answer.ephemeral
        assert answer.texts == ["This desk does not take orders from you here."]
    assert (await the_proposal(chat)).state is ProposalState.OPEN
    assert chat.desk.engine.desk.safety.halt is None


async def test_a_trader_may_not_approve_and_leaves_the_button(chat: Chat) -> None:
    """Core says no by the role; the approver's click still works."""
    await chat.propose()
    button = chat.server.button("Approve")
    refused = await chat.server.answer(await chat.server.click(TOM, button))
    assert "Refused: not" in refused.texts[0]
    await chat.server.answer(await chat.server.click(ANN, button))
    assert (await the_proposal(chat)).state is ProposalState.APPROVED


async def test_an_approver_who_lost_the_role_between_two_clicks_is_a_stranger(chat: Chat) -> None:
    """The roles of this click count, not those of the last."""
    await chat.propose()
    first = await chat.server.answer(await chat.server.slash(ANN, "proposals"))
    assert first.texts[0].startswith("Proposals: 1")
    answer = await chat.server.answer(await chat.server.click(User(ANN.id, ()), chat.server.button("Approve")))
    assert answer.ephemeral
    assert (await the_proposal(chat)).state is ProposalState.OPEN


@pytest.mark.parametrize("custom_id", ["deadbeefdeadbeef", "/approve 1", "x" * 100])
async def test_a_forged_button_is_nobodys(chat: Chat, custom_id: str) -> None:
    """An id that the store does not know does nothing."""
    await chat.propose()
    message = int(chat.server.card()["id"])
    answer = await chat.server.answer(await chat.server.click(ANN, custom_id, message=message))
    assert "press" in answer.texts[0]
    assert await chat.desk.orders() == []


async def test_a_stale_button_is_refused(chat: Chat) -> None:
    """Once used, an id is worth nothing, also long after."""
    await chat.propose()
    button = chat.server.button("Half")
    message = int(chat.server.card()["id"])
    await chat.server.answer(await chat.server.click(ANN, button))
    answer = await chat.server.answer(await chat.server.click(ANN, button, message=message))
    assert "press" in answer.texts[0]


async def test_a_click_replayed_by_a_resumed_gateway_runs_once(chat: Chat) -> None:
    """The connection is cut behind a slash command; on return Discord tells its last events again."""
    number = await chat.server.slash(BOSS, "buy", ticker="BTCPERP", amount=1.0)
    await chat.server.answer(number)
    await chat.server.cut(rewind=3)
    await chat.server.until(lambda: chat.server.resumes and chat.server.connected)
    await chat.server.answer(await chat.server.slash(TOM, "status"))
    assert len(await chat.desk.orders(OrderRole.TASK)) == 1
    assert len(chat.server.answers[number].texts) == 1


async def test_buttons_work_after_a_restart(chat: Chat, desk: TestDesk, server: DiscordServer) -> None:
    """Another process, another log-in: the button in the old message still answers."""
    await chat.propose()
    button = server.button("Approve")
    chat.task.cancel()
    await server.until(lambda: not server.connected)
    async with running(desk, server):
        await server.answer(await server.click(ANN, button))
    assert (await the_proposal(chat)).state is ProposalState.APPROVED


# the edit form


async def test_the_edit_form_shows_what_is_proposed(chat: Chat) -> None:
    """Quantity, price, type, stop and target, filled in."""
    await chat.propose()
    answer = await chat.server.answer(await chat.server.click(ANN, chat.server.button("Edit")))
    fields = {c["custom_id"]: c.get("value", "") for row in answer.modal["components"] for c in row["components"]}
    assert fields == {"quantity": "0.5", "price": "40000", "type": "market", "stop": "39800", "target": "41000"}


async def test_an_edit_makes_version_2_and_the_old_buttons_are_old(chat: Chat) -> None:
    """The card gets new buttons in place; who presses an old one is told that it changed."""
    await chat.propose()
    edit, old = chat.server.button("Edit"), chat.server.button("Approve")
    message = int(chat.server.card()["id"])
    await chat.server.answer(await chat.server.click(ANN, edit))
    fields = {"quantity": "0.3", "price": "40000", "type": "limit", "stop": "39800", "target": ""}
    await chat.server.answer(await chat.server.submit(ANN, edit, fields))
    proposal = await the_proposal(chat)
    assert (proposal.version, plain(proposal.quantity), proposal.type.value) == (2, "0.3", "limit")
    assert proposal.targets == ()
    await chat.server.until(lambda: chat.server.button("Approve") != old)
    for button in (old, edit):
        refused = await chat.server.answer(await chat.server.click(ANN, button, message=message))
        assert "Refused: old" in refused.texts[0]
    again = await chat.server.answer(await chat.server.submit(ANN, edit, fields | {"quantity": "0.2"}))
    assert "Refused: old" in again.texts[0]
    await chat.server.answer(await chat.server.click(ANN, chat.server.button("Approve")))
    assert (await the_proposal(chat)).state is ProposalState.APPROVED


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"quantity": "much"}, "bad"),
        ({"stop": "41000"}, "bad"),
        ({"quantity": "1 2 3", "price": "1 version=9"}, "bad"),
        ({}, "usage"),
    ],
)
async def test_an_edit_that_will_not_do_is_refused(chat: Chat, fields: dict[str, str], word: str) -> None:
    """Nonsense, a stop on the wrong side, words smuggled into a field, nothing changed."""
    await chat.propose()
    edit = chat.server.button("Edit")
    answer = await chat.server.answer(await chat.server.submit(ANN, edit, fields))
    assert f"Refused: {word}" in answer.texts[0]
    assert (await the_proposal(chat)).version == 1


async def test_only_an_approver_sees_or_sends_the_form(chat: Chat) -> None:
    """A trader gets a no for the button, and for a form sent without one."""
    await chat.propose()
    edit = chat.server.button("Edit")
    pressed = await chat.server.answer(await chat.server.click(TOM, edit))
    sent = await chat.server.answer(await chat.server.submit(TOM, edit, {"quantity": "5"}))
    assert not pressed.modal
    assert "Refused: not" in sent.texts[0]
    assert (await the_proposal(chat)).version == 1


async def test_a_form_cannot_press_a_button(chat: Chat) -> None:
    """A forged form that carries the id of Approve approves nothing."""
    await chat.propose()
    approve = chat.server.button("Approve")
    await chat.server.answer(await chat.server.submit(ANN, approve, {"quantity": "5"}))
    assert (await the_proposal(chat)).state is ProposalState.OPEN


# slash commands


async def test_slash_commands_are_the_one_table(chat: Chat) -> None:
    """Every command that is not hidden, with typed options, needed ones first."""
    offered = {command["name"]: command for command in chat.server.commands}
    assert set(offered) == {c.name for c in chat.desk.console.commands if not c.hidden}
    options = [(option["name"], option["type"], option["required"]) for option in offered["buy"]["options"]]
    assert options == [("ticker", 3, True), ("amount", 10, False), ("sum", 10, False), ("account", 3, False)]
    assert all(0 < len(command["description"]) <= 100 for command in offered.values())


async def test_a_slash_command_is_deferred_at_once_and_then_answered(chat: Chat) -> None:
    """Discord waits three seconds for the first word, a desk may take longer."""
    answer = await chat.server.answer(await chat.server.slash(ANN, "status"))
    assert answer.type == 5
    assert answer.texts[0].startswith("ACTIVE")


@pytest.mark.parametrize("options", [{"ticker": "SBER", "amount": 20.0}, {"ticker": "SBER", "sum": 6000}])
async def test_amount_and_sum_are_not_mixed_up(chat: Chat, options: dict[str, Any]) -> None:
    """Named options become the words in the order that the command reads: `20 SBER`, but `SBER 6000`."""
    answer = await chat.server.answer(await chat.server.slash(BOSS, "buy", **options))
    [order] = await chat.desk.orders(OrderRole.TASK)
    assert "PAPER buy" in answer.texts[0]
    if "amount" in options:
        assert order.request.quantity == 20
    else:
        assert 0 < order.request.quantity * (order.request.price or 0) <= 6000


async def test_a_confirmation_turns_into_its_result(chat: Chat) -> None:
    """/cancel all asks for one press; the press is its owner's alone, and its message then tells what was done."""
    asked = await chat.server.answer(await chat.server.slash(TOM, "cancel", all="all"))
    [[confirm]] = [row["components"] for row in asked.components]
    await chat.server.says(EVE, "a message to click on")
    offered = await chat.desk.engine.store.press(ActionId(confirm["custom_id"]))
    assert offered is not None
    message = int(next(iter(chat.server.messages)))
    other = await chat.server.answer(await chat.server.click(ANN, confirm["custom_id"], message=message))
    assert "Refused: press" in other.texts[0]
    assert other.ephemeral
    done = await chat.server.answer(await chat.server.click(TOM, confirm["custom_id"], message=message))
    assert done.type == 6
    assert done.texts[0].startswith("Cancelled")
    assert done.components == []


async def test_a_long_answer_is_split_between_lines(tmp_path: Path, server: DiscordServer) -> None:
    """Each piece fits Discord's 2,000 characters, and no line is lost."""
    accounts = [{"name": f"A{number}", "broker": "paper"} for number in range(30)]
    async with opened(tmp_path, more_accounts=accounts) as desk, running(desk, server):
        for account in accounts:
            await desk.say(f"/buy 10 SBER @{account['name']}")
        number = await server.slash(BOSS, "orders")
        await server.until(lambda: "\n".join(server.answers[number].texts).count("SBER") == 30)
    assert len(server.answers[number].texts) > 1
    assert all(len(piece) <= 2000 for piece in server.answers[number].texts)


async def test_a_link_is_composed_by_slash_commands(chat: Chat) -> None:
    """Seen by who asked alone: at the end it tells a secret."""
    asked = await chat.server.answer(await chat.server.slash(BOSS, "links", what="new"))
    assert asked.ephemeral
    answers = ("Trend", "Testing", "Super Trend", "0.5", "2 %", "none", "none", "paper")
    for text in answers:
        told = await chat.server.answer(await chat.server.slash(BOSS, "answer", text=text))
        assert told.ephemeral
    assert "/hook/" in told.texts[0]
