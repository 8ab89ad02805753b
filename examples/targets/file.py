"""A target that works as it is: every alert becomes a line of a file. Copy it to data_dir/targets."""

from __future__ import annotations

import os
from typing import Any


class File:
    """Appends every alert to alerts.jsonl, or to the file that ALERTS_FILE names."""

    def open(self) -> None:
        self.file = open(os.environ.get("ALERTS_FILE", "alerts.jsonl"), "a", encoding="utf-8")  # noqa: PTH123, SIM115

    def send(self, alert: Any) -> None:
        self.file.write(alert.to_json() + "\n")
        self.file.flush()

    def close(self) -> None:
        self.file.close()


def create_file_target() -> File:
    return File()
