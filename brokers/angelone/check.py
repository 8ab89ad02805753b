"""One look at an account, to say whether its settings are right."""

from __future__ import annotations

from dataclasses import dataclass

from brokers.angelone.access import Access
from brokers.angelone.client import Client
from brokers.angelone.limits import PROFILE, Limits
from brokers.reading import readable
from core.ports import Clock


@dataclass(frozen=True, slots=True)
class Found:
    id: str
    name: str


async def look(access: Access, wire: Clock) -> Found:
    """A login and one question. Raises Rejected (totp_refused, clock_off, api_key_refused, login_refused ...) or
    Transient (cannot be reached). That orders come from a registered address shows with the first order only."""
    client = Client(access, Limits.of(access.base_url, access.client_id, wire), wire)
    await client.open()
    try:
        with readable("profile"):
            row = await client.ask(PROFILE)
            return Found(str(row["clientcode"]), str(row.get("name") or ""))
    finally:
        await client.close()
