"""The desk as a process on the wire broker, live: `python -m tests.wire.program`, settings by environment.

OPENOUTCRY_CRASHPOINT arms a point before anything starts; SIGUSR1 arms the one that the file `point` in the data
directory names, and ARMED is printed.
"""

from __future__ import annotations

import asyncio
import os
import signal

from core import crashpoints
from kit.secrets import Redactor
from openoutcry.lock import only_desk
from openoutcry.logs import set_up_logs
from openoutcry.parts import Mood
from openoutcry.settings import Settings, load_settings
from openoutcry.turns import run_until_stopped
from openoutcry.venues import FACTORIES
from tests.hurried import hurried
from tests.servers.broker import DIALECTS
from tests.wire import open_wire


async def run(settings: Settings) -> None:
    def arm() -> None:
        point = (settings.desk.data_dir / "point").read_text(encoding="ascii")
        crashpoints.arm(point)
        print(f"ARMED {point}", flush=True)

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, arm)
    await run_until_stopped(
        settings,
        Mood(live=True, wire=hurried()),
        listening=lambda url: print(f"LISTENING {url}", flush=True),
        ready=lambda _house: print("READY", flush=True),
        factories={**FACTORIES, "tinvest": open_wire} if _by_wire(settings) else FACTORIES,
    )


def _by_wire(settings: Settings) -> bool:
    """Whether the accounts name a dialect of the wire; others speak to a venue's own server."""
    return all(getattr(account, "account_id", "") in DIALECTS for account in settings.accounts)


def main() -> None:
    if point := os.environ.get("OPENOUTCRY_CRASHPOINT"):
        crashpoints.arm(point)
    settings = load_settings(None)
    with only_desk(settings.desk.data_dir):
        set_up_logs(settings.desk.data_dir / "logs", Redactor(settings.secrets()))
        asyncio.run(run(settings))


if __name__ == "__main__":
    main()
