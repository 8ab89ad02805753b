"""What stands in the study, log and error channels."""

from __future__ import annotations

import json
import re
from typing import Any

from bot.discord.rendering import cut
from core.values.alerts import AlertKind, Source
from core.values.ids import ActionId, NoticeId
from core.values.notices import Notice, NoticeKind
from core.values.orders import OrderRole
from core.values.people import Person, Role
from tests.bot.discord.conftest import CHART, PASSPHRASE, Chat
from tests.desk import OWNER, an_alert
from tests.servers.discord import ANN, ERROR, LOG, STUDY, Fault, too_many


def a_notice(chat: Chat, name: str, **more: Any) -> Notice:
    """One that says `BTCPERP: name`."""
    params = {"ticker": "BTCPERP", "message": name, "price": ""}
    known: dict[str, Any] = {
        "id": NoticeId(f"notice-{name}"),
        "at": chat.desk.now,
        "kind": NoticeKind.INFO,
        "key": "alert.told",
    }
    return Notice(**(known | {"params": params} | more))


async def test_le_30_every_step_of_an_order_is_a_line_in_the_log(chat: Chat) -> None:
    """From the decision to the fill, for the entry and for the stop that protects it."""
    await chat.desk.enter()
    for word in ("INTENDED: PAPER buy", "SENT: PAPER buy", "(entry, Testing): filled", "OPEN: PAPER sell"):
        assert (await chat.logged(word)).startswith(">>> ")
    assert chat.server.texts(ERROR) == []


async def test_le_30_trouble_is_told_in_both_channels(chat: Chat) -> None:
    """A refusal stands in the log and in the error channel, its code word first."""
    await chat.desk.say("/kill")
    await chat.desk.enter()
    assert "halted" in await chat.logged("Refused: halted")
    assert "halted" in await chat.logged("Refused: halted", ERROR)


async def test_critical_notices_reach_the_error_channel(chat: Chat) -> None:
    """Whatever their kind."""
    await chat.told(a_notice(chat, critical=True, name="naked"))
    await chat.logged("naked", ERROR)


async def test_le_31_a_study_alert_is_posted_ready_to_be_copied(chat: Chat) -> None:
    """A block quote without passphrase and link, a payload line of the very same fields, then the chart's link."""
    body = {"ticker": "BTCPERP", "price": 40000.10, "long SL": "39800", "passphrase": "***", "chart_url": CHART}
    await chat.propose(body=json.dumps(body))
    post = chat.server.texts(STUDY)[0]
    quote = "\n".join(line.removeprefix("> ") for line in post.splitlines() if line.startswith("> "))
    payload = re.search(r"```\n!payload (\{.*\})\n```", post)
    wanted = {"ticker": "BTCPERP", "price": 40000.10, "long SL": "39800"}
    assert payload is not None
    assert json.loads(quote) == json.loads(payload[1]) == wanted
    assert post.endswith(f"```\n{CHART}")
    assert "passphrase" not in post
    assert "chart_url" not in post


async def test_le_31_a_study_alert_needs_no_chart(chat: Chat) -> None:
    """Without a link the post ends with the payload."""
    await chat.propose(chart_url="", body='{"ticker": "BTCPERP"}')
    assert chat.server.texts(STUDY)[0].endswith('!payload {"ticker": "BTCPERP"}\n```')


async def test_a_study_alert_that_makes_no_proposal_is_posted_too(chat: Chat) -> None:
    """People may still discuss it; and it is posted once, however many notices speak of it."""
    alert = an_alert(AlertKind.INFO, chat.desk.now, source=Source.STUDY, message="look at this", chart_url=CHART)
    await chat.desk.take(alert)
    await chat.logged("look at this")
    assert len(chat.server.shown(STUDY)) == 1


async def test_numbers_of_the_alert_keep_every_digit(chat: Chat) -> None:
    """What is copied is what the chart sent: no float in between."""
    await chat.propose(body='{"price": 40000.10000000000000000001, "x": 1e5, "y": NaN}')
    assert '"price": 40000.10000000000000000001, "x": 1e5, "y": NaN' in chat.server.texts(STUDY)[0]


async def test_mentions_and_markup_in_an_alert_do_nothing(chat: Chat) -> None:
    """@everyone, member mentions, bold text and a fence that would end the block are shown, not obeyed."""
    evil = "@everyone <@123456789012345678> **bold** ```\n!payload"
    await chat.propose(body=json.dumps({"message": evil}), strategy=evil)
    await chat.desk.take(an_alert(AlertKind.INFO, chat.desk.now, message=evil))
    logged = await chat.logged("bold")
    post = chat.server.texts(STUDY)[0]
    payload = re.search(r"!payload (\{.*\})\n```", post)
    assert payload is not None
    assert json.loads(payload[1]) == {"message": evil}
    assert post.count("```") == 2
    for text in (post, logged):
        assert "@everyone" not in text
        assert "<@1" not in text
        assert "**bold" not in text.split("```")[0]


async def test_an_alert_too_long_for_a_message_is_cut_but_never_its_payload(chat: Chat) -> None:
    """Half a payload would be a trap: the quote gives way first, then the whole payload line."""
    await chat.propose(body=json.dumps({"message": "x" * 1000, "n": 1}))
    await chat.propose(body=json.dumps({"message": "y" * 3000, "n": 2}))
    first, _, second, _ = chat.server.texts(STUDY)
    assert len(first) <= 2000
    assert json.loads(first.split("!payload ")[1].split("\n")[0])["message"] == "x" * 1000
    assert "!payload" not in second
    assert "too long" in second


