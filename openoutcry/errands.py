"""What the command line asks of the people's register and the journal: done at once while the desk is down, handed to
it while it runs.

The journal has one writer. So a running desk finds errands as files in its data directory, does them, and leaves the
answer beside them. A token is drawn by who asked; only its hash and a password's hash are ever in a file.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path

from core.clock import SystemClock
from core.ports import Clock, Store
from core.rules.passwords import LENGTH_MAX, LENGTH_MIN, hash_password
from core.services import searches
from core.services.tokens import draw_token, token_hash
from core.services.users import SPOKEN, Users
from core.values.changes import Audited
from core.values.errors import Broken, DeskError
from core.values.ids import OWNER
from core.values.orders import Refused
from core.values.people import Person, Role, Scope
from openoutcry.journal import open_journal
from openoutcry.lock import Locked, only_desk
from openoutcry.settings import Settings, SettingsError
from texts import render

log = logging.getLogger(__name__)

LOOK_S = 0.5
PATIENCE_S = 10.0
Errand = Mapping[str, str]
_BY = Person(OWNER, "owner", Role.ADMIN, "cli")


def user_errand(name: str, role: str, password: str, language: str | None = None) -> Errand:
    """Raises SettingsError for a password that is too short or too long."""
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise SettingsError(f"password: {LENGTH_MIN} to {LENGTH_MAX} characters, on standard input")
    hashed = hash_password(password, secrets.token_bytes(16))
    chosen = {} if language is None else {"language": language}
    return {"do": "user", "username": name, "role": role, "password_hash": hashed, **chosen}


def token_errand(name: str, scope: str = Scope.ADMIN) -> tuple[Errand, str]:
    """The errand, and the token that it makes valid."""
    token = draw_token()
    return {"do": "token", "username": name, "token_hash": token_hash(token), "scope": str(scope)}, token


async def run(errand: Errand, users: Users, store: Store, clock: Clock) -> str:
    """Why not; empty when it is done. Raises KeyError for an errand that lacks something."""
    match errand.get("do"):
        case "user":
            done = await users.add({name: value for name, value in errand.items() if name != "do"}, _BY)
        case "token":
            done = await users.keep_token(errand["username"], errand["token_hash"], _BY, errand["scope"])
        case "drill":
            said = Audited(clock.now(), OWNER, "cli", "backup.drilled", errand["backup"], {"result": errand["result"]})
            await store.save(said)
            return ""
        case "report":
            await searches.keep(store, clock, errand, _BY.surface)
            return ""
        case _:
            return "an unknown errand"
    return render(f"refused.{done.code}", done.params) if isinstance(done, Refused) else ""


def see_to(settings: Settings, errand: Errand) -> None:
    """Have it done by whoever may write. Raises Broken with the reason where it is refused."""
    data_dir = settings.desk.data_dir
    try:
        with only_desk(data_dir):
            said = asyncio.run(_alone(settings, errand))
    except Locked:
        said = _handed_over(data_dir, errand)
    if said:
        raise Broken(said)


async def _alone(settings: Settings, errand: Errand) -> str:
    clock = SystemClock()
    store = await open_journal(settings, clock)
    try:
        return await run(errand, await register(settings, store, clock), store, clock)
    finally:
        await store.close()


async def register(settings: Settings, store: Store, clock: Clock) -> Users:
    """The people of the database."""
    users = Users(store, clock, [person.name for person in settings.people], settings.desk.language)
    users.load(await store.roll(), await store.flag(SPOKEN))
    return users


def _handed_over(data_dir: Path, errand: Errand) -> str:
    """Leave it for the running desk, and wait for its answer."""
    place = data_dir / "errands"
    place.mkdir(mode=0o700, exist_ok=True)
    asked = place / f"{secrets.token_hex(8)}.json"
    answer = asked.with_suffix(".answer")
    _write(asked, errand)
    until = time.monotonic() + PATIENCE_S
    while not answer.exists():
        if time.monotonic() > until:
            asked.unlink(missing_ok=True)
            return "the desk that runs here does not answer"
        time.sleep(LOOK_S / 5)
    said = json.loads(answer.read_text(encoding="utf-8"))
    answer.unlink()
    return str(said.get("refused", ""))


async def watch(data_dir: Path, users: Users, store: Store, wire: Clock) -> None:
    """Do errands as they come, until cancelled."""
    while True:
        for asked in _waiting(data_dir / "errands"):
            _answer(asked, await _done(_read(asked), users, store, wire))
        await wire.sleep(LOOK_S)


async def _done(errand: Errand, users: Users, store: Store, wire: Clock) -> str:
    try:
        return await run(errand, users, store, wire)
    except (KeyError, DeskError) as error:
        log.warning("an errand failed", extra={"reason": type(error).__name__})
        return f"it failed: {type(error).__name__}"


def _waiting(place: Path) -> list[Path]:
    return sorted(place.glob("*.json")) if place.is_dir() else []


def _read(asked: Path) -> Errand:
    """Empty where it cannot be read."""
    try:
        found = json.loads(asked.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _answer(asked: Path, said: str) -> None:
    asked.unlink(missing_ok=True)
    _write(asked.with_suffix(".answer"), {"refused": said})


def _write(path: Path, content: Mapping[str, str]) -> None:
    draft = path.with_suffix(".part")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file)
    draft.replace(path)
