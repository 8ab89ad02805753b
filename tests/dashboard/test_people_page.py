"""People: one's own login, and for admins everybody's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyotp
import pytest

from core.services.people import Member
from core.values.people import Role, User, owner_person
from dashboard.gate import CSRF_HEADER
from dashboard.roof import Roof
from tests.dashboard.browsing import cookie_of, log_in, opened_page, parts_of
from tests.dashboard.conftest import Answer, House, opened

PASSWORD = "correct horse battery"
BOB = {"username": "Bob", "password": PASSWORD, "role": "trader", "first": "Robert", "works_for": "owner"}


async def page(house: House, token: str = "owner-token") -> Answer:
    return await opened_page(house, "/people", await log_in(house, token))


async def add(house: House, **changes: Any) -> None:
    answer = await house.post("/api/v1/users", {**BOB, **changes})
    assert answer.status == 201, answer.data


async def entered(house: House, **more: str) -> Mapping[str, str]:
    """Bob's page after he logged in with his name and password."""
    body = {"username": "bob", "password": PASSWORD, **more}
    answer = await house.post("/login", body, token=None, headers={"Origin": house.url})
    assert answer.status == 200, answer.data
    house.session.cookie_jar.clear()
    return {"Cookie": cookie_of(answer), CSRF_HEADER: answer.data["csrf"], "Origin": house.url}


async def test_an_empty_desk_says_who_could_be_added(house: House) -> None:
    """And that the owner's own login is a token of the settings."""
    answer = await page(house)
    assert "Nobody yet" in parts_of(answer)["list"]
    assert "token of the settings file" in answer.data
    assert 'id="password"' not in answer.data


async def test_an_admin_sees_everybody(house: House) -> None:
    """Name, role, whom they help, codes and tokens; nothing that opens anything."""
    await add(house)
    made = (await house.post("/api/v1/users/bob/tokens", {"scope": "trade"})).data["token"]
    answer = await page(house)
    shown = parts_of(answer)["list"]
    for word in ("Bob", "Robert", "trader", "owner", "off", "trade"):
        assert word in shown
    assert made not in answer.data
    assert PASSWORD not in answer.data


async def test_a_token_is_revoked_here(house: House) -> None:
    """By the name that the list gives it; it opens nothing from then on."""
    await add(house)
    made = (await house.post("/api/v1/users/bob/tokens", {"scope": "read"})).data["token"]
    [known] = (await house.get("/api/v1/users/bob/tokens")).data["items"]
    assert known["scope"] == "read"
    path = f"/api/v1/users/bob/tokens/{known['id']}"
    assert path in parts_of(await page(house))["list"]
    assert house.board.office.users.by_token(made) is not None
    assert (await house.ask("DELETE", path, {})).status == 200
    assert house.board.office.users.by_token(made) is None
    assert (await house.get("/api/v1/users/bob/tokens")).data["items"] == []
    assert (await house.ask("DELETE", path, {})).status == 404


async def test_a_revoked_token_stays_so(tmp_path: Path) -> None:
    """Also over a restart."""
    async with opened(tmp_path) as house:
        await add(house)
        await house.post("/api/v1/users/bob/tokens")
        [known] = (await house.get("/api/v1/users/bob/tokens")).data["items"]
        await house.ask("DELETE", f"/api/v1/users/bob/tokens/{known['id']}", {})
        assert (await house.engine.store.roll()).tokens == []


async def test_people_of_the_settings_file_are_shown_with_their_chats(tmp_path: Path) -> None:
    """To admins, read only."""
    roof = Roof(members=[Member("kate", Role.APPROVER, 4242, 99887766)])
    async with opened(tmp_path, roof=roof) as house:
        shown = parts_of(await page(house))["list"]
        for word in ("kate", "approver", "4242", "99887766"):
            assert word in shown
        assert "kate" not in (await page(house, "ann-token")).data


async def test_others_see_themselves_alone(house: House) -> None:
    """Nobody else's name, tokens or form; nor by the API."""
    await add(house)
    await add(house, username="Carl")
    mine = await entered(house)
    shown = (await opened_page(house, "/people", mine)).data
    for word in ("Bob", 'id="password"', 'id="codes"', 'id="tokens"'):
        assert word in shown
    for word in ("Carl", "person-new", "person-edit"):
        assert word not in shown
    answer = await house.get("/api/v1/users/carl/tokens", None, headers=mine)
    assert (answer.status, answer.data["error"]["code"]) == (404, "unknown_id")


