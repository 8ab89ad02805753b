"""A flood of log lines becomes a few and a count."""

from __future__ import annotations

import logging

from kit.flood import Flood


def record(at_s: float, level: int = logging.INFO, logger: str = "kit.http") -> logging.LogRecord:
    made = logging.LogRecord(logger, level, "", 0, "refused", None, None)
    made.created = at_s
    return made


def test_a_flood_is_a_few_lines_and_a_count() -> None:
    """Two a minute; how many were left out stands beside the first of the next."""
    flood = Flood("kit.http", 2)
    assert [flood.filter(record(60 + second)) for second in range(5)] == [True, True, False, False, False]
    following = [record(120), record(121)]
    assert all(map(flood.filter, following))
    assert [made.__dict__.get("left_out") for made in following] == [3, None]


def test_warnings_and_others_pass_any_flood() -> None:
    """They count nothing."""
    flood = Flood("kit.http", 1)
    for _ in range(3):
        assert flood.filter(record(60, logging.ERROR))
        assert flood.filter(record(60, logger="core.services.desk"))
    assert flood.filter(record(60))
