"""What people are told and what they pressed, as rows: notices, presses, the audit trail."""

from __future__ import annotations

import json

from core.values.changes import Audited, AuditRow
from core.values.ids import OWNER
from core.values.notices import Action, Line, Notice, NoticeKind, Press
from storage.sql.columns import Row, Stored, encode, read_list, read_texts, read_time, time_text


def notice_row(notice: Notice) -> Row:
    return {
        "id": notice.id,
        "at": time_text(notice.at),
        "kind": notice.kind,
        "key": notice.key,
        "params": encode(dict(notice.params)),
        "lines": encode([[line.key, dict(line.params)] for line in notice.lines]),
        "about": encode(notice.about),
        "actions": encode([[action.id, action.label, action.command] for action in notice.actions]),
        "critical": int(notice.critical),
        "card": notice.card,
        "owner": notice.owner,
    }


def read_notice(row: Stored) -> Notice:
    return Notice(
        id=row["id"],
        at=read_time(row["at"]),
        kind=NoticeKind(row["kind"]),
        key=row["key"],
        params=read_texts(row["params"]),
        lines=tuple(Line(*line) for line in read_list(row["lines"])),
        about=tuple(read_list(row["about"])),
        actions=tuple(Action(*action) for action in read_list(row["actions"])),
        critical=bool(row["critical"]),
        card=row["card"],
        owner=row["owner"],
    )


def press_row(press: Press) -> Row:
    return {
        "id": press.id,
        "person": press.person,
        "command": press.command,
        "expires_at": time_text(press.expires_at),
        "owner": press.person or OWNER,
    }


def read_press(row: Stored) -> Press:
    return Press(row["id"], row["person"], row["command"], read_time(row["expires_at"]))


def audited_row(audited: Audited) -> Row:
    return {
        "at": time_text(audited.at),
        "actor": audited.actor,
        "surface": audited.surface,
        "action": audited.action,
        "about": audited.about,
        "data": json.dumps(dict(audited.data), ensure_ascii=False, separators=(",", ":"), sort_keys=True),
    }


def read_audit(row: Stored) -> AuditRow:
    audited = Audited(
        at=read_time(row["at"]),
        actor=row["actor"],
        surface=row["surface"],
        action=row["action"],
        about=row["about"],
        data=read_texts(row["data"]),
    )
    return AuditRow(row["seq"], audited, row["hash"])
