"""The address of the database that a search is kept in. Nothing of it is ever told: there is a password in it.

Importing this wants the extra `optimise`.
"""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from core.values.errors import Broken

FORM = "write it as postgresql://user:password@host/database or sqlite:///file"
_PARTS = {"user": "username", "password": "password", "host": "host", "port": "port", "dbname": "database"}
"""libpq's names of what stands before the `?`, and SQLAlchemy's."""


def address_of(text: str) -> URL:
    """PostgreSQL is spoken with psycopg 3. Raises Broken saying what is wrong with it."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise Broken(FORM) from None
    if url.drivername == "sqlite":
        return _file(url)
    if url.drivername not in {"postgresql", "postgresql+psycopg"} or not 1 <= (url.port or 1) < 65536:
        raise Broken(FORM)
    if "@" in (url.host or ""):
        raise Broken("an @ in a password is written as %40")
    return _known_options(url.set(drivername="postgresql+psycopg"))


def resolved(text: str) -> str:
    """The address with what our environment adds to it (PGPASSWORD, PGSSLMODE and the like): workers are given none.
    What PGSERVICE names in the file of PGSERVICEFILE is written out: only the environment can tell where that is.
    Raises Broken as `address_of` does."""
    url = address_of(text)
    if url.drivername != "sqlite":
        from psycopg.pq import Conninfo  # noqa: PLC0415 - a file needs no PostgreSQL

        said = {*url.query, *(name for name, part in _PARTS.items() if getattr(url, part) is not None)}
        known = ((option, option.keyword.decode()) for option in Conninfo.get_defaults())
        served = {"PGSERVICE", "PGSERVICEFILE"} <= os.environ.keys()
        said |= {"service"} if served else set()
        added = {
            keyword: option.val.decode()
            for option, keyword in known
            if option.val
            and keyword not in said
            and (served or (option.envvar and option.envvar.decode() in os.environ))
        }
        url = url.update_query_dict(added)
    return url.render_as_string(hide_password=False)


def _file(url: URL) -> URL:
    """Workers share it, so that it is a file."""
    if url.host is not None or url.database in {None, "", ":memory:"}:
        raise Broken(FORM)
    path = Path(url.database or "")
    if path.is_dir() or not path.parent.is_dir():
        raise Broken("there is no directory for this file" if not path.is_dir() else "it is a directory, and no file")
    return url


def _known_options(url: URL) -> URL:
    from psycopg import ProgrammingError  # noqa: PLC0415 - a file needs no PostgreSQL
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415 - as above

    try:
        make_conninfo("", **dict.fromkeys(url.query, "1"))
    except ProgrammingError:
        raise Broken("a word after the ? is no option of PostgreSQL") from None
    return url
