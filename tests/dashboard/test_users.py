"""People of the database over HTTP: an admin's work; and what none of them sees of another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.services.users import PASSWORD_TRIES
from core.values.orders import Refused
from core.values.people import Person, Role
from tests.dashboard.browsing import log_in
from tests.dashboard.conftest import House, opened, people
from tests.dashboard.test_links import made, post, rows

BOB = {"username": "Bob", "password": "correct horse", "first": "Robert", "last": "Tables", "role": "trader"}


async def added(house: House, **changes: Any) -> dict[str, Any]:
    answer = await house.post("/api/v1/users", BOB | changes)
    assert answer.status == 201, answer.data
    found: dict[str, Any] = answer.data
    return found


async def token_of(house: House, name: str = "bob") -> str:
    answer = await house.post(f"/api/v1/users/{name}/tokens")
    assert answer.status == 201, answer.data
    return str(answer.data["token"])


def everything_in(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.iterdir() if path.is_file())


@asynccontextmanager
async def with_everybody(path: Path) -> AsyncIterator[House]:
    """A house that knows the people of its database as well."""
    office: list[Any] = []

    def known(token: str) -> Person | None:
        found: Person | None = people(token) or office[0].users.by_token(token)
        return found

    async with opened(path, people=known) as house:
        office.append(house.engine.office)
        yield house


@pytest.fixture
async def full(tmp_path: Path) -> AsyncIterator[House]:
    async with with_everybody(tmp_path) as house:
        yield house


async def test_ao_01_a_person_has_four_fields_and_a_hashed_password(full: House, tmp_path: Path) -> None:
    """The answer never holds a password, nor does any file."""
    row = await added(full)
    assert [row[name] for name in ("id", "username", "first", "last", "role")] == [
        "bob", "Bob", "Robert", "Tables", "trader",
    ]  # fmt: skip
    told = await rows(full, "users") + await rows(full, "log")
    assert "scrypt" not in json.dumps(told)
    assert "horse" not in json.dumps(told)
    kept = everything_in(tmp_path)
    assert b"scrypt$32768$8$1$" in kept
    assert b"correct horse" not in kept


async def test_ao_01_name_and_password_open_the_desk(full: House) -> None:
    """The name in any case; after five wrong ones it waits, for the right one, too."""
    await added(full)
    users = full.engine.office.users
    who = await users.by_password("BOB", "correct horse", "api")
    assert isinstance(who, Person)
    assert (who.id, who.role) == ("bob", Role.TRADER)
    codes = []
    for name in ["bob"] * PASSWORD_TRIES + ["nobody"]:
        refused = await users.by_password(name, "wrong horse", "api")
        assert isinstance(refused, Refused)
        codes.append(refused.code)
    assert set(codes) == {"wrong_password"}
    late = await users.by_password("bob", "correct horse", "api")
    assert isinstance(late, Refused)
    assert late.code == "too_many_logins"


async def test_wrong_passwords_at_the_same_time_are_counted_one_by_one(full: House) -> None:
    """Whoever tries forty at once gets as many tries as one who waits for each answer."""
    await added(full)
    users = full.engine.office.users
    refused = await asyncio.gather(*(users.by_password("bob", f"wrong horse {n}", "api") for n in range(40)))
    codes = [each.code for each in refused if isinstance(each, Refused)]
    assert (codes.count("wrong_password"), codes.count("too_many_logins")) == (PASSWORD_TRIES, 40 - PASSWORD_TRIES)


async def test_a_token_opens_the_api_until_its_user_leaves(full: House) -> None:
    """And at once no more; the name is never used again."""
    await added(full)
    token = await token_of(full)
    assert (await full.get("/api/v1/orders", token)).status == 200
    assert (await full.ask("DELETE", "/api/v1/users/bob")).status == 200
    assert (await full.get("/api/v1/orders", token)).status == 401
    assert (await full.post("/api/v1/users", BOB)).data["error"]["code"] == "name_taken"
    assert await rows(full, "users") == []


async def test_a_role_counts_at_once(full: House) -> None:
    """The same token, another role."""
    await added(full, role="viewer")
    token = await token_of(full)
    assert (await full.post("/api/v1/bot", {"running": False}, token)).status == 403
    assert (await full.ask("PATCH", "/api/v1/users/BOB", {"role": "trader"})).data["role"] == "trader"
    assert (await full.post("/api/v1/bot", {"running": False}, token)).status == 200


async def test_who_works_for_somebody_sees_their_desk(full: House) -> None:
    """Their lists and links, with what one's own role allows."""
    await added(full)
    await added(full, username="eva", role="viewer", works_for="bob")
    bob, eva = await token_of(full), await token_of(full, "eva")
    body = {"name": "Bobs", "broker": "paper", "currency": "USDT", "cash": "90000"}
    await full.post("/api/v1/accounts", body, bob)
    await post(full, await made(full, bob, account="Bobs"))
    for name in ("accounts", "links", "alerts", "orders", "fills", "positions"):
        assert await rows(full, name, eva) == await rows(full, name, bob) != []
    assert (await full.post("/api/v1/bot", {"running": False}, eva)).status == 403


