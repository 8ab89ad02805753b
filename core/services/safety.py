"""The desk's risk state: ACTIVE, REDUCING, HALTED (DESIGN 6). HALTED is latched; only a person's /arm frees it.

REDUCING is one account's, from its daily loss on until the next UTC day, whatever its equity does meanwhile.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from core.ports import Clock, KillSwitch, Store
from core.services import telling
from core.values.accounts import Account, Halt, Margin, RiskState
from core.values.changes import Audited, Change, FlagSet, NoticeMade
from core.values.errors import DeskError
from core.values.ids import OWNER, AccountName, UserId
from core.values.money import ZERO, plain
from core.values.orders import Refused

log = logging.getLogger(__name__)


class Safety:
    """One halt for the whole desk, and per account the day's starting equity for the daily loss limit."""

    def __init__(self, store: Store, switch: KillSwitch, clock: Clock) -> None:
        self._store = store
        self._switch = switch
        self._clock = clock
        self._halt = switch.read()
        self._latched = True
        self._day_equity: dict[AccountName, tuple[str, Decimal]] = {}
        self._reducing: dict[AccountName, tuple[datetime, Refused]] = {}
        self.doubted: dict[AccountName, Refused] = {}
        """Accounts whose broker tells otherwise than our books, and why they take no new risk."""

        self.unsettled: dict[AccountName, Refused] = {}
        """Accounts whose broker has not answered since the start, and that."""

    @property
    def halt(self) -> Halt | None:
        return self._halt

    def state(self, *accounts: AccountName) -> RiskState:
        """Of the desk, and the worst of these accounts."""
        if self._halt is not None:
            return RiskState.HALTED
        return RiskState.REDUCING if any(map(self.held_back, accounts)) else RiskState.ACTIVE

    def held_back(self, account: AccountName) -> Refused | None:
        """Why this account takes no new risk now."""
        if self._halt is not None:
            return Refused("halted")
        return self.unsettled.get(account) or self.doubted.get(account) or self._loss(account)

    def _loss(self, account: AccountName) -> Refused | None:
        return None if self.reducing_since(account) is None else self._reducing[account][1]

    def reducing_since(self, account: AccountName) -> datetime | None:
        """When it had lost too much today; None where it has not."""
        since, _ = self._reducing.get(account, (None, None))
        return since if since is not None and since.date() == self._clock.now().date() else None

    def _today(self) -> str:
        return self._clock.now().date().isoformat()

    async def reduce(self, account: Account, why: Refused) -> datetime:
        """Only exits on this account from now on for the rest of the UTC day, also after a restart. In force before it
        is written; where it cannot be, it is not so, that the next try tells people. Raises DeskError then."""
        now = self._clock.now()
        self._reducing[account.name] = (now, why)
        log.warning("reducing", extra={"account": account.name, **why.params})
        kept = FlagSet(_reducing(account.name), json.dumps([now.isoformat(), why.params]))
        notice = telling.reducing(self._store.desk_id, account, why, now)
        audited = Audited(now, account.owner, "desk", "risk.reducing", account.name, dict(why.params))
        try:
            await self._store.save(kept, audited, NoticeMade(notice))
        except DeskError:
            del self._reducing[account.name]
            raise
        return now

    async def load(self, accounts: Iterable[AccountName]) -> None:
        """Know again which of them lost too much today."""
        for account in accounts:
            if (kept := await self._store.flag(_reducing(account))) is not None:
                since, params = json.loads(kept)  # journals of before hold the day alone
                moment = datetime.fromisoformat(since).replace(tzinfo=UTC)
                self._reducing[account] = (moment, Refused("daily_loss", params))

    async def kill(self, by: UserId, surface: str, reason: str) -> bool:
        """Latch HALTED; in force before anything is written, and also where nothing can be. False when it was so."""
        if self._halt is not None:
            return False
        self._halt = Halt(self._clock.now(), by, reason)
        self._latch(self._halt)
        log.warning("halted", extra={"by": by, "reason": reason})
        await self.announce(self._halt, surface)
        return True

    def _latch(self, halt: Halt) -> None:
        try:
            self._switch.set(halt)
        except OSError:  # a full disk must not keep anybody from stopping: it holds in memory, and is tried again
            log.critical("the halt is not on disk", exc_info=True)
            self._latched = False
        else:
            self._latched = True

    async def announce(self, halt: Halt, surface: str) -> None:
        """Tell everybody and the audit trail."""
        notice = telling.halted(self._store.desk_id, halt)
        await self._note_if_possible(UserId(halt.by), surface, "risk.halted", halt.reason, NoticeMade(notice))

    async def arm(self, by: UserId, surface: str) -> bool:
        """Free the latch; a journal that is away does not undo that. False when nothing was halted."""
        if self._halt is None:
            return False
        self._switch.clear()
        self._halt, self._latched = None, True
        log.warning("armed", extra={"by": by})
        await self._note_if_possible(by, surface, "risk.armed", "")
        return True

    async def look_outside(self) -> Halt | None:
        """Take over what `openoutcry kill` or `arm` did from another process, and say so; the halt that is new."""
        if self._halt is not None and not self._latched:
            self._latch(self._halt)
            return None
        before, self._halt = self._halt, self._switch.read()
        if before is not None and self._halt is None:
            await self._note_if_possible(OWNER, "cli", "risk.armed", "")
        if before is not None or self._halt is None:
            return None
        await self.announce(self._halt, "cli")
        return self._halt

    async def day_profit(self, account: AccountName, margin: Margin) -> Decimal:
        """Equity gained since the first look of this UTC day, in the account's currency; negative = lost."""
        day = self._today()
        known = self._day_equity.get(account)
        if known is None or known[0] != day:
            known = (day, await self._start_of_day(account, day, margin))
            self._day_equity[account] = known
        return margin.equity - known[1] if known[1] else ZERO

    async def _start_of_day(self, account: AccountName, day: str, margin: Margin) -> Decimal:
        key = f"day_equity:{account}"
        kept_day, _, kept = (await self._store.flag(key) or "").partition(" ")
        if kept_day == day and kept:
            return Decimal(kept)
        await self._store.save(FlagSet(key, f"{day} {plain(margin.equity)}"))
        return margin.equity

    async def _note_if_possible(self, by: UserId, surface: str, action: str, reason: str, *also: Change) -> None:
        """A journal that cannot be written undoes nothing, and ends nobody who watches."""
        try:
            await self._note(by, surface, action, reason, *also)
        except DeskError as error:
            log.critical("not in the journal", extra={"action": action, "reason": str(error)})

    async def _note(self, by: UserId, surface: str, action: str, reason: str, *also: Change) -> None:
        await self._store.save(Audited(self._clock.now(), by, surface, action, "risk", {"reason": reason}), *also)


def _reducing(account: AccountName) -> str:
    return f"reducing:{account}"
