"""The process in which the nightly backup is made: a line of JSON in, a line of JSON out (kit/workers.py). The ciphers
and what packing takes are gone with it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from core.values.errors import DeskError
from kit.workers import serve
from openoutcry.backup import make
from openoutcry.backups import keep_newest
from openoutcry.lock import Locked


def answer(line: str) -> str:
    """Make one of the desk in `data_dir`, and keep the newest: {"broken_at"}, the audit trail's first row that does not
    fit; or {"error"}."""
    asked = json.loads(line)
    directory, now = Path(asked["directory"]), datetime.fromisoformat(asked["now"])
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = make(Path(asked["data_dir"]), directory, now)
        keep_newest(directory, asked["desk"], asked["keep"], now)
    except (DeskError, OSError, Locked) as error:
        return json.dumps({"error": str(error)})
    return json.dumps({"broken_at": made.facts.audit_broken_at})


if __name__ == "__main__":
    serve(answer)
