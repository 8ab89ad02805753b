"""The program. The only file that touches the import path (see docs/decisions/0001-packaging.md)."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Run the command line and exit with its code."""
    here = Path(__file__).resolve().parent
    home = here if (here / "core").is_dir() else here.parent  # installed: the rooms are here; checkout: one up
    sys.path.insert(0, str(home))
    if sys.argv[1:2] == ["simulate"]:  # its first answer is sooner than the desk's settings are imported
        from openoutcry.simulate_cli import run as simulate  # noqa: PLC0415 - only importable once the path is set

        sys.exit(simulate(sys.argv[2:]))
    from openoutcry.cli import run  # noqa: PLC0415 - as above

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
