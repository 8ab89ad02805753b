"""Credentials at rest: AES-256-GCM under a key that is not in the database. People write them and never read them."""

from __future__ import annotations

import base64
import hmac
import json
import logging
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.ports import Store
from core.values.changes import CredentialsSet
from core.values.errors import Broken
from core.values.ids import OWNER, AccountName, UserId

log = logging.getLogger(__name__)

KEY_BYTES, NONCE_BYTES = 32, 12
VAULT, BACKUP = "vault", "backup"
"""Which key: `NAME.key` in the data directory, or what systemd hands over as `openoutcry-NAME-key`
(LoadCredentialEncrypted=), in $CREDENTIALS_DIRECTORY."""

_SIGNING = b"openoutcry web tokens"


class KeyFile:
    """Keys in base64, a line each: the first seals, all of them open. Made on first use, for its owner alone."""

    def __init__(self, path: Path, *, ours: bool = True) -> None:
        self.path = path
        self._ours = ours
        """Whether the file is ours to make and to write; systemd's is not."""

    def read(self) -> Sequence[bytes]:
        """Raises Broken for a file that others may read, that cannot be read, or that holds no key."""
        try:
            if self._ours and not self.path.exists():
                self._write([os.urandom(KEY_BYTES)])
            if self._ours and stat.S_IMODE(self.path.stat().st_mode) & 0o077:
                raise Broken(f"{self.path} may be read by others: chmod 600")
            keys = [base64.b64decode(line, validate=True) for line in self.path.read_text("ascii").split()]
        except (OSError, ValueError) as error:
            raise Broken(f"the key {self.path} cannot be read") from error
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise Broken(f"the key {self.path} is no key: {KEY_BYTES} bytes in base64 are")
        return keys

    def begin_rotation(self) -> None:
        """A new key in front; the old ones still open. Systemd's file is changed by whoever made it."""
        if self._ours:
            self._write([os.urandom(KEY_BYTES), *self.read()])

    def end_rotation(self) -> None:
        if self._ours:
            self._write(self.read()[:1])

    def keep(self, keys: Sequence[bytes]) -> None:
        """Take over the keys of another file."""
        self._write(keys)

    def _write(self, keys: Sequence[bytes]) -> None:
        """Whole or not at all, on disk when it returns."""
        draft = self.path.with_name(f"{self.path.name}.new")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(b"".join(base64.b64encode(key) + b"\n" for key in keys))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)


def key_file(data_dir: Path, name: str = VAULT, environment: Mapping[str, str] = os.environ) -> KeyFile:
    """Systemd's credential where there is one, else `NAME.key` in the data directory."""
    handed = Path(environment.get("CREDENTIALS_DIRECTORY", os.devnull)) / f"openoutcry-{name}-key"
    if handed.is_file():
        return KeyFile(handed, ours=False)
    return KeyFile(data_dir / f"{name}.key")


class SealedVault:
    """Implements `core.ports.Vault` over a journal. Each account's name is bound to what is sealed for it, so that a
    row put in another's place opens nothing."""

    def __init__(self, store: Store, keys: KeyFile) -> None:
        self._store = store
        self._keys = keys

    async def put(self, account: AccountName, fields: Mapping[str, str], owner: UserId) -> None:
        sealed = _seal(self._keys.read()[0], account, fields) if fields else None
        await self._store.save(CredentialsSet(account, sealed, owner))

    async def get(self, account: AccountName) -> Mapping[str, str]:
        sealed = await self._store.sealed(account)
        return {} if sealed is None else _open(self._keys.read(), account, sealed)

    async def forget(self, account: AccountName) -> None:
        await self._store.save(CredentialsSet(account, None, OWNER))

    async def rotate(self) -> int:
        """Seal everything anew under a new key; how many accounts. A kill in the middle leaves all of it readable."""
        self._keys.begin_rotation()
        keys, kept = self._keys.read(), (await self._store.roll()).credentials
        opened = {account: (_open(keys, account, sealed), owner) for account, (sealed, owner) in kept.items()}
        changes = [CredentialsSet(a, _seal(keys[0], a, fields), owner) for a, (fields, owner) in opened.items()]
        await self._store.save(*changes)
        self._keys.end_rotation()
        return len(changes)


def signing_key(keys: KeyFile) -> bytes:
    """The key of this desk's web tokens: the vault's, expanded (HKDF, RFC 5869, 2.3). Where that cannot be read, one
    for this run."""
    try:
        return hmac.digest(keys.read()[0], _SIGNING + b"\x01", "sha256")
    except Broken as error:
        log.warning("web tokens end with this run", extra={"reason": str(error)})
        return os.urandom(KEY_BYTES)


def _seal(key: bytes, account: AccountName, fields: Mapping[str, str]) -> str:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - only where credentials are kept

    nonce = os.urandom(NONCE_BYTES)
    text = json.dumps(dict(fields)).encode()
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, text, account.encode())).decode("ascii")


def _open(keys: Sequence[bytes], account: AccountName, sealed: str) -> Mapping[str, str]:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - see above

    raw = base64.b64decode(sealed)
    nonce, box = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
    for key in keys:
        try:
            fields: Mapping[str, str] = json.loads(AESGCM(key).decrypt(nonce, box, account.encode()))
        except InvalidTag:
            continue
        return fields
    raise Broken(f"the vault's key does not fit what is kept for account {account}")
