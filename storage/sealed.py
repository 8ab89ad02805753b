"""Files that only a key opens: AES-256-GCM in pieces, so that a large file needs little memory.

The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015), as the tool age uses it: a piece's nonce is its
number and whether it is the last, so that pieces can neither be moved nor left out nor cut off. Each file has a key of
its own: HKDF-SHA256 of ours and a salt that stands in front.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.values.errors import Broken

MAGIC = b"openoutcry sealed 1\n"
SALT_BYTES, TAG_BYTES = 32, 16
PIECE = 64 * 1024


class Sealer:
    """Seals what is written into `file`. Without `close` the file has no end, and opens for nobody."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        salt = os.urandom(SALT_BYTES)
        file.write(MAGIC + salt)
        self._file = file
        self._cipher = _cipher(key, salt)
        self._held = bytearray()
        self._number = 0

    def write(self, data: bytes) -> int:
        self._held += data
        while len(self._held) > PIECE:  # which one is the last is known at the end only
            self._put(bytes(self._held[:PIECE]), last=False)
            del self._held[:PIECE]
        return len(data)

    def close(self) -> None:
        self._put(bytes(self._held), last=True)

    def _put(self, piece: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last=last), piece, None))
        self._number += 1


class Opener:
    """Reads what a Sealer wrote, with the first of `keys` that fits. Nothing is handed out that was not checked."""

    def __init__(self, file: BinaryIO, keys: Sequence[bytes]) -> None:
        """Raises Broken for a file of another kind, or where no key fits."""
        head = file.read(len(MAGIC) + SALT_BYTES)
        if not head.startswith(MAGIC):
            raise Broken("this is no backup of a desk")
        self._file = file
        self._next = file.read(PIECE + TAG_BYTES)
        self._following = file.read(PIECE + TAG_BYTES)
        self._number = 0
        self._cipher = self._fitting([_cipher(key, head[len(MAGIC) :]) for key in keys])
        self._held = bytearray()

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; fewer only at the end. Raises Broken for a file that was changed or cut off."""
        while len(self._held) < size and self._next:
            try:
                self._held += self._opened(self._cipher)
            except InvalidTag:
                raise Broken("the backup is damaged, or was cut off") from None
            self._next, self._following = self._following, self._file.read(PIECE + TAG_BYTES)
            self._number += 1
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken

    def _fitting(self, ciphers: Sequence[AESGCM]) -> AESGCM:
        for cipher in ciphers:
            try:
                self._opened(cipher)
            except InvalidTag:
                continue
            return cipher
        raise Broken("the key does not open this backup, or the backup is damaged")

    def _opened(self, cipher: AESGCM) -> bytes:
        return cipher.decrypt(_nonce(self._number, last=not self._following), self._next, None)


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, b"openoutcry sealed file").derive(key))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
