"""One look at an account, to say whether its settings are right."""

from __future__ import annotations

from dataclasses import dataclass, replace

import aiohttp

from brokers.reading import readable
from brokers.tinvest.account import choose_account
from brokers.tinvest.client import Access, Client
from brokers.tinvest.limits import Limits
from core.ports import Clock
from core.values.errors import Rejected, Transient


@dataclass(frozen=True, slots=True)
class Found:
    id: str
    name: str
    trades: bool
    """Whether this token may place orders on it."""


async def look(access: Access, account_id: str, clock: Clock) -> Found:
    """One read-only call. Raises Rejected (token_refused, unknown_account, account_needed, account_blocked,
    certificate), Transient (cannot be reached) or Broken (ca_file)."""
    asking = (
        replace(access, readonly_token="") if access.token else access
    )  # what the trading token may is the question
    client = Client(asking, Limits.of(access.base_url, asking.reading, clock))
    try:
        await client.open()
        with readable("accounts"):
            row = choose_account((await client.ask("UsersService/GetAccounts", {}))["accounts"], account_id)
            level = str(row.get("accessLevel"))
            return Found(str(row["id"]), str(row.get("name") or ""), level.endswith("_FULL_ACCESS"))
    except Transient as error:
        if isinstance(error.__cause__, aiohttp.ClientSSLError):
            raise Rejected("certificate", str(error.__cause__)) from error
        raise
    finally:
        await client.close()
