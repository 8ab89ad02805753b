"""A process of a grid: a rule a line in, its score out (kit/workers.py). Arguments: what `grid_file.write` told."""

from __future__ import annotations

import sys

from kit.workers import serve
from simulator.brackets import scored
from simulator.grid_file import line_of_refusal, line_of_score, read, rule_of_line


def main() -> None:
    columns = read(*sys.argv[1:])

    def answer(line: str) -> str:
        try:
            return line_of_score(scored(columns, rule_of_line(line)))
        except ValueError as error:
            return line_of_refusal(error)

    serve(answer)


if __name__ == "__main__":
    main()
