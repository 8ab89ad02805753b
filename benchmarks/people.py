"""What people cost a desk: memory and a start's processor time with their accounts and links, and what an alert takes.

The real program on a journal that holds as many people as asked, each with a paper account and a webhook link; then an
entry on the links of some of them, each opening a position behind a stop. Memory is what is more than with nobody.

    python -m benchmarks.people [--people 1000] [--alerts 300]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.idle import cpu_s, rss_mb
from benchmarks.load import new_connections, post
from core.clock import SystemClock
from core.services.tokens import token_hash
from core.values.accounts import AddedAccount
from core.values.changes import AccountMade, Change, LinkSet, UserMade
from core.values.ids import AccountName, LinkId, UserId
from core.values.links import Link
from core.values.money import Quantity
from core.values.people import Role, User
from openoutcry.journal import JOURNAL
from storage.sqlite import open_store
from tests.process import OPEN_DOORS, start

WATCHED_S = 10.0
TOKEN = "benchmark"
AT_ONCE = 200


async def furnish(data_dir: Path, people: int) -> list[str]:
    """A journal with that many people; their links' tokens."""
    store = await open_store(data_dir / JOURNAL, SystemClock())
    tokens = [secrets.token_urlsafe(24) for _ in range(people)]
    for first in range(0, people, AT_ONCE):
        some = range(first, min(people, first + AT_ONCE))
        await store.save(*(change for number in some for change in _person(number, tokens[number])))
    await store.close()
    return tokens


def _person(number: int, token: str) -> Sequence[Change]:
    user, account = UserId(f"person{number}"), AccountName(f"Paper{number}")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    link = Link(
        LinkId(f"link{number}"), "Mine", account, "S", at, token_hash(token), Decimal(2), Decimal(4), owner=user,
        quantity=Quantity(Decimal(10)),
    )  # fmt: skip
    return (
        UserMade(User(user, user, Role.TRADER)),
        AccountMade(AddedAccount(account, "paper", at, owner=user)),
        LinkSet(link),
    )


def _entry(token: str) -> bytes:
    fields = {"strategy": "S", "symbol": "SBER", "action": "BUY", "timestamp": datetime.now(UTC).isoformat()}
    return post(f"/hook/{token}", json.dumps(fields).encode())


def once(people: int, alerts: int) -> dict[str, float]:
    """A desk with that many people."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as directory:
        tokens = asyncio.run(furnish(Path(directory), people))
        env = {
            **OPEN_DOORS,
            "OPENOUTCRY_DESK__DATA_DIR": directory,
            "OPENOUTCRY_SERVER__API_TOKEN": TOKEN,
            "OPENOUTCRY_SERVER__PORT": "0",
            "OPENOUTCRY_PICTURES__ON": "false",
            "OPENOUTCRY_MARKET__STILL": "true",
            "OPENOUTCRY_ACCOUNTS": '[{"name": "Testing", "broker": "paper"}]',
        }
        settings = Path(directory) / "settings.toml"
        settings.touch()
        with start("run", "--settings", settings, env=env) as desk:
            pid = desk.process.pid
            desk.ready().token = TOKEN
            before = cpu_s(pid)
            time.sleep(WATCHED_S)
            found = {"rss_mb": rss_mb(pid), "start_s": before, "idle": (cpu_s(pid) - before) / WATCHED_S}
            if alerts:
                before = cpu_s(pid)
                run = new_connections([urlsplit(desk.url).port or 0], [_entry(token) for token in tokens[:alerts]], 16)
                assert all(b'"accepted"' in answer for answer in run.answers), run.answers[0]
                while sum(_protected(desk.items("positions"))) < alerts:
                    time.sleep(0.5)
                found["trade_ms"] = (cpu_s(pid) - before) / alerts * 1000
                found["position_kb"] = (rss_mb(pid) - found["rss_mb"]) / alerts * 1024
            return found


def _protected(positions: Sequence[dict[str, object]]) -> list[bool]:
    return [bool(row["protected_by"]) for row in positions]


def measure(people: int = 1000, alerts: int = 300) -> dict[str, float]:
    nobody, many = once(0, 0), once(people, alerts)
    found = {
        "person_kb": (many["rss_mb"] - nobody["rss_mb"]) / people * 1024,
        "start_ms": (many["start_s"] - nobody["start_s"]) / people * 1000,
        "idle_us": (many["idle"] - nobody["idle"]) / people * 1e6,
        "trade_ms": many["trade_ms"],
        "position_kb": many["position_kb"],
    }
    print(
        f"people: {people}, an account and a link each: {found['person_kb']:.1f} kB and {found['start_ms']:.2f} ms of "
        f"a core at the start, {found['idle_us']:.0f} us of a core a second; an alert traded takes "
        f"{found['trade_ms']:.1f} ms of a core, its position {found['position_kb']:.0f} kB"
    )
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--alerts", type=int, default=300)
    asked = parser.parse_args()
    measure(asked.people, asked.alerts)
