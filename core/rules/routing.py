"""What becomes of an alert."""

from __future__ import annotations

from enum import StrEnum

from core.values.alerts import Alert, AlertKind, Source


class Approval(StrEnum):
    """How the order route trades: at once, after a person's word, or on paper whatever the account."""

    AUTO = "auto"
    ASK = "ask"
    PAPER = "paper"


class Way(StrEnum):
    TRADE = "trade"
    ASK = "ask"
    TELL = "tell"
    """Nothing to trade: people are told."""


def way(alert: Alert, approval: Approval) -> Way:
    """Informational messages are told; the study route always asks; else the alert's own `approval` goes before the
    route's. Exits and breakevens never wait for a person, since they only lower risk."""
    if alert.kind is AlertKind.INFO:
        return Way.TELL
    if alert.source is Source.STUDY:
        return Way.ASK
    asks = alert.approval == "ask" or (approval is Approval.ASK and not alert.approval)
    return Way.ASK if asks and alert.kind is AlertKind.ENTRY else Way.TRADE
