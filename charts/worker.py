"""The process that draws: a length and a pickled chart with its language in, a length and a PNG out, until its input
ends. Its parent is the only one who can write to it."""

from __future__ import annotations

import os
import pickle
import struct
import sys

from charts.painting import paint

LENGTH = struct.Struct(">I")
NICENESS = 10


def main() -> None:
    os.nice(NICENESS)  # orders before pictures
    while head := sys.stdin.buffer.read(LENGTH.size):
        chart, language = pickle.loads(sys.stdin.buffer.read(*LENGTH.unpack(head)))  # noqa: S301 - from our own parent, over a pipe of ours
        png = paint(chart, language)
        sys.stdout.buffer.write(LENGTH.pack(len(png)) + png)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