async def test_an_open_page_closes_when_its_person_leaves(full: House) -> None:
    """And it has the role of now while they stay."""
    await added(full)
    headers = {"Origin": full.url, **await log_in(full, await token_of(full))}

    async def switch() -> int:
        return (await full.post("/api/v1/bot", {"running": True}, token=None, headers=headers)).status

    assert await switch() == 200
    await full.ask("PATCH", "/api/v1/users/bob", {"role": "viewer"})
    assert await switch() == 403
    await full.ask("DELETE", "/api/v1/users/bob")
    assert await switch() == 401


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "b b"}, "username"),
        ({"username": "owner"}, "username"),
        ({"username": None}, "username"),
        ({"password": "short"}, "password"),
        ({"password": None}, "password"),
        ({"role": "king"}, "role"),
        ({"first": "a\nb"}, "first"),
        ({"language": "tlh"}, "language"),
        ({"works_for": "nobody"}, "works_for"),
        ({"password_hash": "scrypt$1$1$1$AA==$AA=="}, "password_hash"),
        ({"id": "x"}, "id"),
    ],
)
async def test_what_a_person_cannot_be_is_named(full: House, changes: dict[str, Any], field: str) -> None:
    """And a password is never told back."""
    answer = await full.post("/api/v1/users", BOB | changes)
    assert (answer.status in {409, 422}, answer.data["error"]["field"]) == (True, field)
    assert "short" not in str(answer.data)
    assert await rows(full, "users") == []


@pytest.mark.parametrize("token", ["ann-token", "viewer-token"])
async def test_only_an_admin_changes_people(full: House, token: str) -> None:
    """403, also for what does not exist."""
    await added(full)
    for method, path, body in (
        ("POST", "/api/v1/users", BOB),
        ("PATCH", "/api/v1/users/bob", {"role": "admin"}),
        ("DELETE", "/api/v1/users/bob", None),
        ("POST", "/api/v1/users/bob/tokens", {}),
    ):
        assert (await full.ask(method, path, body, token)).status == 403


async def test_ao_02_several_accounts_of_a_person_are_apart(full: House) -> None:
    """A paper account trades at once, each with its own money."""
    await added(full)
    token = await token_of(full)
    for name, cash in (("One", "50000"), ("Two", 7000)):
        body = {"name": name, "broker": "paper", "cash": cash, "currency": "USDT", "risk_percent": "2"}
        answer = await full.post("/api/v1/accounts", body, token)
        assert (answer.status, answer.data["equity"], answer.data["mode"]) == (201, str(cash), "paper"), answer.data
    link = await made(full, token, account="one")
    await post(full, link)
    held = [(row["account"], row["quantity"]) for row in await rows(full, "positions", token)]
    assert held == [("One", "0.5")]
    assert {row["name"] for row in await rows(full, "accounts", token)} == {"One", "Two"}


