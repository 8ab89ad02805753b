"""A second thing to show at the login: the code of a telephone, or one of ten that were written down.

What is secret is kept by the vault, as credentials are; the codes that were written down stand there as hashes.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping

from core.ports import Clock, Store, Vault
from core.rules.otp import SECRET_BYTES, enrolment, secret_text, step_of
from core.services.tokens import token_hash
from core.services.users import Throttle
from core.values.changes import Audited
from core.values.ids import AccountName, UserId
from core.values.orders import Refused
from core.values.people import Person, Role, Roll

RECOVERY_CODES, RECOVERY_BYTES = 10, 5
PENDING_MAX = 100


class SecondFactor:
    """clock: real time. Refused: `wrong_code`, `too_many_logins`, `no_second_factor`, `has_second_factor`."""

    def __init__(self, store: Store, vault: Vault, clock: Clock) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._pending: dict[UserId, str] = {}
        self._throttle = Throttle()
        self._using = asyncio.Lock()

    async def has(self, user: UserId) -> bool:
        return bool(await self._vault.get(_place(user)))

    def among(self, roll: Roll) -> set[UserId]:
        """Those of the roll who have one."""
        return {user.id for user in roll.users if _place(user.id) in roll.credentials}

    async def begin(self, person: Person) -> tuple[str, str] | Refused:
        """A new secret and the address that authenticators read; in force once `confirm` has seen its code."""
        if await self.has(person.id):
            return Refused("has_second_factor", {})
        secret = secret_text(secrets.token_bytes(SECRET_BYTES))
        if len(self._pending) >= PENDING_MAX:
            self._pending.clear()
        self._pending[person.id] = secret
        return secret, enrolment(secret, person.name)

    async def confirm(self, person: Person, code: str) -> list[str] | Refused:
        """From now on the login asks for a code. Returns what is to be written down, told this once."""
        secret = self._pending.get(person.id)
        if secret is None:
            return Refused("no_second_factor", {})
        step = step_of(secret, code, self._clock.now())
        if step is None:
            return Refused("wrong_code", {})
        codes = [secrets.token_hex(RECOVERY_BYTES) for _ in range(RECOVERY_CODES)]
        kept = {"secret": secret, "step": str(step), "recovery": " ".join(map(token_hash, codes))}
        await self._vault.put(_place(person.id), kept, person.id)
        await self._audit(person, "login.second_factor_on")
        del self._pending[person.id]
        return codes

    async def check(self, user: UserId, code: str) -> Refused | None:
        """None for a right code, which is used up; also for somebody who needs none."""
        if not await self.has(user):
            return None
        now = self._clock.now()
        if not self._throttle.allows(user, now):
            return Refused("too_many_logins", {})
        self._throttle.failed(user, now)
        async with self._using:  # one code opens once, also for two that come together
            after = self._used(await self._vault.get(_place(user)), code.strip().lower())
            if after is None:
                return Refused("wrong_code", {})
            await self._vault.put(_place(user), after, user)
        self._throttle.forget(user)
        return None

    def _used(self, kept: Mapping[str, str], code: str) -> Mapping[str, str] | None:
        """What is kept once this code was used; None for a wrong one, or one that was used before."""
        step = step_of(kept["secret"], code, self._clock.now())
        if step is not None and step > int(kept["step"]):
            return {**kept, "step": str(step)}
        written = kept["recovery"].split()
        if token_hash(code) not in written:
            return None
        return {**kept, "recovery": " ".join(each for each in written if each != token_hash(code))}

    async def stop(self, person: Person, code: str) -> Refused | None:
        """The login asks for no code any more."""
        if not await self.has(person.id):
            return Refused("no_second_factor", {})
        refused = await self.check(person.id, code)
        if refused is None:
            await self._forget(person.id, person)
        return refused

    async def reset(self, user: UserId, by: Person) -> Refused | None:
        """Of somebody who lost telephone and paper: an admin's word."""
        if not by.may(Role.ADMIN):
            return Refused("not_allowed", {"role": Role.ADMIN.word})
        if not await self.has(user):
            return Refused("no_second_factor", {})
        await self._forget(user, by)
        return None

    async def _forget(self, user: UserId, by: Person) -> None:
        await self._vault.forget(_place(user))
        await self._audit(by, "login.second_factor_off", user)

    async def _audit(self, by: Person, action: str, user: UserId | None = None) -> None:
        await self._store.save(Audited(self._clock.now(), by.id, by.surface, action, user or by.id, {}))


def _place(user: UserId) -> AccountName:
    """No account's name holds a slash."""
    return AccountName(f"totp/{user}")
