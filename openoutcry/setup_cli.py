"""`openoutcry setup` on the command line."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from openoutcry.settings import SettingsError

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it


def add_commands(commands: Commands) -> None:
    setup = commands.add_parser("setup", help="ask what a desk needs, try it, write the settings")
    setup.add_argument("--settings", type=Path, metavar="FILE", default=Path("settings.toml"))
    setup.add_argument("--answers", type=Path, metavar="FILE", help="TOML with the answers; - for standard input")
    setup.add_argument("--language", choices=("en", "ru"), help="ask in this language")
    setup.add_argument("--data-dir", metavar="DIR", help="do not ask for it")
    setup.add_argument("--api-base", metavar="URL", default="https://api.telegram.org", help="where Telegram's API is")
    setup.add_argument("--wait", type=float, metavar="S", default=300.0, help="how long to wait for /start")
    setup.add_argument("--force", action="store_true", help="keep the settings that stand there aside")
    setup.set_defaults(command=_setup)


def _setup(options: argparse.Namespace) -> int:
    from openoutcry.setup import KNOWN, Wizard  # noqa: PLC0415 - kill and arm need none of it
    from openoutcry.setup_answers import Prepared, Terminal  # noqa: PLC0415 - as above

    if options.settings.exists() and not options.force:
        raise SettingsError(f"{options.settings}: stands there already; --force keeps it aside and writes a new one")
    asyncio.run(Wizard(Prepared(options.answers, KNOWN) if options.answers else Terminal(), options).run())
    return 0
