"""What is stored of a body: all but its secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

from kit.http import ApiError
from kit.secrets import MASK
from webhook_receiver.fields import fold

_SECRET_WORDS = ("passphrase", "password", "secret", "token", "apikey")
_QUOTED_MASK = f'"{MASK}"'
_TELLING = 6
"""A secret this long is looked for inside of other words; a shorter one would be found by chance."""


def looks_secret(name: str) -> bool:
    folded = fold(name)
    return any(word in folded for word in _SECRET_WORDS)


@lru_cache(maxsize=256)  # a template's names are the same in every alert
def _one_secret(*names: str) -> bool:
    return sum(map(looks_secret, names)) == 1


@lru_cache(maxsize=256)
def any_secret(*names: str) -> bool:
    """Whether one of the names looks like a secret's."""
    return any(map(looks_secret, names))


class Mask:
    """Hides one known secret, and every field whose name looks like one.

    The usual body has the secret once, plainly written: there its text is replaced and all else stays as sent. Any
    other body is encoded anew from its fields.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._quoted = json.dumps(secret, ensure_ascii=False)

    def __call__(self, text: str, fields: Mapping[str, object]) -> str:
        body = text.replace(self._quoted, _QUOTED_MASK)
        if body == text or not _one_secret(*fields) or _nested(text, fields):
            body = _encoded_anew(fields)
        return body.replace(self._secret, MASK) if len(self._secret) >= _TELLING else body


def _nested(text: str, fields: Mapping[str, object]) -> bool:
    if text.count("{") + text.count("[") == 1:
        return False
    return any(isinstance(value, dict | list) for value in fields.values())


def _encoded_anew(fields: Mapping[str, object]) -> str:
    try:
        return json.dumps(_masked(fields), ensure_ascii=False)
    except RecursionError:
        raise ApiError(422, "body_unreadable", "the body is nested too deeply") from None


def _masked(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: MASK if looks_secret(name) else _masked(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked(item) for item in value]
    return value
