"""What the extra costs: nothing while no account uses it, and how much when one does."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.process import environment
from tests.servers.venue import KEY, SECRET, venue

OFF = """
import sys
import openoutcry.parts, openoutcry.cli, openoutcry.check
from openoutcry.settings import Settings
Settings(accounts=[{"name": "A", "broker": "paper"}, {"name": "C", "broker": "ccxt", "exchange": "bybit"}])
print([name for name in sys.modules if name == "ccxt" or name.startswith(("ccxt.", "brokers.ccxt"))])
"""
ON = """
import asyncio, json, sys
import aiohttp, cryptography.hazmat.primitives.hashes, openoutcry.parts
from core.clock import SystemClock
from core.ports import World
from core.values.accounts import Account, Mode

def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024

async def main():
    before = resident()
    from brokers.ccxt import open_broker
    clock = SystemClock()
    account = Account("C", "ccxt", Mode.LIVE, "USDT")
    broker = open_broker(account, json.loads(sys.argv[1]), World(clock, clock))
    await broker.start()
    await broker.feed.watch(sys.argv[2])
    count = len(await broker.instruments())
    await broker.positions()
    print(json.dumps({"grown": resident() - before, "listed": count}))
    await broker.close()

asyncio.run(main())
"""
LISTED = 600
"""About as many contracts as the largest venue lists in one currency."""
GROWN_MIB_MAX = 110


def test_the_extra_is_not_loaded_while_no_account_uses_it() -> None:
    """Neither the library nor our own rooms for it, whatever the settings name."""
    told = subprocess.run(
        (sys.executable, "-c", OFF), env=environment({}), capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.strip() == "[]"


@pytest.mark.proof
async def test_the_extra_takes_less_than_110_mib(tmp_path: Path, exchange: str) -> None:
    """With a market as long as a real one's, streams open and prices watched."""

    async with venue(exchange, tmp_path / "ledger") as server:
        like, names = server.instruments[server.eth], [server.eth.replace("ETH", f"C{n}") for n in range(LISTED - 2)]
        server.instruments |= {name: replace(like, ticker=name) for name in names}
        keys = {"api_key": KEY, "api_secret": SECRET, "api_passphrase": "phrase-of-tests"}
        settings = {"exchange": exchange, "base_url": server.url, **keys}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            ON,
            json.dumps(settings),
            server.btc,
            env=environment({}),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
    told = json.loads(said)
    print(f"\n{exchange}: {told['grown']:.0f} MiB with {told['listed']} contracts listed")
    assert told["listed"] == LISTED
    assert told["grown"] < GROWN_MIB_MAX
