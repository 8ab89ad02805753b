"""Which alerts are one: equal bodies for good where they are timed, else within a window of the first."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from core.ports import Inbox
from core.values.alerts import Alert

_WINDOW = "|"


def digest_of(alert: Alert, share: str = "") -> str:
    """share: the account, where one alert is taken for several and this is not the first of them."""
    parts = (alert.source, alert.link or "", alert.body, *([share] if share else []))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


class Resends:
    """Draws the keys by which a journal knows what it has already. length_s: of a window."""

    def __init__(self, length_s: float) -> None:
        self._length = timedelta(seconds=length_s)
        self._windows: dict[str, datetime] = {}

    async def load(self, inbox: Inbox, now: datetime) -> None:
        """Know the open windows of before a restart."""
        for key, _ in await inbox.recent_keys(now - self._length):
            span, _, digest = key.partition("@")
            start, window, _ = span.partition(_WINDOW)
            if window and digest:
                self._windows[digest] = datetime.fromisoformat(start)

    def key(self, alert: Alert, digest: str, now: datetime) -> str:
        """`START|END@DIGEST` of its window, or the time that the sender tells and the digest.

        Times stand in front, so that the keys of one moment are neighbours in the journal. A journal that several
        processes write keeps equal bodies' windows from overlapping.
        """
        if alert.timed:
            return digest if alert.sent_at is None else f"{alert.sent_at.timestamp():013.1f}{digest}"
        while self._windows and now - (oldest := next(iter(self._windows.items())))[1] > self._length:
            del self._windows[oldest[0]]
        start = self._windows.setdefault(digest, now)
        return f"{_text(start)}{_WINDOW}{_text(start + self._length)}@{digest}"


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
