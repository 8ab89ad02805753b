"""Who is asking."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import Request
from multidict import CIMultiDict, CIMultiDictProxy

from kit.auth import bearer, host_allowed, networks, origin_allowed, real_peer, same_secret, site_of


def asked(*headers: tuple[str, str], peer: str = "10.0.0.9") -> Request:
    """A request of aiohttp's own making, as its server would hand it over."""
    return make_mocked_request("GET", "/", headers=CIMultiDictProxy(CIMultiDict(headers))).clone(remote=peer)


@pytest.mark.parametrize(
    ("given", "expected", "same"),
    [
        ("abc", "abc", True),
        ("abd", "abc", False),
        ("ab", "abc", False),
        ("\u00e9", "e", False),
        ("\ud800", "\ud800", True),
        ("\ud800", "x", False),
        ("", "", False),
        (None, "", False),
        (None, "abc", False),
        ("abc", "", False),
    ],
)
def test_le_03_secrets_are_compared_as_bytes(given: str | None, expected: str, *, same: bool) -> None:
    """Half characters and letters beyond ASCII do not raise; an empty secret is none."""
    assert same_secret(given, expected) is same


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Basic abc", None),
        ("Bearer", None),
        ("Bearer ", None),
        ("", None),
    ],
)
def test_a_bearer_token_is_what_follows_the_word(header: str, token: str | None) -> None:
    """Other schemes are none."""
    assert bearer(asked(("Authorization", header))) == token


@pytest.mark.parametrize(
    ("peer", "forwarded", "real"),
    [
        ("203.0.113.7", ["1.2.3.4"], "203.0.113.7"),
        ("10.0.0.1", ["1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6", "1.2.3.4, 10.0.0.2"], "1.2.3.4"),
        ("10.0.0.1", ["1.2.3.4, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.3"], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
    ],
)
def test_forwarded_addresses_count_only_from_trusted_proxies(peer: str, forwarded: list[str], real: str) -> None:
    """And then only the right-most one that is not a proxy of ours."""
    request = asked(*[("X-Forwarded-For", value) for value in forwarded], peer=peer)
    assert real_peer(request, networks(["10.0.0.0/24"])) == real


def test_without_trusted_proxies_the_peer_is_the_peer() -> None:
    """Whatever it says of itself."""
    assert real_peer(asked(("X-Forwarded-For", "1.2.3.4")), ()) == "10.0.0.9"


@pytest.mark.parametrize(
    ("peer", "site"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:0:1::7", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff::9", "2001:db8:0:1::/64"),
        ("2001:db8:0:2::7", "2001:db8:0:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.7"),
        ("", ""),
    ],
)
def test_strangers_of_one_subscriber_are_one(peer: str, site: str) -> None:
    """IPv6 gives everybody more addresses than can be counted."""
    assert site_of(peer) == site


def test_an_address_that_is_none_is_refused() -> None:
    """At start, by name."""
    with pytest.raises(ValueError, match="my proxy"):
        networks(["my proxy"])


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("localhost", True),
        ("LOCALHOST:8089", True),
        ("127.0.0.1:8089", True),
        ("[::1]:8089", True),
        ("[::1]", True),
        ("desk.example", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_only_our_own_names_are_allowed_hosts(host: str, *, allowed: bool) -> None:
    """A stranger's name that points here is DNS rebinding."""
    assert host_allowed(asked(("Host", host)), {"desk.example"}) is allowed


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://127.0.0.1:8089", True),
        ("https://127.0.0.1:8089", True),
        ("http://127.0.0.1:9999", False),
        ("http://evil.example", False),
        ("null", False),
        ("file://127.0.0.1:8089", False),
    ],
)
def test_only_our_own_pages_are_allowed_origins(origin: str | None, *, allowed: bool) -> None:
    """No Origin is no browser, or a plain visit."""
    headers = [("Host", "127.0.0.1:8089")] + ([("Origin", origin)] if origin is not None else [])
    assert origin_allowed(asked(*headers)) is allowed
