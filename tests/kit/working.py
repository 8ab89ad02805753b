"""A worker for the tests: says a line again; `pid`, `env`; dies at `die`, hangs at `hang`."""

from __future__ import annotations

import os
import sys
import time

from kit.workers import serve


def answer(line: str) -> str:
    if line == "die":
        os._exit(3)
    if line == "hang":
        time.sleep(60)
    said = {"pid": str(os.getpid()), "env": " ".join(os.environ), "nice": str(os.nice(0))}
    return said.get(line, f"{line} {' '.join(sys.argv[1:])}".strip())


if __name__ == "__main__":
    serve(answer)