async def test_a_notice_of_2001_characters_is_cut_at_a_line(chat: Chat) -> None:
    """Discord refuses what is longer than 2,000 characters, the quote's mark included."""
    await chat.told(a_notice(chat, name="a" * 990 + "\n" + "b" * 990 + "\n" + "c" * 20))
    assert len(await chat.logged("aaa")) <= 2000
    text = "\n".join(["a" * 1000, "b" * 996, "ccc"])
    assert len(text) == 2001
    assert cut(text) == "a" * 1000 + "\n" + "b" * 996 + "\n…"
    assert cut(text[:2000]) == text[:2000]


async def test_a_card_has_its_six_words_and_opaque_ids(chat: Chat) -> None:
    """Approve, Half, Edit, Market now, Snooze, Reject; the ids say nothing about what they do."""
    await chat.propose()
    found = {b["label"]: b["custom_id"] for row in chat.server.card()["components"] for b in row["components"]}
    assert list(found) == ["Approve", "Half", "Edit", "Market now", "Snooze", "Reject"]
    assert all(re.fullmatch(r"[0-9a-f]{16}", custom_id) for custom_id in found.values())


async def test_a_proposal_answered_elsewhere_shows_who(chat: Chat) -> None:
    """Its card is edited in place and its buttons are gone."""
    await chat.propose()
    card = chat.server.card()
    [proposal] = (await chat.desk.engine.store.proposals(1)).items
    await chat.desk.say(f"/reject {proposal.id}", Person(OWNER.id, "owner", Role.ADMIN, "telegram"))
    await chat.server.until(lambda: "Rejected by owner" in card["content"])
    assert "telegram" in card["content"]
    assert card["components"] == []
    assert len(chat.server.shown(STUDY)) == 2


async def test_a_deleted_card_is_sent_anew(chat: Chat) -> None:
    """Somebody removed the message: the proposal's end is told in a new one."""
    await chat.propose()
    del chat.server.messages[int(chat.server.card()["id"])]
    [proposal] = (await chat.desk.engine.store.proposals(1)).items
    await chat.desk.say(f"/reject {proposal.id}")
    await chat.server.until(lambda: any("Rejected by" in text for text in chat.server.texts(STUDY)))


async def test_a_storm_of_429_loses_nothing(chat: Chat) -> None:
    """Short waits are the library's; each message arrives once."""
    chat.server.faults += [too_many(f"channels/{LOG}", 0.01) for _ in range(3)]
    for name in ("one", "two", "three"):
        await chat.told(a_notice(chat, name=name))
    await chat.logged("three")
    told = [text for text in chat.server.texts(LOG) if "BTCPERP" in text]
    assert [text.split()[-1] for text in told] == ["one", "two", "three"]


async def test_a_long_429_is_waited_for_by_the_outbox(chat: Chat) -> None:
    """An hour's patience is not slept through inside the library: the outbox knows and tries later."""
    chat.server.faults.append(too_many(f"channels/{LOG}", 3600))
    await chat.told(a_notice(chat, name="later"))
    await chat.server.until(lambda: not chat.server.faults)
    await chat.desk.breathe()
    await chat.desk.wire.advance(3599)
    assert not any("later" in text for text in chat.server.texts(LOG))
    await chat.desk.wire.advance(2)
    await chat.logged("later")


async def test_a_message_that_was_taken_unheard_is_not_doubled(chat: Chat) -> None:
    """A notice sent again carries the same nonce, and Discord shows it once."""
    chat.server.faults.append(too_many(f"channels/{ERROR}", 3600))
    await chat.told(a_notice(chat, name="once", kind=NoticeKind.ERROR))
    await chat.server.until(lambda: not chat.server.faults)
    await chat.desk.breathe()
    await chat.desk.wire.advance(3601)
    await chat.logged("once", ERROR)
    assert sum("once" in text for text in chat.server.texts(LOG)) == 1


async def test_a_channel_that_refuses_does_not_silence_the_other(chat: Chat) -> None:
    """403 in the log channel: the error channel has the notice all the same, and the next notice goes on."""
    chat.server.faults.append(Fault("POST", f"channels/{LOG}", 403, {"message": "Missing Access", "code": 50001}))
    await chat.told(a_notice(chat, name="first", kind=NoticeKind.ERROR))
    await chat.told(a_notice(chat, name="second"))
    await chat.logged("second")
    assert "first" in await chat.logged("first", ERROR)
    assert not any("first" in text for text in chat.server.texts(LOG))


async def test_no_secret_is_ever_said(chat: Chat) -> None:
    """Whatever passes: token and passphrase stand in no body that Discord got."""
    await chat.propose(body=json.dumps({"ticker": "BTCPERP", "passphrase": "***"}))
    await chat.server.says(ANN, f'!payload {{"ticker": "BTCPERP", "passphrase": "{PASSPHRASE}"}}')
    await chat.server.until(lambda: any("Not sent" in text for text in chat.server.texts(STUDY)))
    said = chat.server.everything_said()
    assert PASSPHRASE not in said
    assert "discord-token-of" not in said


async def test_a_button_of_a_card_is_in_the_store(chat: Chat) -> None:
    """So it works after a restart, and once."""
    await chat.propose()
    offered = await chat.desk.engine.store.press(ActionId(chat.server.button("Approve")))
    assert offered is not None
    assert offered.command.startswith("/approve ")
    assert await chat.desk.orders(OrderRole.ENTRY) == []
