"""Logs: JSON lines to data_dir/logs, readable lines to stderr, secrets masked in both.

One `intent_id` tells a trade's whole life: `grep ID data/logs/desk.jsonl`.
"""

from __future__ import annotations

import logging
import logging.handlers
import sys
from pathlib import Path

import structlog

from kit.secrets import RedactingFilter, Redactor

FILE_BYTES_MAX = 10_000_000
FILES_KEPT = 5


def set_up_logs(directory: Path, redactor: Redactor) -> None:
    """Send every log record of the process through the redactor to both places."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    file = logging.handlers.RotatingFileHandler(
        directory / "desk.jsonl", maxBytes=FILE_BYTES_MAX, backupCount=FILES_KEPT, encoding="utf-8"
    )
    file.setFormatter(_formatter(shared, structlog.processors.JSONRenderer()))
    console = logging.StreamHandler(sys.stderr)
    console.setFormatter(_formatter(shared, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())))
    for handler in (file, console):
        handler.addFilter(RedactingFilter(redactor))
    console.setLevel(logging.WARNING)
    root = logging.getLogger()
    root.handlers[:] = [file, console]
    root.setLevel(logging.INFO)
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)


def _formatter(
    shared: list[structlog.types.Processor], renderer: structlog.types.Processor
) -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
        ],
    )
