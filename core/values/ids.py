"""Identifiers: a type each, so that ours and theirs never mix.

Ids of ours are UUIDv8 (RFC 9562, section 5.8): 32 bits name the data directory (the desk id), the other
90 free bits are a digest of what caused the thing. A replay after a crash derives the same id and so cannot
make a second order, and an order of ours that carries another desk's id is noticed.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import NewType

DeskId = NewType("DeskId", int)
"""32 bits, drawn once per data directory."""

AlertId = NewType("AlertId", str)
IntentId = NewType("IntentId", str)
"""Names the whole life of one trade in the logs: the id of the alert, task or command that began it."""
OrderId = NewType("OrderId", str)
"""Ours, in canonical UUID form; each venue's encoding of it belongs to that broker's `translate`."""
BrokerOrderId = NewType("BrokerOrderId", str)
FillId = NewType("FillId", str)
"""The broker's id of one execution, unique within an account."""
PositionId = NewType("PositionId", str)
ProposalId = NewType("ProposalId", str)
TaskId = NewType("TaskId", str)
ReportId = NewType("ReportId", str)
QueueId = NewType("QueueId", str)
StashId = NewType("StashId", str)
StopListId = NewType("StopListId", str)
SpreadId = NewType("SpreadId", str)
NoticeId = NewType("NoticeId", str)
ActionId = NewType("ActionId", str)
"""One-time id of a button: unguessable, so it is drawn and not derived."""
LinkId = NewType("LinkId", str)
UserId = NewType("UserId", str)
AccountName = NewType("AccountName", str)

OWNER = UserId("owner")
"""The person who runs the desk: owns the accounts of the settings file; the API token acts as them."""


_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""A hexadecimal digit with its two upper bits set to 10, the variant of RFC 9562."""


def derive_id(desk: DeskId, *cause: str) -> str:
    """The UUIDv8 text of what `cause` names: equal for equal causes, different for different ones."""
    tail = hashlib.sha256("\x1f".join(cause).encode()).hexdigest()
    return f"{desk:08x}-{tail[:4]}-8{tail[5:8]}-{_VARIANT[tail[8]]}{tail[9:12]}-{tail[12:24]}"  # 8: the version


def alert_id_of(desk: DeskId, at: datetime, digest: str) -> AlertId:
    """Like `derive_id`, of hexadecimal `digest` at a moment, whose second stands in front: ids that grow with time
    share the page of an index that a journal must put on disk before it says yes."""
    second = f"{int(at.timestamp()) & 0xFFFFFFF:07x}"
    tail = f"{_VARIANT[digest[0]]}{digest[1:4]}-{digest[4:11]}{at.microsecond:05x}"
    return AlertId(f"{desk:08x}-{second[:4]}-8{second[4:]}-{tail}")


def desk_of(identifier: str) -> DeskId | None:
    """The desk id inside an id made by `derive_id`; None when the text is no such id."""
    plain = identifier.replace("-", "")
    if len(plain) != 32 or plain[12] != "8" or plain[16] not in "89ab":
        return None
    try:
        return DeskId(int(plain[:8], 16))
    except ValueError:
        return None