async def test_an_account_on_which_something_is_open_stays(full: House) -> None:
    """409 until it is closed; then it is gone, and its name with it."""
    body = {"name": "Mine", "broker": "paper", "currency": "USDT", "cash": "50000"}
    assert (await full.post("/api/v1/accounts", body)).status == 201
    link = await made(full, account="Mine")
    await post(full, link)
    assert (await full.ask("DELETE", "/api/v1/accounts/mine")).data["error"]["code"] == "account_in_use"
    assert (await full.ask("PATCH", "/api/v1/accounts/mine", {"risk_percent": "3"})).status == 409
    await post(full, link, action="EXIT")
    assert (await full.ask("PATCH", "/api/v1/accounts/mine", {"risk_percent": "3"})).data["risk_percent"] == "3"
    assert (await full.ask("DELETE", "/api/v1/accounts/mine")).status == 200
    assert (await full.post("/api/v1/accounts", body)).status == 409
    assert (await full.ask("DELETE", "/api/v1/accounts/Testing")).status == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "X", "broker": "bank"}, "broker"),
        ({"name": "X"}, "broker"),
        ({"name": "a b", "broker": "paper"}, "name"),
        ({"name": "X~paper", "broker": "paper"}, "name"),
        ({"name": "testing", "broker": "paper"}, "name"),
        ({"name": "X", "broker": "paper", "cash": "-1"}, "cash"),
        ({"name": "X", "broker": "paper", "cahs": "1"}, "cahs"),
        ({"name": "X", "broker": "tinvest", "token_file": "/etc/passwd"}, "token_file"),
        ({"name": "X", "broker": "tinvest", "base_url": "http://127.0.0.1:1/rest"}, "base_url"),
        ({"name": "X", "broker": "tinvest", "credentials": ["x"]}, "credentials"),
    ],
)
async def test_what_an_account_cannot_be_is_named(full: House, body: dict[str, Any], field: str) -> None:
    """Files of this machine and addresses inside of its network are not for a trader to name."""
    answer = await full.post("/api/v1/accounts", body, "ann-token")
    assert (answer.status in {409, 422}, answer.data["error"]["field"]) == (True, field)


async def test_an_account_with_an_admins_address_is_still_its_owners(full: House) -> None:
    """What an admin said stays when its owner changes something else; the address itself is not theirs to change."""
    body = {"name": "mine", "broker": "tinvest"}
    url = {"base_url": "http://127.0.0.1:1/rest"}
    assert (await full.post("/api/v1/accounts", body, "ann-token")).status == 201
    assert (await full.ask("PATCH", "/api/v1/accounts/mine", url)).status == 200
    changed = await full.ask("PATCH", "/api/v1/accounts/mine", {"risk_percent": "3"}, "ann-token")
    assert (changed.status, changed.data["risk_percent"]) == (200, "3")
    assert (await full.ask("PATCH", "/api/v1/accounts/mine", url, "ann-token")).status == 422


@pytest.mark.parametrize("more", [{"name": "Testing"}, {"broker": "paper"}, {"credentials": {"name": "Testing"}}])
async def test_nobody_takes_over_an_account_by_its_name(full: House, more: dict[str, Any]) -> None:
    """Neither when an account is changed nor among what a new one says: the owner's stays the owner's."""
    body = {"name": "mine", "broker": "paper", "cash": "777"}
    assert (await full.post("/api/v1/accounts", body, "ann-token")).status == 201
    changed = await full.ask("PATCH", "/api/v1/accounts/mine", more, "ann-token")
    assert (changed.status, changed.data["error"]["code"]) == (422, "bad_field")
    if "credentials" in more:
        assert (await full.post("/api/v1/accounts", body | more | {"name": "new"}, "ann-token")).status == 422
    owners = await full.get("/api/v1/accounts/Testing")
    assert (owners.data["name"], owners.data["equity"]) == ("Testing", "1000000")
    assert (await full.get("/api/v1/accounts/Testing", "ann-token")).status == 404


async def test_a_restart_knows_everybody_again(tmp_path: Path) -> None:
    """Token, account, link, position and its stop."""
    async with with_everybody(tmp_path) as house:
        await added(house)
        token = await token_of(house)
        body = {"name": "Bobs", "broker": "paper", "currency": "USDT", "cash": "50000"}
        await house.post("/api/v1/accounts", body, token)
        link = await made(house, token, account="Bobs")
        await post(house, link)
    async with with_everybody(tmp_path) as house:
        [position] = await rows(house, "positions", token)
        assert (position["account"], position["protected_by"]) == ("Bobs", "broker")
        await post(house, link, action="EXIT")
        assert await rows(house, "positions", token) == []


