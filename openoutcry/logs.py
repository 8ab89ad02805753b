"""Logs: JSON lines and feeds of readable ones to data_dir/logs, warnings to stderr; secrets masked in all of them.

One `intent_id` tells a trade's whole life: `grep ID data/logs/desk.jsonl`.
"""

from __future__ import annotations

import logging
import logging.handlers
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import structlog

from kit.flood import Flood
from kit.log_files import FeedHandler, LogFiles
from kit.secrets import RedactingFilter, Redactor

FILE_BYTES_MAX = 10_000_000
FILES_KEPT = 5
REFUSALS_A_MINUTE = 30
REST = "program"
FEEDS: Mapping[str, tuple[str, ...]] = {
    "data": (
        *("core.jobs.collecting", "core.services.collecting", "core.services.streaming", "core.services.candles"),
        *("storage.candles", "openoutcry.collecting", "strategies.shelf", "strategies.training"),
    ),
    "optimisation": ("core.jobs.optimising", "openoutcry.optimise", "openoutcry.optimising", "simulator.search"),
    "api": ("kit.http", "dashboard", "webhook_receiver"),
    "visuals": ("charts", "core.services.pictures", "core.services.visuals", "core.rules.charting"),
    "simulation": ("simulator", "openoutcry.simulate", "openoutcry.simulation"),
    "health": ("core.services.health_checks", "openoutcry.health_checks"),
    "trading": ("core", "brokers", "strategies"),
    REST: (),
}
"""Loggers by feed, each with what stands below it; the first that fits. What none names goes to the program's."""


def log_files(directory: Path) -> LogFiles:
    """directory: `data_dir/logs`."""
    return LogFiles(directory, sorted(FEEDS, key=lambda feed: feed != REST))


def feed_of(logger: str) -> str:
    for feed, names in FEEDS.items():
        if any(logger == name or logger.startswith((f"{name}.", f"{name}_")) for name in names):
            return feed
    return REST


def set_up_logs(directory: Path, redactor: Redactor) -> None:
    """Send every log record of the process through the redactor to both places."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_trace,
    ]
    file = logging.handlers.RotatingFileHandler(
        directory / "desk.jsonl", maxBytes=FILE_BYTES_MAX, backupCount=FILES_KEPT, encoding="utf-8"
    )
    file.setFormatter(_formatter(shared, structlog.processors.JSONRenderer(), redactor))
    console = logging.StreamHandler(sys.stderr)
    console.setFormatter(_formatter(shared, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()), redactor))
    feeds = FeedHandler(directory, feed_of)
    feeds.setFormatter(_formatter(shared, _line, redactor))
    for handler in (file, feeds, console):
        handler.addFilter(RedactingFilter(redactor))
        handler.addFilter(Flood("kit.http", REFUSALS_A_MINUTE))
    console.setLevel(logging.WARNING)
    root = logging.getLogger()
    root.handlers[:] = [file, feeds, console]
    root.setLevel(logging.INFO)
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)


def _formatter(
    shared: list[structlog.types.Processor], renderer: structlog.types.Processor, redactor: Redactor
) -> structlog.stdlib.ProcessorFormatter:
    """What stands beside a message is masked with it: the filter sees the message alone."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            renderer,
            lambda _logger, _method, line: redactor(str(line)),
        ],
    )


def _with_trace(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The filter leaves the masked text of a trace where structlog would not look for it."""
    if trace := event["_record"].exc_text:
        event["exception"] = trace
    return event


def _line(_logger: object, _method: str, event: structlog.typing.EventDict) -> str:
    """`[WARNING 9:05AM.07.123] core.jobs.collecting: not streamed symbol=SBER`, the time UTC."""
    at = datetime.fromisoformat(str(event.pop("timestamp")))
    level, logger, said = str(event.pop("level")).upper(), event.pop("logger"), event.pop("event")
    trace = event.pop("exception", "")
    clock = f"{at.hour % 12 or 12}:{at:%M}{'AM' if at.hour < 12 else 'PM'}.{at:%S}.{at.microsecond // 1000:03}"
    facts = "".join(f" {name}={value}" for name, value in event.items())
    return f"[{level} {clock}] {logger}: {said}{facts}" + (f"\n{trace}" if trace else "")