async def test_a_password_is_changed_here(house: House) -> None:
    """The old one is asked for; afterwards the session has ended and only the new one opens."""
    await add(house)
    mine = await entered(house)
    path = "/api/v1/me/password"
    wrong = await house.post(path, {"old": "nonsense", "new": "another horse"}, None, headers=mine)
    assert wrong.status == 401
    short = await house.post(path, {"old": PASSWORD, "new": "short"}, None, headers=mine)
    assert (short.status, short.data["error"]["field"]) == (422, "password")
    assert (await house.post(path, {"old": PASSWORD, "new": "another horse"}, None, headers=mine)).status == 200
    assert (await house.get("/api/v1/me", None, headers=mine)).status == 401
    await entered(house, password="another horse")


async def test_one_time_codes_are_turned_on_and_off_here(house: House) -> None:
    """The page offers the one, then the other; an admin may take them away from who lost theirs."""
    await add(house)
    mine = await entered(house)
    assert "Turn on one-time codes" in (await opened_page(house, "/people", mine)).data
    begun = (await house.post("/api/v1/me/second_factor", {"password": PASSWORD}, None, headers=mine)).data
    code = pyotp.TOTP(begun["secret"]).now()
    told = await house.post("/api/v1/me/second_factor/confirm", {"code": code}, None, headers=mine)
    assert len(told.data["recovery"]) == 10
    shown = (await opened_page(house, "/people", mine)).data
    assert "Turn off" in shown
    assert begun["secret"] not in shown
    assert 'data-second="yes"' in parts_of(await page(house))["list"]
    assert (await house.ask("DELETE", "/api/v1/users/bob/second_factor", {})).status == 200
    assert 'data-second=""' in parts_of(await page(house))["list"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "a b"}, "username"),
        ({"username": "<script>"}, "username"),
        ({"username": None}, "username"),
        ({"password": "short"}, "password"),
        ({"password": ["x"]}, "password"),
        ({"role": "king"}, "role"),
        ({"language": "xx"}, "language"),
        ({"works_for": "nobody"}, "works_for"),
        ({"first": "x" * 101}, "first"),
    ],
)
async def test_what_will_not_do_is_told_beside_its_field(house: House, changes: dict[str, Any], field: str) -> None:
    """422, and nobody is added."""
    answer = await house.post("/api/v1/users", {**BOB, **changes})
    assert (answer.status, answer.data["error"]["field"]) == (422, field)
    assert "Nobody yet" in parts_of(await page(house))["list"]


async def test_a_script_in_a_name_is_words(house: House) -> None:
    """Also where the edit form keeps it."""
    await add(house, first="<script>alert(1)</script>")
    assert "<script>alert" not in (await page(house)).data


async def test_the_form_begins_with_what_is_so(house: House) -> None:
    """Everything that may be changed, and nothing else."""
    await add(house, last="Ross")
    row = re.search(r'data-row="([^"]+)"', parts_of(await page(house))["list"])
    assert row is not None
    assert row[1].replace("&#34;", '"') == (
        '{"first": "Robert", "language": "en", "last": "Ross", "role": "trader", "works_for": "owner"}'
    )


async def test_one_time_codes_begin_with_the_password(house: House) -> None:
    """Whoever found the page open gets no secret; the page asks for it, and where there is none nobody does."""
    await add(house)
    mine = await entered(house)
    assert 'id="codes-password"' in (await opened_page(house, "/people", mine)).data
    path = "/api/v1/me/second_factor"
    for body, status, code in [({}, 422, "bad_field"), ({"password": "nonsense"}, 401, "wrong_password")]:
        refused = await house.post(path, body, None, headers=mine)
        assert (refused.status, refused.data["error"]["code"]) == (status, code)
    assert (await house.post(path, {"password": PASSWORD}, None, headers=mine)).status == 200
    by = owner_person("cli")
    made = await house.board.office.users.add({"username": "Dora", "password_hash": ""}, by)
    assert isinstance(made, User)
    key = house.board.office.passes.draw(made.person("telegram"))
    answer = await house.post("/enter", {"key": key}, None, headers={"Origin": house.url})
    hers = {"Cookie": cookie_of(answer), CSRF_HEADER: answer.data["csrf"], "Origin": house.url}
    house.session.cookie_jar.clear()
    assert 'id="codes-password"' not in (await opened_page(house, "/people", hers)).data
    assert (await house.post(path, {}, None, headers=hers)).status == 200
