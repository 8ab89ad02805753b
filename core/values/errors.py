"""What can go wrong, by what the caller should do about it.

DeskError
├── Transient        try again after `retry_after_s`: time-outs of reads, rate limits, a disconnect
├── Rejected         do not try again as it is: `code` says why, equal in every language
├── Broken           stop and tell people: bad settings, corrupt state, a broken contract
│   └── Damaged      the journal's file is not what was written: a backup is the way back
├── Conflict         a compare-and-set found other state than it expected, or a key that exists
└── OutcomeUnknown   a request may have arrived: ask the broker, never resend blindly

A refusal by our own risk rules is no exception but a value: `core.values.orders.Refused`.
"""

from __future__ import annotations

from core.values.ids import OrderId


class DeskError(Exception):
    """Root of every error of ours."""


class Transient(DeskError):
    def __init__(self, reason: str, retry_after_s: float = 1.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class Rejected(DeskError):
    def __init__(self, code: str, reason: str = "") -> None:
        super().__init__(f"{code}: {reason}" if reason else code)
        self.code = code
        self.reason = reason


class Broken(DeskError):
    pass


class Damaged(Broken):
    pass


class Conflict(DeskError):
    pass


class OutcomeUnknown(DeskError):
    def __init__(self, order_id: OrderId, reason: str) -> None:
        super().__init__(f"outcome of order {order_id} is unknown: {reason}")
        self.order_id = order_id
        self.reason = reason


POISON = (DeskError, ArithmeticError, LookupError, ValueError, AssertionError)
"""What one piece of work can run into by itself: it fails alone and is told, and nothing else stops for it."""
