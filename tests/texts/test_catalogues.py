"""Every language says the same things, with the same figures."""

from __future__ import annotations

import re
import string
from collections import Counter
from enum import Enum
from pathlib import Path

import pytest

import texts
from core.services.users import LANGUAGES
from core.values.alerts import AlertKind, AlertStatus
from core.values.notices import NoticeKind
from core.values.orders import OrderRole, OrderState, OrderType, ProtectionClass, Side
from core.values.proposals import ProposalState
from core.values.tasks import TaskState

ENGLISH = texts.catalogue("en")
RUSSIAN = texts.catalogue("ru")
ENTRIES = {key: said for key, said in RUSSIAN.items() if not key.startswith("value.")}
ALIKE = {
    "alert.told",  # figures and other people's words alone
    "command.healthy",  # True and False, which programs read
    "command.list_row",
    "command.noise_word",  # as it is typed
    "command.speaks_en",  # the answer to a choice of language, in that language
    "command.speaks_ru",
    "command.unhealthy",
    "discord.thread",
    "noise.counted",
    "outbox.missed_kind",
    "page.alerts.reason",  # a reason alone
    "page.api",
    "page.people.language_en",  # languages, each in its own
    "page.people.language_ru",
    "page.routes_title",
}
WORDS: list[tuple[str, type[Enum]]] = [
    ("kind", AlertKind),
    ("kind", NoticeKind),
    ("protection", ProtectionClass),
    ("role", OrderRole),
    ("side", Side),
    ("state", OrderState),
    ("state", ProposalState),
    ("state", TaskState),
    ("status", AlertStatus),
    ("type", OrderType),
]
ROOMS = ("bot", "brokers", "charts", "core", "dashboard", "openoutcry", "webhook_receiver")
KEY = re.compile(r"(?:\brender\(|\bLine\(|\bkey=|\bkey = )\s*\"([a-z_]+\.[a-z_]+)\"")
ON_PAGES = re.compile(r"\bt\([\"']([a-z_.]+)[\"'][,)]")


def placeholders(template: str) -> Counter[str]:
    return Counter(name for _, name, _, _ in string.Formatter().parse(template) if name is not None)


def used() -> set[str]:
    """Keys that the source renders as whole texts, and those of the pages."""
    root = Path(texts.__file__).parents[1]
    found: set[str] = set()
    for path in (path for room in ROOMS for path in (root / room).rglob("*.py")):
        found |= set(KEY.findall(path.read_text(encoding="utf-8")))
    for path in (root / "dashboard/templates").rglob("*.html"):
        found |= {f"page.{name}" for name in ON_PAGES.findall(path.read_text(encoding="utf-8"))}
    return found


def test_both_languages_have_the_same_keys() -> None:
    """Nothing is left to the fallback, and nothing is said that English does not say."""
    assert ENTRIES.keys() == ENGLISH.keys()


@pytest.mark.parametrize("key", sorted(ENGLISH))
def test_an_entry_carries_the_same_placeholders(key: str) -> None:
    """No figure is lost in translation, or asked for that nobody gives."""
    assert placeholders(RUSSIAN[key]) == placeholders(ENGLISH[key])


def test_what_is_alike_in_both_languages_is_meant_to_be() -> None:
    """Everything but names and bare figures is translated."""
    assert {key for key in ENTRIES if ENTRIES[key] == ENGLISH.get(key)} == ALIKE & ENTRIES.keys()


def test_every_key_in_the_source_has_its_words_in_both_languages() -> None:
    """Rooms beside core, too; tests/core/test_words.py reads core's own calls."""
    asked = used()
    assert {"telegram.late", "discord.pong", "page.kill"} <= asked
    assert asked - ENGLISH.keys() == set()
    assert asked - RUSSIAN.keys() == set()


@pytest.mark.parametrize("word", ["Approve", "Half", "Edit", "Reject"])
def test_a_proposals_button_holds_its_english_word(word: str) -> None:
    """Programs and people of both languages find it."""
    assert word in texts.render(f"action.{word.lower()}", {}, "ru")


def test_what_the_desk_writes_into_a_sentence_is_said_in_its_language() -> None:
    """side, role and type are words of the language, too; names and figures stay."""
    params = {"mode": "PAPER", "side": "buy", "filled": "20", "ticker": "SBER", "average": "250.5", "role": "entry"}
    said = texts.render("order.filled", {**params, "account": "Testing"}, "ru")
    assert said == "УЧЕБНАЯ покупка 20 SBER по 250.5 (вход, Testing): исполнена."


def test_each_part_of_a_list_is_said_in_its_language() -> None:
    """Lists are joined by commas; a part that nobody translated stays."""
    said = texts.render("command.list_row", {"ticker": "SBER", "marks": "white, black short, new"}, "ru")
    assert said == "SBER: белый список, чёрный на продажу, new"


@pytest.mark.parametrize(("name", "words"), WORDS, ids=[f"{name}-{words.__name__}" for name, words in WORDS])
def test_every_word_of_the_desk_has_a_russian_one(name: str, words: type[Enum]) -> None:
    """Whatever stands in rows and sentences."""
    assert {f"value.{name}.{word.value}" for word in words} <= RUSSIAN.keys()


def test_a_value_means_what_its_name_says() -> None:
    """A stop that is an account's name is no stop-loss order."""
    assert texts.render("refused.unknown_account", {"account": "stop"}, "ru") == "Счёта stop здесь нет."


def test_of_what_a_task_waits_for_the_first_word_is_said() -> None:
    """The figure behind it stays."""
    params = {"title": "t", "account": "A", "state": "RUNNING", "done": "0", "asked": "9", "id": "1"}
    said = texts.render("command.task", {**params, "waits_for": "fill 250.5"}, "ru")
    assert said == "t (A): в работе, 0 из 9, ожидание: исполнение по 250.5, задача 1"


def test_a_reason_keeps_its_code_in_every_language() -> None:
    """The code word behind it is the same."""
    params = {"mode": "PAPER", "side": "sell", "quantity": "1", "ticker": "X", "role": "exit", "account": "A"}
    said = texts.render("order.rejected", {**params, "reason": "broker_busy"}, "ru")
    assert said.endswith("отклонена. Брокер не принял заявку после нескольких попыток (broker_busy)")


def test_an_unknown_language_speaks_english() -> None:
    """Better a foreign word than none."""
    assert texts.render("command.no_orders", {}, "tlh") == ENGLISH["command.no_orders"]


def test_a_key_without_words_shows_itself_and_what_it_carries() -> None:
    """A message must never be lost to a typo."""
    assert texts.render("no.such", {"side": "buy"}, "ru") == "no.such side=покупка"


def test_people_may_choose_every_language_there_is_and_no_other() -> None:
    """A catalogue for each."""
    assert {path.stem for path in Path(texts.__file__).parent.glob("*.toml")} == set(LANGUAGES)
