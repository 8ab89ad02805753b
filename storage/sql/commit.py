"""One transaction for everything that waits. Runs on the writer connection's thread."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from core.values.errors import Conflict
from core.values.ids import AlertId
from storage.sql.session import Session, Step, WaitingAlert

_SAVEPOINT, _RELEASE = Step("SAVEPOINT saver", {}), Step("RELEASE saver", {})


class Outcome(NamedTuple):
    """duplicates: place in the batch -> id of the first. failures: place among the saves -> why it was not written."""

    duplicates: dict[int, AlertId]
    failures: dict[int, Exception]


def commit(db: Session, first_seq: int, alerts: Sequence[WaitingAlert], saves: Sequence[Sequence[Step]]) -> Outcome:
    """On disk when it returns; when it raises, nothing was written. first_seq: see `Session.insert_alerts`."""
    if not saves:
        return Outcome(db.alone(partial(db.insert_alerts, first_seq, alerts)), {})

    def everything() -> Outcome:
        duplicates = db.insert_alerts(first_seq, alerts) if alerts else {}
        tried = [_attempt(db, steps, first=place == 0) for place, steps in enumerate(saves)]
        return Outcome(duplicates, {place: failure for place, failure in enumerate(tried) if failure is not None})

    return db.transaction(everything)


def _attempt(db: Session, steps: Sequence[Step], *, first: bool) -> Exception | None:
    """All steps of one saver or none; what is wrong with them is no business of the others in the batch."""
    failure: Exception | None = None
    steps = [_SAVEPOINT, *steps] if first else [_RELEASE, _SAVEPOINT, *steps]
    try:
        for step, rows in zip(steps, db.execute_all(steps), strict=False):
            if rows == 0 and step.conflict:
                failure = Conflict(step.conflict)
                break
    except db.refusals as error:
        failure = db.refused(error)
    if failure is not None:
        db.execute("ROLLBACK TO saver")
    return failure
