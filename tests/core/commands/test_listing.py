"""Lists, figures and instruments, as people edit them from chat."""

from __future__ import annotations

from asyncio import create_task
from dataclasses import replace
from decimal import Decimal

import pytest

from core.values.notices import Notice
from core.values.people import Role
from tests.desk import OWNER, TESTING, TestDesk, person


def code(notice: Notice) -> str:
    return notice.params.get("code", "")


async def lists(desk: TestDesk) -> dict[str, str]:
    return {line.params["ticker"]: line.params["marks"] for line in (await desk.say("/stops list")).lines}


async def test_tm_72_lists_are_edited_from_chat(desk: TestDesk) -> None:
    """Put on, taken off, several at once, in any case of letters; all of it is in the trail."""
    await desk.say("/stops white sber GAZP")
    await desk.say("/STOPS Black Long SBER")
    await desk.say("/stops black short GAZP")
    assert await lists(desk) == {"GAZP": "white, black short", "SBER": "white, black long"}
    await desk.say("/stops unblack short gazp")
    await desk.say("/stops unwhite SBER")
    assert await lists(desk) == {"GAZP": "white", "SBER": "black long"}
    await desk.say("/stops remove SBER GAZP")
    assert await lists(desk) == {}
    trail = [row.row.action for row in (await desk.engine.store.audit(100)).items]
    assert (trail.count("list.changed"), trail.count("list.removed")) == (6, 2)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("/stops white", "usage"),
        ("/stops black SBER", "usage"),
        ("/stops nothing SBER", "usage"),
        ("/stops set long", "usage"),
        ("/shorts list", "usage"),
        ("/stops white SBER NOPE", "unknown_ticker"),
        ("/stops remove SBER", "not_listed"),
        ("/stops", "nothing_listed"),
        ("/shorts", "nothing_listed"),
        ("/stops set long 0", "bad_change"),
        ("/stops set long 15 x", "bad_change"),
        ("/stops set sum 1 2", "bad_change"),
        ("/stops set colour 1", "bad_change"),
        ("/restore usual some", "usage"),
    ],
)
async def test_what_cannot_be_done_is_refused_by_its_word(desk: TestDesk, text: str, word: str) -> None:
    """And changes nothing, also where half of it could be done."""
    assert code(await desk.say(text)) in {word, "nothing_stashed" if word == "usage" and "restore" in text else word}
    assert await lists(desk) == {}


async def test_figures_are_set_from_chat(desk: TestDesk) -> None:
    """The settings' until then; the next command goes by them."""
    before = (await desk.say("/stops set")).params
    assert (before["long_levels"], before["stop_sum"]) == ("15 20 25", "300000")
    await desk.say("/stops set long 10 12.5")
    await desk.say("/stops set sum 100000.50")
    now = (await desk.say("/stops set")).params
    assert (now["long_levels"], now["stop_sum"], now["short_levels"]) == ("10 12.5", "100000.5", "20 25 30")


async def test_a_ticker_that_could_mean_several_is_asked_about(desk: TestDesk) -> None:
    """A second board's is called TICKER_BOARD: the answer names both, and either can be written."""
    directory = desk.engine.desk.directory
    sber = directory.instrument(TESTING, "SBER")
    account = desk.engine.desk.venues[TESTING].account
    directory.put(account, [*directory.instruments(TESTING), replace(sber, ticker="SBER_SPB", exchange="SPB")])
    for text in ("/stops white SBER", "/nuke SBER 100000", "/buy 10 SBER", "/queue add SBER 10 buy"):
        answer = await desk.say(text)
        assert (code(answer), answer.lines[0].params["choices"]) == ("which_ticker", "MOEX:SBER, SBER_SPB")
    assert await desk.orders() == []
    assert (await desk.say("/stops white MOEX:SBER SBER_SPB")).params["count"] == "2"


async def test_tm_69_nomorning_clears_the_morning_of_every_row(desk: TestDesk) -> None:
    """Or of one; it can be had back."""
    await desk.say("/stops white SBER GAZP")
    assert (await desk.say("/stops nomorning")).params["count"] == "2"
    assert set((await lists(desk)).values()) == {"white, no morning"}
    await desk.say("/stops morning SBER")
    assert await lists(desk) == {"GAZP": "white, no morning", "SBER": "white"}


async def test_lists_are_a_persons_own(desk: TestDesk) -> None:
    """A viewer has no say, another trader has other lists."""
    await desk.say("/stops white SBER")
    assert code(await desk.say("/stops list", by=person(Role.VIEWER))) == "not_allowed"
    assert (await desk.say("/stops list", by=person(Role.TRADER))).lines == ()


async def test_tm_72_a_margin_check_stands_before_a_job(desk: TestDesk) -> None:
    """With what is needed and what there is; no task begins."""
    answer = await desk.say("/buy 1000000 SBER")
    assert code(answer) == "buying_power"
    assert answer.lines[0].params == {"needed": "299990000", "power": "50000"}
    assert desk.engine.supervisor.unfinished() == []


async def test_tm_72_reload_reads_the_instruments_anew(desk: TestDesk) -> None:
    """What the broker lists is known afterwards, and what it dropped is named."""
    directory = desk.engine.desk.directory
    account = desk.engine.desk.venues[TESTING].account
    sber = directory.instrument(TESTING, "SBER")
    directory.put(account, [sber, replace(sber, ticker="GONE")])
    answer = await desk.say("/reload")
    assert (answer.params["gone"], answer.params["count"]) == ("GONE", "6")


async def test_tm_68_a_reload_leaves_lists_alone(desk: TestDesk) -> None:
    """A ticker that is listed no more is left out by name until it is back; its row survives (W-13)."""
    await desk.book_of("SBER", "200", "200")
    await desk.say("/stops white SBER GAZP")
    directory = desk.engine.desk.directory
    account = desk.engine.desk.venues[TESTING].account
    directory.put(account, [directory.instrument(TESTING, "SBER")])
    assert await lists(desk) == {"GAZP": "white", "SBER": "white"}
    [left] = [line for line in (await desk.say("/stops")).lines if line.key == "command.trap_skipped"]
    assert (left.params["ticker"], left.params["reason"]) == ("GAZP", "unknown_ticker")
    await desk.say("/reload")
    assert (await lists(desk), directory.instrument(TESTING, "GAZP").lot) == (
        {"GAZP": "white", "SBER": "white"}, Decimal(10),
    )  # fmt: skip
    assert (await desk.engine.office.lists.row(OWNER, "GAZP")) is not None


async def test_tm_62_health_says_true(desk: TestDesk) -> None:
    """/test is the same."""
    assert [(await desk.say(text)).key for text in ("/health", "/test")] == ["command.healthy"] * 2


async def test_tm_06_a_second_set_of_a_title_is_refused(desk: TestDesk) -> None:
    """While the first waits for the broker."""
    await desk.book_of("SBER", "200", "200")
    asked = [await desk.say("/nuke SBER 100000") for _ in range(2)]
    desk.broker().script("too_many_requests", count=3, retry_after=30)
    pressing = create_task(desk.say(asked[0].actions[0].command))
    await desk.wait(1)
    assert code(await desk.say(asked[1].actions[0].command)) == "already_running"
    await desk.wait(100)
    await pressing
