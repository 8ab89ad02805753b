"""Who is asking: secrets compared in constant time, the peer behind proxies, and guards of routes a browser reaches."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import web

Networks = tuple[IPv4Network | IPv6Network, ...]

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


def same_secret(given: str | None, expected: str) -> bool:
    """Constant-time equality. An empty `expected` means that there is no secret, and nothing equals that."""
    if given is None or not expected:
        return False
    return hmac.compare_digest(given.encode(errors="surrogatepass"), expected.encode(errors="surrogatepass"))


def bearer(request: web.BaseRequest) -> str | None:
    """The token of an `Authorization: Bearer ...` header."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def networks(texts: Iterable[str]) -> Networks:
    """Addresses and CIDR ranges. Raises ValueError naming the first that is neither."""
    return tuple(ip_network(text.strip(), strict=False) for text in texts)


def real_peer(request: web.BaseRequest, trusted_proxies: Networks) -> str:
    """The address that speaks to us or to our outermost trusted proxy.

    X-Forwarded-For counts only where the peer itself is trusted, and then its right-most untrusted hop: all that
    stands left of it is the client's own word.
    """
    peer = request.remote or ""
    if not trusted_proxies or not _trusted(_address(peer), trusted_proxies):
        return peer
    hops = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    for hop in reversed(hops):
        address = _address(hop.strip())
        if address is None:
            return peer
        if not _trusted(address, trusted_proxies):
            return str(address)
    return peer


def site_of(peer: str) -> str:
    """What strangers are counted by: an IPv4 address, or the /64 of an IPv6 one. A subscriber has no less than that,
    and could come from another address of it each time."""
    address = _address(peer)
    return str(IPv6Network((int(address), 64), strict=False)) if isinstance(address, IPv6Address) else peer


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _trusted(address: IPv4Address | IPv6Address | None, trusted: Networks) -> bool:
    return address is not None and any(address in network for network in trusted)


def host_allowed(request: web.BaseRequest, names: Collection[str] = ()) -> bool:
    """The Host header names us: a loopback name or one of `names` (lower case, no port; IPv6 in brackets).

    Stops DNS rebinding, where a stranger's name is made to point at this machine.
    """
    host = _without_port(request.headers.get("Host", ""))
    return host in _LOOPBACK_NAMES or host in names


def origin_allowed(request: web.BaseRequest) -> bool:
    """No Origin (no browser, or a plain visit), or this very host and port."""
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    scheme, _, host = origin.lower().partition("://")
    return scheme in {"http", "https"} and host != "" and host == request.headers.get("Host", "").lower()


def _without_port(host: str) -> str:
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isascii() and port.isdigit() else host.lower()
