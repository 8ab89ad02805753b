"""How loud a notice is: events, levels, quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from core.rules.noise import CHOICES, EVENTS, USUAL, Level, event_of, fits, hours, level_of, quiet_span
from core.values.ids import NoticeId
from core.values.notices import Notice, NoticeKind

NOON, NIGHT = datetime(2026, 11, 18, 12, tzinfo=UTC), datetime(2026, 11, 18, 3, tzinfo=UTC)


def notice(
    key: str, kind: NoticeKind = NoticeKind.INFO, *, card: str = "", critical: bool = False, **params: str
) -> Notice:
    return Notice(NoticeId("n"), NOON, kind, key, params, card=card, critical=critical)


@pytest.mark.parametrize(
    ("told", "event"),
    [
        (notice("order.filled", role="entry"), "entries"),
        (notice("order.filled", role="stop", card="order:1"), "exits"),
        (notice("order.cancelled", role="task"), "orders"),
        (notice("position.result"), "exits"),
        (notice("task.step", NoticeKind.PROGRESS, card="task:1"), "tasks"),
        (notice("proposal.open", card="proposal:1"), "proposals"),
        (notice("alert.told"), "alerts"),
        (notice("refusal.head", NoticeKind.REFUSED, card="task:1"), "refusals"),
        (notice("report.day_ended"), "reports"),
        (notice("anything.new"), "reports"),
    ],
)
def test_a_notice_is_of_one_event(told: Notice, event: str) -> None:
    """Known by what it tells; what nobody thought of is a report."""
    assert event_of(told) == event


@pytest.mark.parametrize("level", list(Level))
def test_each_event_has_a_level(level: Level) -> None:
    """Its own, whatever the others'."""
    words = {**USUAL, "alerts": level}
    assert level_of(words, notice("alert.told"), NOON) is level
    assert level_of(words, notice("order.filled", role="entry"), NOON) is Level.ON


@pytest.mark.parametrize(
    "told", [notice("order.rejected", NoticeKind.ERROR, role="entry"), notice("x.y", critical=True)]
)
def test_trouble_always_comes_through(told: Notice) -> None:
    """With everything off, in the middle of quiet hours."""
    words = {**USUAL, **dict.fromkeys(EVENTS, "off"), "quiet": "22:00-07:00", "digest": "on"}
    assert level_of(words, told, NIGHT) is Level.ON


@pytest.mark.parametrize(
    ("digest", "now", "level"),
    [("off", NIGHT, Level.SILENT), ("on", NIGHT, Level.OFF), ("off", NOON, Level.ON), ("on", NOON, Level.ON)],
)
def test_quiet_hours_take_the_sound_away(digest: str, now: datetime, level: Level) -> None:
    """With a digest, the message as well; by day nothing."""
    words = {**USUAL, "quiet": "22:00-07:00", "digest": digest}
    assert level_of(words, notice("alert.told"), now) is level


@pytest.mark.parametrize(
    ("quiet", "at", "begins", "ends"),
    [
        ("22:00-07:00", "2026-11-18 23:00", "2026-11-18 22:00", "2026-11-19 07:00"),
        ("22:00-07:00", "2026-11-19 06:59", "2026-11-18 22:00", "2026-11-19 07:00"),
        ("22:00-07:00", "2026-11-19 12:00", "2026-11-18 22:00", "2026-11-19 07:00"),
        ("13:00-14:00", "2026-11-18 13:00", "2026-11-18 13:00", "2026-11-18 14:00"),
        ("13:00-14:00", "2026-11-18 12:00", "2026-11-17 13:00", "2026-11-17 14:00"),
    ],
)
def test_quiet_hours_may_go_over_midnight(quiet: str, at: str, begins: str, ends: str) -> None:
    """The newest that have begun."""
    span = quiet_span({**USUAL, "quiet": quiet}, datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert span is not None
    assert [f"{moment:%Y-%m-%d %H:%M}" for moment in span] == [begins, ends]


@pytest.mark.parametrize("text", ["22:00", "22-7", "25:00-07:00", "07:00-07:00", "22:00-07:00 ", "", "off"])
def test_what_is_no_span_of_hours_is_none(text: str) -> None:
    """Nobody guesses."""
    assert hours(text) is None
    assert hours("22:00-07:30") == (time(22), time(7, 30))


def test_every_choice_that_is_offered_fits() -> None:
    """And what is usual; nothing else does."""
    assert all(fits(name, value) for name, values in CHOICES.items() for value in values)
    assert all(fits(name, value) for name, value in USUAL.items())
    assert not any(fits(name, value) for name, value in [("entries", "loud"), ("nothing", "on"), ("quiet", "late")])
