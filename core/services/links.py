"""Webhook links: made, changed and found here. Who may do what with whose is decided here and in no door."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import replace

from core.ports import Clock, Store
from core.rules.linking import Said, said_of
from core.services.directory import Directory
from core.services.tokens import draw_token, token_hash
from core.values.alerts import Alert
from core.values.changes import Audited, LinkSet
from core.values.errors import Conflict
from core.values.ids import OWNER, AccountName, LinkId, derive_id
from core.values.links import Link, Share
from core.values.orders import Refused
from core.values.people import Person, Role

log = logging.getLogger(__name__)


class Links:
    """All of them in memory, each change on disk before it counts. Refused: not_allowed, unknown_id (also another
    owner's), bad_field, name_taken, unknown_account. `on_paper` is given accounts on which links trade on paper.
    base_url: where the world reaches this desk; the roof knows."""

    def __init__(self, store: Store, directory: Directory, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._links: dict[LinkId, Link] = {}
        self._by_hash: dict[str, LinkId] = {}
        self._writing = asyncio.Lock()
        self.base_url = ""
        self.on_paper: Callable[[Collection[AccountName]], Awaitable[None]] = _nothing

    def load(self, links: Iterable[Link]) -> None:
        """Take over what the journal holds."""
        for link in links:
            self._keep(link)

    # finding

    def by_token(self, token: str) -> Link | None:
        """The link of a URL. One look-up by hash, as long for a wrong token as for a right one."""
        found = self._by_hash.get(token_hash(token))
        return None if found is None else self._links[found]

    def ignores(self, alert: Alert) -> str:
        """Why an alert that came by a link is not taken up; empty where it is. A chart's may leave the strategy out:
        the token is enough."""
        link = None if alert.link is None else self._links.get(alert.link)
        if link is None:
            return ""
        if not link.running:
            return "link_paused"
        return "other_strategy" if alert.strategy and alert.strategy != link.strategy else ""

    def get(self, link_id: LinkId) -> Link | None:
        return self._links.get(link_id)

    def of_strategy(self, strategy: str) -> list[Link]:
        """Links of the desk's owner that name a strategy: by them the hub's alerts trade, too."""
        return [link for link in self._links.values() if link.strategy == strategy and link.owner == OWNER]

    def all(self) -> list[Link]:
        return list(self._links.values())

    def seen(self, person: Person) -> list[Link]:
        """Newest first."""
        return [link for link in reversed(self._links.values()) if person.sees(link.owner)]

    def named(self, text: str, person: Person) -> Link | None:
        """By id, or by name in any case."""
        wanted = text.casefold()
        return next((link for link in self.seen(person) if wanted in {link.id, link.name.casefold()}), None)

    # doing

    async def create(self, said: Said, person: Person) -> tuple[Link, str] | Refused:
        """The link and its token, which is never told again."""
        if not person.may(Role.TRADER):
            return Refused("not_allowed", {"role": Role.TRADER.word})
        now, token = self._clock.now(), draw_token()
        blank = Link(LinkId(""), "", AccountName(""), "", now, token_hash(token))
        link = self._fitting(said_of(blank, said), person)
        if isinstance(link, Refused):
            return link
        link = replace(link, id=LinkId(derive_id(self._store.desk_id, "link", link.token_hash)))
        kept = await self._save(link, person, "link.created")
        return kept if isinstance(kept, Refused) else (kept, token)

    async def change(self, link_id: str, said: Said, person: Person) -> Link | Refused:
        """What stays unsaid stays as it is; null takes a percentage away."""
        async with self._writing:
            link = self._own(link_id, person)
            changed = link if isinstance(link, Refused) else self._fitting(said_of(link, said), person)
            if isinstance(changed, Refused):
                return changed
            return await self._save(changed, person, "link.changed")

    async def run(self, link_id: str, person: Person, *, running: bool) -> Link | Refused:
        """Resume or pause: the alerts of a paused link are kept and ignored."""
        return await self.change(link_id, {"running": running}, person)

    async def rotate(self, link_id: str, person: Person) -> tuple[Link, str] | Refused:
        """A new token; the old one opens nothing from now on."""
        token = draw_token()
        async with self._writing:
            link = self._own(link_id, person)
            if isinstance(link, Refused):
                return link
            kept = await self._save(replace(link, token_hash=token_hash(token)), person, "link.rotated")
        return kept if isinstance(kept, Refused) else (kept, token)

    async def delete(self, link_id: str, person: Person) -> Link | Refused:
        """What it holds stays protected, and is closed by hand."""
        async with self._writing:
            link = self._own(link_id, person)
            if isinstance(link, Refused):
                return link
            return await self._save(replace(link, deleted_at=self._clock.now()), person, "link.deleted")

    def _own(self, link_id: str, person: Person) -> Link | Refused:
        link = self._links.get(LinkId(link_id))
        if link is None or not person.sees(link.owner):
            return Refused("unknown_id", {"id": link_id})
        return link if person.may(Role.TRADER) else Refused("not_allowed", {"role": Role.TRADER.word})

    def _fitting(self, link: Link | Refused, person: Person) -> Link | Refused:
        """With the accounts under their own names; their owner is the link's."""
        if isinstance(link, Refused):
            return link
        account = self._directory.account(link.account, person)
        if isinstance(account, Refused):
            return account
        shares: list[Share] = []
        for share in link.accounts:
            other = self._directory.account(share.name, person)
            if isinstance(other, Refused):
                return other
            if other.owner != account.owner or other.name in {account.name, *(found.name for found in shares)}:
                return Refused("bad_field", {"name": "accounts", "value": share.name})
            shares.append(replace(share, name=other.name))
        return replace(link, account=account.name, accounts=tuple(shares), owner=account.owner)

    async def _save(self, link: Link, person: Person, action: str) -> Link | Refused:
        if link.paper:
            await self.on_paper([share.name for share in link.shares])
        audited = Audited(self._clock.now(), person.id, person.surface, action, link.id, _told(link))
        try:
            await self._store.save(LinkSet(link), audited)
        except Conflict:
            return Refused("name_taken", {"name": "name", "value": link.name})
        self._keep(link)
        log.info(action, extra={"link": link.id, "by": person.id})
        return link

    def _keep(self, link: Link) -> None:
        before = self._links.get(link.id)
        if before is not None:
            del self._by_hash[before.token_hash]
        if link.deleted_at is None:
            self._links[link.id] = link
            self._by_hash[link.token_hash] = link.id
        else:
            self._links.pop(link.id, None)


async def _nothing(_accounts: Collection[AccountName]) -> None:
    pass


def _told(link: Link) -> dict[str, str]:
    """For the audit trail: everything but the token."""
    fields = ("name", "account", "strategy", "stop_loss", "target", "trailing_stop", "quantity", "risk_percent")
    told = {name: str(value) for name in (*fields, "paper", "ask", "running") if (value := getattr(link, name))}
    shares = ", ".join(f"{share.name} x {share.multiplier}" for share in link.accounts)
    return told | ({"accounts": shares} if shares else {})
