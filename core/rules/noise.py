"""How loud a notice is for one person: on, silent or off by event, and quiet hours. Pure.

What a person chose is words by name, as they are typed, sent and kept: an event -> a level, `quiet` -> `23:00-07:00` or
`off`, `digest` -> `on` or `off`, `first` -> the chat that tells somebody whom two reach. Levels are freqtrade's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from enum import StrEnum

from core.values.notices import Notice, NoticeKind
from core.values.orders import OrderRole

Words = Mapping[str, str]


class Level(StrEnum):
    """SILENT is shown without a sound."""

    ON = "on"
    SILENT = "silent"
    OFF = "off"


EVENTS = ("entries", "exits", "orders", "tasks", "proposals", "alerts", "refusals", "reports")
CHATS = ("telegram", "discord")
USUAL: Words = {**dict.fromkeys(EVENTS, "on"), "quiet": "off", "digest": "off", "first": "telegram"}
CHOICES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(EVENTS, tuple(Level)),
    "quiet": ("22:00-07:00", "off"),
    "digest": ("on", "off"),
    "first": CHATS,
}
"""What may be said of each; quiet hours may be any."""
_ROLES = {
    OrderRole.ENTRY.value: "entries",
    **dict.fromkeys((OrderRole.STOP.value, OrderRole.TARGET.value, OrderRole.EXIT.value), "exits"),
}
_BEGINNINGS = {"proposal": "proposals", "position": "exits", "task": "tasks", "spread": "tasks", "alert": "alerts"}


def fits(name: str, value: str) -> bool:
    """Whether it may be said."""
    return value in CHOICES.get(name, ()) or (name == "quiet" and hours(value) is not None)


def hours(text: str) -> tuple[time, time] | None:
    """`23:00-07:00` -> both ends, of a local day; None for anything else."""
    begins, _, ends = text.partition("-")
    try:
        both = datetime.strptime(begins, "%H:%M").time(), datetime.strptime(ends, "%H:%M").time()  # noqa: DTZ007 - times
    except ValueError:
        return None
    return both if both[0] != both[1] else None


def quiet_span(words: Words, now: datetime) -> tuple[datetime, datetime] | None:
    """The newest quiet hours that have begun by `now`, which is local; they may have ended. None without any."""
    both = hours(words["quiet"])
    if both is None:
        return None
    begins = datetime.combine(now.date(), both[0], now.tzinfo)
    begins -= timedelta(days=begins > now)
    ends = datetime.combine(begins.date(), both[1], now.tzinfo)
    return begins, ends + timedelta(days=ends <= begins)


def event_of(notice: Notice) -> str:
    """Which of EVENTS it tells."""
    if notice.kind is NoticeKind.REFUSED:
        return "refusals"
    beginning = notice.key.partition(".")[0]
    if beginning == "order":
        return _ROLES.get(notice.params.get("role", ""), "orders")
    return _BEGINNINGS.get(notice.card.partition(":")[0]) or _BEGINNINGS.get(beginning, "reports")


def always(notice: Notice) -> bool:
    """Trouble comes through, whatever was chosen: errors, and what is critical, as a position without its stop is."""
    return notice.critical or notice.kind is NoticeKind.ERROR


def level_of(words: Words, notice: Notice, now: datetime) -> Level:
    """now: local. In quiet hours what else would sound is silent; with a digest it is held back and counted there."""
    if always(notice):
        return Level.ON
    level = Level(words[event_of(notice)])
    span = quiet_span(words, now)
    if level is not Level.ON or span is None or now >= span[1]:
        return level
    return Level.OFF if words["digest"] == "on" else Level.SILENT
