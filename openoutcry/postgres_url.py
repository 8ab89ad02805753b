"""The address of a database, as a type of settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, SecretStr


def is_postgres(address: str) -> bool:
    return address.startswith(("postgresql://", "postgres://"))


def _checked(given: SecretStr) -> SecretStr:
    """It holds a password: what is wrong with it is told without it."""
    if given and not is_postgres(given.get_secret_value()):
        raise ValueError("must be postgresql://user:password@host/database, or empty for SQLite")
    return given


PostgresUrl = Annotated[SecretStr, AfterValidator(_checked)]
