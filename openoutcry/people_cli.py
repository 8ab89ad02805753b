"""`openoutcry user add`, `token new` and `vault rotate`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from core.clock import SystemClock
from core.services.users import LANGUAGES
from core.values.people import Role, Scope
from openoutcry.errands import see_to, token_errand, user_errand
from openoutcry.journal import open_journal
from openoutcry.lock import only_desk
from openoutcry.settings import Settings, load_settings
from storage.vault import SealedVault, key_file

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it


def add_commands(commands: Commands) -> None:
    user = commands.add_parser("user", help="people of this desk").add_subparsers(required=True, metavar="WHAT")
    add = user.add_parser("add", help="add a person; the password comes on standard input")
    add.add_argument("name")
    add.add_argument("--role", required=True, choices=[role.word for role in Role])
    add.add_argument("--password-stdin", action="store_true", required=True)
    add.add_argument("--language", choices=LANGUAGES, help="the desk's own unless given")
    add.add_argument("--settings", type=Path, metavar="FILE")
    add.set_defaults(command=_add_user)

    token = commands.add_parser("token", help="API tokens").add_subparsers(required=True, metavar="WHAT")
    new = token.add_parser("new", help="a new token of a person, printed this once")
    new.add_argument("--user", required=True, metavar="NAME")
    new.add_argument("--scope", choices=list(Scope), default=Scope.ADMIN, help="how much of the person's role it has")
    new.add_argument("--settings", type=Path, metavar="FILE")
    new.set_defaults(command=_new_token)

    vault = commands.add_parser("vault", help="credentials at rest").add_subparsers(required=True, metavar="WHAT")
    rotate = vault.add_parser("rotate", help="seal all credentials anew under a new key, while the desk is down")
    rotate.add_argument("--settings", type=Path, metavar="FILE")
    rotate.set_defaults(command=_rotate)


def _add_user(options: argparse.Namespace) -> int:
    settings = load_settings(options.settings)
    password = sys.stdin.readline().rstrip("\r\n")
    see_to(settings, user_errand(options.name, options.role, password, options.language))
    print(f"{options.name} may use this desk as {options.role}")
    return 0


def _new_token(options: argparse.Namespace) -> int:
    settings = load_settings(options.settings)
    errand, token = token_errand(options.user, options.scope)
    see_to(settings, errand)
    print(token)
    return 0


def _rotate(options: argparse.Namespace) -> int:
    settings = load_settings(options.settings)
    with only_desk(settings.desk.data_dir):
        count = asyncio.run(_rotated(settings))
    print(f"sealed anew: {count}")
    return 0


async def _rotated(settings: Settings) -> int:
    store = await open_journal(settings, SystemClock())
    try:
        return await SealedVault(store, key_file(settings.desk.data_dir)).rotate()
    finally:
        await store.close()