async def test_ao_06_two_people_see_nothing_of_each_other_by_any_route(full: House) -> None:
    """Every GET of the route table, every list's rows by their ids, commands, and what a stranger's verbs answer."""
    marks = {}
    for name in ("bob", "eva"):
        await added(full, username=name, first=f"first-{name}", last="")
        token = await token_of(full, name)
        account = {"name": f"acc-{name}", "broker": "paper", "currency": "USDT", "cash": "90000"}
        assert (await full.post("/api/v1/accounts", account, token)).status == 201
        link = await made(full, token, account=f"acc-{name}", name=f"link-{name}", strategy=f"strat-{name}")
        await post(full, link, strategy=f"strat-{name}")
        asks = await made(full, token, account=f"acc-{name}", name=f"ask-{name}", strategy="S", approval="ask")
        await post(full, asks, strategy="S")
        await full.post("/api/v1/commands", {"text": "/queue add SBER 100 sell"}, token)
        marks[name] = token
    theirs = [mark for mark in await _ids(full, marks["bob"]) if mark]
    assert len(theirs) > 10
    told = [str((await full.get(path, marks["eva"])).data) for path in await _paths(full)]
    typed = ("/links", "/status", "/positions", "/orders", "/proposals", "/queue", "/tasks", "/buy 10 SBER")
    told += [str((await full.post("/api/v1/commands", {"text": text}, marks["eva"])).data) for text in typed]
    for mark in theirs:
        [why] = (await full.post("/api/v1/commands", {"text": f"/why {mark}"}, marks["eva"])).data["notices"]
        assert why["params"]["code"] == "unknown_id"
        for name in LISTS:
            assert (await full.get(f"/api/v1/{name}/{mark}", marks["eva"])).status in {403, 404}
    for mark in (*theirs, "acc-bob", "link-bob", "strat-bob", "first-bob"):
        assert mark not in "".join(told)


LISTS = (
    "alerts", "orders", "fills", "notices", "tasks", "proposals", "positions", "accounts", "links", "users", "sellbuy",
    "reports",
)  # fmt: skip


async def _ids(house: House, token: str) -> set[str]:
    found: set[str] = set()
    for name in LISTS:
        found |= {str(row.get("id") or row.get("name")) for row in await rows(house, name, token)}
    return found


async def _paths(house: House) -> list[str]:
    """Every GET of the documented routes, whose holes ask for another's account."""
    document = (await house.get("/openapi.json")).data
    paths = [path for path, verbs in document["paths"].items() if "get" in verbs]
    assert len(paths) > 25
    return [path.replace("{id}", "acc-bob").replace("{ticker}", "SBER") for path in paths] + ["/metrics"]


async def test_a_revoked_token_ends_the_pages_that_it_opened(full: House) -> None:
    """At once, while its person's other pages stay; a token of the settings has nothing to be revoked."""
    await added(full)
    first, second = await token_of(full), await token_of(full)
    ended, stays, owner = await log_in(full, first), await log_in(full, second), await log_in(full)
    newest, oldest = (await full.get("/api/v1/users/bob/tokens")).data["items"]
    assert (await full.ask("DELETE", f"/api/v1/users/bob/tokens/{oldest['id']}", {})).status == 200
    seen = [(await full.get("/api/v1/me", None, headers=page)).status for page in (ended, stays, owner)]
    assert seen == [401, 200, 200]
    assert newest["id"] != oldest["id"]


async def test_a_narrow_token_changes_no_way_in(full: House) -> None:
    """One that is less than its person neither turns codes on nor revokes a token; a whole one does both."""
    await added(full)
    narrow = (await full.post("/api/v1/users/bob/tokens", {"scope": "read"})).data["token"]
    whole = await token_of(full)
    _, oldest = (await full.get("/api/v1/users/bob/tokens", whole)).data["items"]
    revoke, codes = f"/api/v1/users/bob/tokens/{oldest['id']}", "/api/v1/me/second_factor"
    asked: list[tuple[str, str, dict[str, str]]] = [
        ("POST", codes, {"password": BOB["password"]}),
        ("POST", f"{codes}/confirm", {"code": "000000"}),
        ("DELETE", revoke, {}),
    ]
    for method, path, body in asked:
        refused = await full.ask(method, path, body, narrow)
        assert (refused.status, refused.data["error"]["code"]) == (403, "not_allowed"), path
    assert (await full.post(codes, {"password": BOB["password"]}, whole)).status == 200
    assert (await full.ask("DELETE", revoke, {}, whole)).status == 200
