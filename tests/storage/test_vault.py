"""Credentials at rest."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.values.changes import CredentialsSet
from core.values.errors import Broken
from core.values.ids import AccountName
from storage.sqlite import open_store
from storage.sqlite.store import SqliteStore
from storage.vault import VAULT, KeyFile, SealedVault, key_file, signing_key
from tests.contracts.samples import BOB, NOON

MAIN, OTHER = AccountName("Main"), AccountName("Other")
SECRETS = {"api_key": "a key nobody may read", "totp_secret": "JBSWY3DPEHPK3PXP"}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await open_store(tmp_path / "journal.db", ManualClock(NOON))
    yield opened
    await opened.close()


@pytest.fixture
def vault(store: SqliteStore, tmp_path: Path) -> SealedVault:
    return SealedVault(store, KeyFile(tmp_path / "vault.key"))


def everything_in(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.iterdir())


async def test_ao_03_no_file_but_the_key_gives_a_credential_away(
    store: SqliteStore, vault: SealedVault, tmp_path: Path
) -> None:
    """They come back equal, and no plain text of them is in any file."""
    await vault.put(MAIN, SECRETS, BOB)
    assert await vault.get(MAIN) == SECRETS
    kept = everything_in(tmp_path)
    assert not [secret for secret in SECRETS.values() if secret.encode() in kept]
    assert not [secret for secret in SECRETS.values() if base64.b64encode(secret.encode()) in kept]


async def test_equal_credentials_are_sealed_differently(store: SqliteStore, vault: SealedVault) -> None:
    """Nobody sees that two accounts share a password."""
    await vault.put(MAIN, SECRETS, BOB)
    await vault.put(OTHER, SECRETS, BOB)
    sealed = (await store.roll()).credentials
    assert sealed[MAIN][0] != sealed[OTHER][0]


async def test_credentials_open_for_their_account_alone(store: SqliteStore, vault: SealedVault) -> None:
    """A row put in another's place is Broken."""
    await vault.put(MAIN, SECRETS, BOB)
    [(sealed, _)] = (await store.roll()).credentials.values()
    await store.save(CredentialsSet(OTHER, sealed, BOB))
    with pytest.raises(Broken, match="Other"):
        await vault.get(OTHER)


async def test_forgotten_credentials_are_gone(store: SqliteStore, vault: SealedVault) -> None:
    """Nothing is left to open; the same for empty ones."""
    await vault.put(MAIN, SECRETS, BOB)
    await vault.forget(MAIN)
    await vault.put(OTHER, {}, BOB)
    assert await vault.get(MAIN) == await vault.get(OTHER) == {}


async def test_another_key_is_told(store: SqliteStore, vault: SealedVault, tmp_path: Path) -> None:
    """Broken names the account and no secret."""
    await vault.put(MAIN, SECRETS, BOB)
    with pytest.raises(Broken, match="does not fit"):
        await SealedVault(store, KeyFile(tmp_path / "other.key")).get(MAIN)


@pytest.mark.parametrize("text", ["", "no key\n", "AAAA\n", "ключ\n"])
async def test_a_key_that_is_none_is_told(store: SqliteStore, tmp_path: Path, text: str) -> None:
    """32 bytes in base64, or Broken."""
    path = tmp_path / "vault.key"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(Broken, match="key"):
        await SealedVault(store, KeyFile(path)).put(MAIN, SECRETS, BOB)


async def test_the_key_is_its_owners_alone(store: SqliteStore, vault: SealedVault, tmp_path: Path) -> None:
    """Made so; refused once others may read it."""
    await vault.put(MAIN, SECRETS, BOB)
    path = tmp_path / "vault.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    with pytest.raises(Broken, match="chmod 600"):
        await vault.get(MAIN)


async def test_w_48_a_rotated_key_opens_what_the_old_one_sealed(
    store: SqliteStore, vault: SealedVault, tmp_path: Path
) -> None:
    """Everything is sealed anew, and the old key opens nothing any more."""
    await vault.put(MAIN, SECRETS, BOB)
    before = (tmp_path / "vault.key").read_bytes()
    assert await vault.rotate() == 1
    assert await vault.get(MAIN) == SECRETS
    old = tmp_path / "old.key"
    old.write_bytes(before)
    old.chmod(0o600)
    with pytest.raises(Broken):
        await SealedVault(store, KeyFile(old)).get(MAIN)


async def test_a_rotation_that_was_cut_off_loses_nothing(
    store: SqliteStore, vault: SealedVault, tmp_path: Path
) -> None:
    """Both keys open until everything is sealed anew, and the next rotation ends it."""
    await vault.put(MAIN, SECRETS, BOB)
    KeyFile(tmp_path / "vault.key").begin_rotation()
    assert await vault.get(MAIN) == SECRETS
    await vault.rotate()
    assert await vault.get(MAIN) == SECRETS
    assert len((tmp_path / "vault.key").read_text().split()) == 1


async def test_systemd_may_hand_the_key_over(store: SqliteStore, tmp_path: Path) -> None:
    """Then none is made beside the journal."""
    handed = tmp_path / "handed"
    handed.mkdir()
    (handed / "openoutcry-vault-key").write_bytes(base64.b64encode(os.urandom(32)))
    vault = SealedVault(store, key_file(tmp_path, VAULT, {"CREDENTIALS_DIRECTORY": str(handed)}))
    await vault.put(MAIN, SECRETS, BOB)
    assert await vault.get(MAIN) == SECRETS
    assert not (tmp_path / "vault.key").exists()


def test_web_tokens_are_signed_with_a_key_of_the_vaults(tmp_path: Path) -> None:
    """The same at every start, another one for another vault; a key that cannot be read ends with the run."""
    keys, other = KeyFile(tmp_path / "vault.key"), KeyFile(tmp_path / "other.key")
    assert signing_key(keys) == signing_key(keys) != signing_key(other)
    keys.path.chmod(0o644)
    assert signing_key(keys) != signing_key(keys)
