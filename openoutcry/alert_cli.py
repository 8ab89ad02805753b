"""`openoutcry alert lint FILE`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from openoutcry.settings import load_settings

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it

EXIT_FINE, EXIT_PROBLEMS = 0, 1
LENGTH_MAX = 65536


def add_commands(commands: Commands) -> None:
    alert = commands.add_parser("alert", help="messages of charts").add_subparsers(required=True, metavar="WHAT")
    lint = alert.add_parser("lint", help="say what a message would do and what is wrong with it; nothing is sent")
    lint.add_argument(
        "file", metavar="FILE", help="the message as it is pasted into the chart site; - = standard input"
    )
    lint.add_argument("--settings", type=Path, metavar="FILE", help="whose accounts; without it, the demo's")
    lint.set_defaults(command=_lint)


def _lint(options: argparse.Namespace) -> int:
    from openoutcry.lint import lint  # noqa: PLC0415 - other commands need none of it

    settings = load_settings(options.settings)
    if not settings.accounts:
        settings = load_settings(options.settings, accounts=({"name": "Testing", "broker": "paper"},))
    body = sys.stdin.buffer.read() if options.file == "-" else Path(options.file).read_bytes()
    if len(body) > LENGTH_MAX:
        print(f"PROBLEM body: it is longer than the {LENGTH_MAX} bytes that the doors take")
        return EXIT_PROBLEMS
    report = lint(body, settings)
    print("\n".join(report.lines()))
    return EXIT_PROBLEMS if report.problems else EXIT_FINE
