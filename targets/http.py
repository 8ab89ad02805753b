"""Each alert posted to a URL, signed so that the receiver knows who sent it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime

from aiohttp import ClientError, ClientSession, ClientTimeout

from core.values.errors import Rejected, Transient
from core.values.raw import RawAlert

TIMEOUT_S = 8.0


def signature(secret: str, epoch: int, body: bytes) -> str:
    """`t=EPOCH,v1=HEX`: HMAC-SHA256 of `EPOCH.BODY` under the secret, so that an old request cannot be played again."""
    digest = hmac.new(secret.encode(), b"%d.%b" % (epoch, body), hashlib.sha256).hexdigest()
    return f"t={epoch},v1={digest}"


class Http:
    """secret: empty = unsigned. now: real time.

    A request is sent again after a time-out, 429 or 5xx, so it may arrive twice: `X-Openoutcry-Delivery` is the same
    then.
    """

    def __init__(self, name: str, url: str, secret: str, now: Callable[[], datetime]) -> None:
        self.name = name
        self._url = url
        self._secret = secret
        self._now = now
        self._session: ClientSession | None = None

    async def start(self) -> None:
        self._session = ClientSession(timeout=ClientTimeout(total=TIMEOUT_S))

    async def send(self, alert: RawAlert) -> None:
        assert self._session is not None
        body = alert.to_json().encode()
        headers = {
            "Content-Type": "application/json",
            "X-Openoutcry-Delivery": hashlib.sha256(body).hexdigest()[:32],
        }
        if self._secret:
            headers["X-Openoutcry-Signature"] = signature(self._secret, int(self._now().timestamp()), body)
        try:
            async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
                status = answer.status
        except (ClientError, OSError) as error:
            raise Transient(type(error).__name__) from None
        if status == 429 or status >= 500:
            raise Transient(f"answered {status}")
        if status >= 300:
            raise Rejected("http_status", f"answered {status}")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
