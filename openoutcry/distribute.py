"""`openoutcry distribute`: the targets of a folder, fed by a desk that runs elsewhere."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path

from core.clock import SystemClock
from core.services.outlets import Outlets
from core.values.raw import RawAlert
from openoutcry.follow import follow
from openoutcry.plugins import load_plugins, targets_of
from openoutcry.settings import SettingsError

log = logging.getLogger(__name__)


def distribute(url: str, token_file: Path | None, folder: Path, delay_s: float, log_level: str) -> None:
    """Run until SIGTERM or SIGINT. Raises SettingsError for what cannot work."""
    logging.basicConfig(level=log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if not url.startswith(("ws://", "wss://")):
        raise SettingsError("--ws-url: must begin with ws:// or wss://")
    if delay_s < 0:
        raise SettingsError("--delay: must not be negative")
    try:
        token = token_file.read_text(encoding="utf-8").strip() if token_file else ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"--token-file: {token_file} cannot be read: {type(error).__name__}") from None
    plugins = load_plugins(folder)
    if not plugins:
        raise SettingsError(f"--src: no targets in {folder}")
    for plugin in plugins:
        print(f"TARGET {plugin.name}", flush=True)
    asyncio.run(_run(url, token, Outlets(targets_of(plugins), SystemClock()), delay_s))


async def _run(url: str, token: str, outlets: Outlets, delay_s: float) -> None:
    """Targets first, then the source; in reverse at the end, so that what came in goes out."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    clock = SystemClock()

    async def take(alert: RawAlert) -> None:
        outlets.offer(alert)
        if delay_s:
            await clock.sleep(delay_s)

    outlets.start()
    source = asyncio.create_task(follow(url, token, take, clock))
    await asyncio.wait([source, asyncio.ensure_future(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
    source.cancel()
    await asyncio.gather(source, return_exceptions=True)
    await outlets.close()
    for outlet in outlets:
        log.info("target %s: %d sent, %d dropped", outlet.target.name, outlet.sent, outlet.dropped)
