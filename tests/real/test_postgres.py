"""The PostgreSQL that other tests stand on."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from tests.servers.postgres import PASSWORD, Postgres

pytestmark = pytest.mark.real


def test_databases_are_apart_and_their_address_quotes_the_password(postgres: Postgres) -> None:
    """Each call makes another one; a password with / and @ does not break the address."""
    first, second = postgres.database(), postgres.database()
    assert first != second
    assert (urlsplit(first).hostname, urlsplit(first).port) == ("127.0.0.1", postgres.port)
    assert PASSWORD not in first


def test_it_goes_away_and_comes_back(postgres: Postgres) -> None:
    """Nobody answers while it is away, and somebody does after it."""
    with postgres.away(), pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", postgres.port), timeout=5).close()
    socket.create_connection(("127.0.0.1", postgres.port), timeout=5).close()
