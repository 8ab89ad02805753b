"""Passwords as they are kept."""

from __future__ import annotations

from core.rules.passwords import hash_password, password_fits


def test_ao_01_only_the_same_password_fits() -> None:
    """Whatever characters it holds."""
    kept = hash_password("пароль \ud800", b"s" * 16)
    assert password_fits("пароль \ud800", kept)
    assert not password_fits("пароль", kept)


def test_ao_01_a_salt_makes_equal_passwords_different() -> None:
    """And the parameters stand in the text, so that they can grow."""
    one, two = (hash_password("password", salt * 16) for salt in (b"a", b"b"))
    assert one != two
    assert one.startswith("scrypt$32768$8$1$")
    old = "scrypt$2$8$1$c2FsdHNhbHRzYWx0c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    assert not password_fits("password", old)
