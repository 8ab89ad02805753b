"""schemathesis reads /openapi.json and asks a started desk everything that it allows, and what it does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from tests.process import Desk, demo

pytestmark = pytest.mark.real

CHECKS: list[Any] = [not_a_server_error, content_type_conformance, response_schema_conformance]
EXAMPLES = 15
UNASKED = {"/wsalerts", "/api/v1/me/second_factor"}
"""A socket; and what would need the clock of a telephone."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with demo(tmp_path_factory.mktemp("desk") / "d") as desk:
        desk.alert()
        yield desk


def test_no_answer_is_a_fault_or_another_than_it_says(desk: Desk) -> None:
    """Every operation, with good and bad parameters and bodies: never a 5xx, and what comes has the told shape."""
    schema = schemathesis.openapi.from_url(f"{desk.url}/openapi.json")
    asked, faults = 0, []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found.err()
        operation = found.ok()
        if operation.path in UNASKED:
            continue

        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            answer = case.call(base_url=desk.url, headers={"Authorization": f"Bearer {desk.token}"}, timeout=20)
            case.validate_response(answer, checks=CHECKS)

        try:
            ask()
        except Exception as error:  # noqa: BLE001 - every fault is told, not the first alone
            faults.append(f"{operation.method} {operation.path}: {error}"[:1500])
        asked += 1
    assert asked > 80
    assert not faults, "\n\n".join(faults)
    assert desk.ask("GET", "/livez")[0] == 200
