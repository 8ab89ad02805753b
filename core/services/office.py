"""Everything that belongs to people: who they are, their accounts, links, bots and lists."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.services.accounts import Accounts
from core.services.bots import Bots
from core.services.links import Links
from core.services.lists import Lists
from core.services.noise import Noise
from core.services.passes import Passes
from core.services.second_factor import SecondFactor
from core.services.users import Users


@dataclass(frozen=True, slots=True)
class Office:
    users: Users
    accounts: Accounts
    links: Links
    bots: Bots
    lists: Lists
    passes: Passes
    second_factor: SecondFactor
    noise: Noise
    signing_key: bytes = field(repr=False)
    """What web tokens are signed with."""
