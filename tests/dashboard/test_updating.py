"""POST /api/v1/update over HTTP, and where an older system's programs look for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.values.orders import Refused
from core.values.people import Person
from dashboard.roof import Roof
from tests.dashboard.conftest import House, opened

OLD_AND_NEW = pytest.mark.parametrize("api", ["/api", "/api/v1"])


@dataclass
class Machine:
    """Takes one wish, and is at work from then on."""

    asked: list[Person] = field(default_factory=list)

    async def update(self, person: Person) -> Refused | None:
        if self.asked:
            return Refused("one_at_a_time")
        self.asked.append(person)
        return None


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
async def installed(tmp_path: Path, machine: Machine) -> AsyncIterator[House]:
    async with opened(tmp_path, roof=Roof(update=machine.update)) as found:
        yield found


@OLD_AND_NEW
async def test_tc_43_an_admin_asks_and_the_second_call_is_refused(installed: House, machine: Machine, api: str) -> None:
    """200, then 503 as long as it is at work."""
    answers = [await installed.post(f"{api}/update/") for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 503]
    assert answers[0].data == {"success": True}
    assert answers[1].data["error"]["code"] == "one_at_a_time"
    assert [person.name for person in machine.asked] == ["owner"]


@OLD_AND_NEW
async def test_tc_43_nobody_else_may(installed: House, machine: Machine, api: str) -> None:
    """A trader 403, a stranger 401; a GET changes nothing (W-40)."""
    asked = [await installed.post(f"{api}/update", token=token) for token in ("ann-token", None)]
    asked.append(await installed.get(f"{api}/update"))
    assert ([answer.status for answer in asked], machine.asked) == ([403, 401, 405], [])


async def test_tc_43_a_desk_that_nobody_can_update_says_what_to_do(house: House) -> None:
    """409, in words."""
    answer = await house.post("/api/v1/update")
    assert (answer.status, answer.data["error"]["code"]) == (409, "no_updater")
    assert "pipx upgrade openoutcry" in answer.data["error"]["message"]
