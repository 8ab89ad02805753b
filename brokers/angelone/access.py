"""Where, as whom, and with what a session is opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

PUBLIC = "https://apiconnect.angelone.in"
STREAM = "wss://smartapisocket.angelone.in/smart-stream"
ORDER_STREAM = "wss://tns.angelone.in/smart-order-update"
INSTRUMENTS = "https://margincalculator.angelone.in/OpenAPI_File/files/OpenAPIScripMaster.json"


@dataclass(frozen=True, slots=True)
class Access:
    """stream_url, orders_url, instruments_url: empty = the venue's own, or beside a base_url that is not.
    public_ip: the registered address, told along with every call."""

    base_url: str
    client_id: str
    api_key: str = field(repr=False)
    password: str = field(repr=False)
    totp_secret: str = field(repr=False)
    stream_url: str = ""
    orders_url: str = ""
    instruments_url: str = ""
    public_ip: str = ""

    @property
    def complete(self) -> bool:
        return all((self.client_id, self.api_key, self.password, self.totp_secret))

    @property
    def stream(self) -> str:
        return self.stream_url or self._beside(STREAM)

    @property
    def orders(self) -> str:
        return self.orders_url or self._beside(ORDER_STREAM)

    @property
    def instruments(self) -> str:
        return self.instruments_url or self._beside(INSTRUMENTS)

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.base_url, self.stream, self.orders, self.instruments

    def _beside(self, public: str) -> str:
        if self.base_url.rstrip("/") == PUBLIC:
            return public
        base, wanted = urlsplit(self.base_url), urlsplit(public)
        scheme = base.scheme.replace("http", "ws") if wanted.scheme == "wss" else base.scheme
        return f"{scheme}://{base.netloc}{wanted.path}"


@dataclass(frozen=True, slots=True)
class Tokens:
    """Of one session. refresh: buys the next without a login, once."""

    jwt: str = field(repr=False)
    refresh: str = field(repr=False)
    feed: str = field(repr=False)


def secure(url: str) -> bool:
    """TLS, or a host that is this machine."""
    parts = urlsplit(url)
    return parts.scheme in {"https", "wss"} or parts.hostname in {"127.0.0.1", "::1", "localhost"}
