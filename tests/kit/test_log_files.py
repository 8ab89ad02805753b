"""Files of log feeds: how they are numbered, and what may be asked of them."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kit import log_files
from kit.log_files import LINES_MAX, FeedHandler, LogFiles

FEEDS = ("program", "trading")


def record(text: str, day: str = "2026-03-02", logger: str = "trading") -> logging.LogRecord:
    made = logging.LogRecord(logger, logging.INFO, "", 0, text, None, None)
    made.created = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC).timestamp()
    return made


@contextmanager
def writing(directory: Path) -> Iterator[FeedHandler]:
    """A handler whose feeds are named as the loggers are."""
    handler = FeedHandler(directory, lambda logger: logger)
    yield handler
    handler.close()


def wrote(directory: Path, *records: logging.LogRecord) -> LogFiles:
    """What is on file of them."""
    with writing(directory) as feeds:
        for each in records:
            feeds.handle(each)
    return LogFiles(directory, FEEDS)


def test_tc_52_line_1001_goes_to_the_next_file(tmp_path: Path) -> None:
    """A thousand lines in `_0`, one in `_1`; other feeds have files of their own."""
    lines = [record(f"line {number}") for number in range(LINES_MAX + 1)]
    files = wrote(tmp_path, *lines, record("started", logger="program"))
    assert files.names("trading") == ["trading/2026-03-02_0", "trading/2026-03-02_1"]
    assert len(files.lines("trading/2026-03-02_0")) == LINES_MAX
    assert files.newest("trading") == ["line 1000"]
    assert files.newest("program") == ["started"]


def test_tc_52_each_day_begins_at_0(tmp_path: Path) -> None:
    """By the record's own day, UTC."""
    files = wrote(tmp_path, record("one"), record("two", "2026-03-03"))
    assert files.names("trading") == ["trading/2026-03-02_0", "trading/2026-03-03_0"]


def test_tc_52_a_restart_goes_on_with_the_newest_file(tmp_path: Path) -> None:
    """It counts the lines that are there."""
    for _ in range(2):
        files = wrote(tmp_path, *(record(f"line {number}") for number in range(600)))
    assert [len(files.lines(name)) for name in files.names("trading")] == [LINES_MAX, 200]


def test_what_was_said_is_on_file_at_once(tmp_path: Path) -> None:
    """Nobody has closed the file yet."""
    with writing(tmp_path) as feeds:
        feeds.handle(record("just now"))
        assert LogFiles(tmp_path, FEEDS).newest("trading") == ["just now"]


def test_a_message_cannot_forge_another_line(tmp_path: Path) -> None:
    """Its second line is set in."""
    files = wrote(tmp_path, record("honest\n[INFO 1:00AM.00.000] forged"))
    assert files.newest("trading") == ["honest", "    [INFO 1:00AM.00.000] forged"]


def test_old_files_go(tmp_path: Path) -> None:
    """After thirty days, when a day begins."""
    files = wrote(tmp_path, *(record("x", day) for day in ("2026-03-02", "2026-03-03", "2026-04-02")))
    assert files.names("trading") == ["trading/2026-03-03_0", "trading/2026-04-02_0"]


def test_a_feed_is_bounded_in_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest files go as a new one begins, on the same day as well; other feeds keep theirs."""
    monkeypatch.setattr(log_files, "FEED_BYTES_MAX", 2 * LINES_MAX * len("x\n"))
    files = wrote(tmp_path, record("kept", logger="program"), *[record("x")] * (4 * LINES_MAX + 1))
    assert files.names("trading") == [f"trading/2026-03-02_{number}" for number in (2, 3, 4)]
    assert files.names("program") == ["program/2026-03-02_0"]


def test_a_full_disk_costs_lines_until_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing the day's file fails once: what is said next is on file again."""
    monkeypatch.setattr(logging, "raiseExceptions", False)
    with writing(tmp_path) as feeds:
        feeds.handle(record("one"))
        file = feeds._open["trading"]._file
        assert file is not None
        with Path("/dev/full").open("wb") as full:
            os.dup2(full.fileno(), file.fileno())
        feeds.handle(record("two"))
        for text in ("three", "four"):
            feeds.handle(record(text, "2026-03-03"))
    assert LogFiles(tmp_path, FEEDS).lines("trading/2026-03-03_0") == ["four"]


def test_tc_44_names_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """`_2` before `_15`, and days before numbers; what is no log file is left out."""
    home = tmp_path / "trading"
    home.mkdir()
    for name in ("2026-03-02_15", "2026-03-02_2", "2026-03-01_20", "2026-02-30_1", "notes"):
        (home / f"{name}.txt").write_text("x\n", encoding="utf-8")
    names = LogFiles(tmp_path, FEEDS).names("trading")
    assert names == ["trading/2026-03-01_20", "trading/2026-03-02_2", "trading/2026-03-02_15"]


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "trading/../../secret",
        "trading/../program/2026-03-02_0",
        "trading/2026-03-02_0/../../../secret",
        "/etc/passwd",
        "trading/2026-03-02_0.txt",
        "trading/2026-03-02_0\n",
        "trading/2026-03-02_0\0",
        "trading/2026-03-02_\N{SUPERSCRIPT TWO}",
        "desk.jsonl",
        "other/2026-03-02_0",
        "trading/2026-03-09_0",
        "",
    ],
)
def test_tc_44_only_the_name_of_a_file_that_is_there_is_read(tmp_path: Path, name: str) -> None:
    """W-40: nothing beside the feeds can be named, and nothing is made by asking."""
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    files = wrote(tmp_path / "logs", record("x"))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(LookupError):
        files.lines(name)
    assert sorted(tmp_path.rglob("*")) == before
