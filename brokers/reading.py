"""How what a venue says is read: as what it should be, or as an error that the port names."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from core.values.errors import OutcomeUnknown, Rejected, Transient
from core.values.ids import OrderId
from core.values.money import ZERO, parse_decimal

log = logging.getLogger(__name__)

UNREADABLE = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)
"""What reading runs into where a message is not what it should be."""
REFUSED_S = 30.0
"""How long to wait where a question was refused."""


def number(value: object) -> Decimal:
    """Of text or a JSON number; absent is 0. Raises ValueError for what is none, NaN and infinity among it."""
    found = ZERO if value is None or value == "" else parse_decimal(str(value))
    if found is None:
        raise ValueError(f"{value!r:.40} is no number")
    return found


class NoAnswer(Exception):
    """A request left, and what came back is nothing, or does not tell what became of it."""


@contextmanager
def readable(what: str) -> Iterator[None]:
    """An answer that cannot be read is one that did not come. Whatever a port's method asks stands inside of one of
    these, and not the reading of a field. Raises Transient."""
    try:
        yield
    except UNREADABLE as error:
        raise Transient(f"unreadable {what}: {error!r:.200}") from error


@contextmanager
def asking(what: str) -> Iterator[None]:
    """A question that is refused, as with a key withdrawn meanwhile, is one without an answer. Raises Transient."""
    try:
        with readable(what):
            yield
    except Rejected as no:
        log.error("refused to answer", extra={"what": what, "reason": str(no)})  # noqa: TRY400 - no fault of the code
        raise Transient(f"{what}: {no}", REFUSED_S) from no


@contextmanager
def placing(order_id: OrderId) -> Iterator[None]:
    """An order that may have left, and whose answer, be it a refusal, cannot be read: it may stand, and whoever sends
    it again may have two. Raises OutcomeUnknown."""
    try:
        yield
    except NoAnswer as error:
        raise OutcomeUnknown(order_id, str(error)) from error
    except UNREADABLE as error:
        raise OutcomeUnknown(order_id, f"unreadable: {error!r:.200}") from error
