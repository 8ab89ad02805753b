"""Puts the charts' script into the wheel, out of the package that carries it (docs/decisions/0019-dashboard.md)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE, NAME = "lightweight_charts", "lightweight-charts.js"


class Scripts(BuildHookInterface[Any]):
    """A wheel that is built where the package is missing comes without charts, and its pages show pictures."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        spec = find_spec(PACKAGE)
        places = list(spec.submodule_search_locations or ()) if spec else []
        found = [path for place in places if (path := Path(place) / "js" / NAME).is_file()]
        if version == "editable":
            return  # a checkout finds it where it is
        if found:
            build_data["force_include"][str(found[0])] = f"openoutcry/dashboard/static/{NAME}"
        else:
            self.app.display_warning(f"{NAME} is not installed here: this wheel's pages will show pictures, not charts")
