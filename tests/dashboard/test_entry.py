"""Ways in: name and password, second factor, chat's link, first admin, and programs' web tokens."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pyotp
import pytest
import segno

from core.clock import ManualClock
from core.services.users import HASHES_AT_ONCE, LOGINS_WAITING_MAX
from core.values.ids import OWNER, UserId
from dashboard.entry import LOGINS
from dashboard.sessions import IDLE
from dashboard.webtokens import ACCESS_LIVES, REFRESH_LIVES
from kit.auth import networks
from tests.dashboard.browsing import cookie_of, log_in, opened_page
from tests.dashboard.conftest import Answer, House, opened
from tests.dashboard.test_users import everything_in, with_everybody
from tests.desk import turns

PASSWORD = "correct horse"


async def person(house: House, name: str = "bob", role: str = "trader", **more: str) -> None:
    body = {"username": name, "password": PASSWORD, "role": role, **more}
    assert (await house.post("/api/v1/users", body)).status == 201


async def enter(house: House, path: str = "/login", **body: Any) -> Answer:
    answer = await house.post(path, body, None, headers={"Origin": house.url})
    house.session.cookie_jar.clear()
    return answer


async def tokens(house: House, **body: Any) -> Answer:
    return await house.post("/api/token", {"username": "bob", "password": PASSWORD, **body}, None)


def page_of(house: House, answer: Answer) -> dict[str, str]:
    return {"Cookie": cookie_of(answer), "Origin": house.url, "X-CSRF-Token": answer.data["csrf"]}


async def second_factor(house: House, token: str) -> tuple[pyotp.TOTP, list[str]]:
    """One in force, and the codes that were written down."""
    begun = await house.post("/api/v1/me/second_factor", {"password": PASSWORD}, token)
    theirs = pyotp.parse_uri(begun.data["uri"])
    assert isinstance(theirs, pyotp.TOTP)
    assert theirs.secret == begun.data["secret"]
    code = theirs.at(house.board.wire.now() - timedelta(seconds=30))
    done = await house.post("/api/v1/me/second_factor/confirm", {"code": code}, token)
    assert done.status == 200, done.data
    return theirs, done.data["recovery"]


async def access(house: House) -> str:
    return str((await tokens(house)).data["access"])


# pages


async def test_a_name_and_its_password_open_a_page(house: House) -> None:
    """As that person; the name in any case."""
    await person(house)
    answer = await enter(house, username="BOB", password=PASSWORD)
    assert answer.status == 200
    me = await house.get("/api/v1/me", None, headers=page_of(house, answer))
    assert (me.data["id"], me.data["role"], me.data["password"]) == ("bob", "trader", True)


async def test_a_login_ends_what_the_browser_had_before(house: House) -> None:
    """One cookie, one session."""
    await person(house)
    before = page_of(house, await enter(house, username="bob", password=PASSWORD))
    body = {"username": "bob", "password": PASSWORD}
    assert (await house.post("/login", body, None, headers=before)).status == 200
    house.session.cookie_jar.clear()
    assert (await house.get("/api/v1/me", None, headers=before)).status == 401


@pytest.mark.parametrize("said", [{"username": "bob", "password": "wrong"}, {"username": "nobody", "password": "x"}])
async def test_a_wrong_one_opens_nothing(house: House, said: dict[str, str]) -> None:
    """The same answer for an unknown name."""
    await person(house)
    answer = await enter(house, **said)
    assert (answer.status, answer.data["error"]["code"]) == (401, "wrong_password")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "said",
    [{"username": None, "password": "x"}, {"username": "bob"}, {"username": "bob", "password": 5, "otp": []}, {}],
)
async def test_a_login_of_the_wrong_shape_is_401(house: House, said: dict[str, Any]) -> None:
    """Never a 500."""
    assert (await enter(house, **said)).status == 401


async def test_tries_are_counted_by_address(house: House) -> None:
    """Whatever is tried: a password, a token, a link."""
    await person(house)
    ways: list[tuple[str, dict[str, str]]] = [
        ("/login", {"token": "wrong"}),
        ("/login", {"username": "bob", "password": "wrong"}),
        ("/enter", {"key": "wrong"}),
        ("/setup", {"key": "wrong"}),
    ]
    for number in range(LOGINS):
        path, body = ways[number % len(ways)]
        assert (await enter(house, path, **body)).status == 401
    assert (await enter(house, username="bob", password=PASSWORD)).status == 429


async def test_a_subscriber_is_one_stranger_by_ipv6(tmp_path: Path) -> None:
    """However many addresses of theirs the tries come from; a neighbour is another."""
    async with opened(tmp_path, trusted_proxies=networks(["127.0.0.1"])) as house:
        own = {"Origin": house.url}
        tried = [
            (
                await house.post("/login", {"token": "x"}, None, headers={**own, "X-Forwarded-For": f"2001:db8::{n}"})
            ).status
            for n in range(1, LOGINS + 2)
        ]
        other = await house.post("/login", {"token": "x"}, None, headers={**own, "X-Forwarded-For": "2001:db8:0:1::1"})
    assert (tried, other.status) == ([401] * LOGINS + [429], 401)


async def test_logins_from_everywhere_are_no_queue_of_minutes(house: House) -> None:
    """Each costs memory and a while: beyond a few that wait, 429 at once; who goes away waits no more."""
    users = house.engine.office.users
    many = range(HASHES_AT_ONCE + LOGINS_WAITING_MAX)
    waiting = [asyncio.create_task(users.by_password(f"nobody{n}", "wrong horse", "api")) for n in many]
    await turns(1)
    assert (await tokens(house)).status == 429
    for login in waiting:
        login.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert (await tokens(house)).status == 401


async def test_a_changed_password_ends_every_page_and_token(house: House) -> None:
    """Of that person, everywhere; the old one opens nothing any more."""
    await person(house)
    page = page_of(house, await enter(house, username="bob", password=PASSWORD))
    program = await access(house)
    body = {"old": PASSWORD, "new": "another horse"}
    wrong = await house.post("/api/v1/me/password", {**body, "old": "no"}, None, headers=page)
    assert wrong.status == 401
    short = await house.post("/api/v1/me/password", {**body, "new": "x"}, None, headers=page)
    assert (short.status, short.data["error"]["field"]) == (422, "password")
    assert (await house.post("/api/v1/me/password", body, None, headers=page)).status == 200
    assert (await house.get("/api/v1/me", None, headers=page)).status == 401
    assert (await house.get("/api/v1/me", program)).status == 401
    assert (await enter(house, username="bob", password=PASSWORD)).status == 401
    assert (await enter(house, username="bob", password="another horse")).status == 200


async def test_logging_out_everywhere_ends_all_pages(house: House) -> None:
    """Of this person alone."""
    await person(house)
    one, two = [page_of(house, await enter(house, username="bob", password=PASSWORD)) for _ in range(2)]
    other = await log_in(house)
    assert (await house.post("/logout/everywhere", {}, None, headers=one)).status == 200
    assert (await house.get("/api/v1/me", None, headers=two)).status == 401
    assert (await house.get("/api/v1/me", None, headers=other)).status == 200


async def test_a_page_that_nobody_uses_ends(tmp_path: Path) -> None:
    """Half an hour later: 401, and the page is the login."""
    clock = ManualClock((await _now(tmp_path)).now())
    async with opened(tmp_path / "d", wire=clock) as house:
        page = await log_in(house)
        await clock.advance(IDLE.total_seconds())
        assert (await house.get("/api/v1/me", None, headers=page)).status == 401
        assert 'name="password"' in (await opened_page(house, "/positions", page)).data


async def _now(path: Path) -> ManualClock:
    async with opened(path / "now") as house:
        return ManualClock(house.board.wire.now())


@pytest.mark.parametrize("path", ["/login", "/enter", "/setup"])
async def test_a_form_sent_before_its_script_puts_no_password_into_the_address(house: House, path: str) -> None:
    """A form without a method would: into the browser's history and everybody's logs."""
    forms = re.findall("<form[^>]*>", (await opened_page(house, path)).data)
    assert forms
    assert all('method="post"' in form for form in forms)


@pytest.mark.parametrize("path", ["/login", "/enter", "/setup"])
async def test_the_pages_of_the_ways_in_tell_nothing(house: House, path: str) -> None:
    """They come to anybody, under the same policy as all others, and carry no words that are missing."""
    answer = await opened_page(house, path)
    assert answer.status == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "page." not in answer.data
    assert "Testing" not in answer.data


# second factor


async def test_with_a_second_factor_the_password_is_not_enough(house: House) -> None:
    """The code is asked for by name, opens once, and not again."""
    await person(house)
    theirs, _ = await second_factor(house, await access(house))
    asked = await enter(house, username="bob", password=PASSWORD)
    assert (asked.status, asked.data["error"]["code"], asked.data["error"]["field"]) == (401, "otp_needed", "otp")
    code = theirs.at(house.board.wire.now())
    assert (await enter(house, username="bob", password=PASSWORD, otp=code)).status == 200
    again = await enter(house, username="bob", password=PASSWORD, otp=code)
    assert (again.status, again.data["error"]["code"]) == (401, "wrong_code")


async def test_an_authenticator_reads_the_secret_off_the_screen(house: House) -> None:
    """A picture of the address that holds it: SVG without scripts or styles, which the pages' policy would stop."""
    await person(house)
    begun = await house.post("/api/v1/me/second_factor", {"password": PASSWORD}, await access(house))
    drawn = ET.fromstring(begun.data["picture"])
    modules = segno.make_qr(begun.data["uri"], error="m")
    side = str(modules.symbol_size()[0])
    assert drawn.attrib["viewBox"] == f"0 0 {side} {side}"
    assert all(set(each.attrib) <= {"viewBox", "class", "d", "fill", "stroke", "transform"} for each in drawn.iter())
    assert {each.tag for each in drawn.iter()} == {"svg", "path"}


async def test_what_was_written_down_opens_once_each(house: House) -> None:
    """For who lost the telephone; the others stay good."""
    await person(house)
    _, written = await second_factor(house, await access(house))
    assert len(set(written)) == 10
    assert (await tokens(house, otp=written[0])).status == 200
    assert (await tokens(house, otp=written[0])).status == 401
    assert (await tokens(house, otp=written[1])).status == 200


async def test_without_the_password_nobody_learns_of_a_second_factor(house: House) -> None:
    """A wrong password is a wrong password."""
    await person(house)
    await second_factor(house, await access(house))
    assert (await enter(house, username="bob", password="wrong")).data["error"]["code"] == "wrong_password"


async def test_a_second_factor_goes_with_a_code_or_an_admins_word(house: House) -> None:
    """Not by whoever found the page open; and a viewer is no admin."""
    await person(house)
    token = await access(house)
    theirs, _ = await second_factor(house, token)
    assert (await house.ask("DELETE", "/api/v1/me/second_factor", {"code": "000000"}, token)).status == 401
    assert (await house.ask("DELETE", "/api/v1/users/bob/second_factor", {}, "viewer-token")).status == 404
    assert (await house.ask("DELETE", "/api/v1/users/bob/second_factor", {}, token)).status == 403
    assert (await house.ask("DELETE", "/api/v1/users/bob/second_factor", {})).status == 200
    assert (await enter(house, username="bob", password=PASSWORD)).status == 200
    theirs, _ = await second_factor(house, token)
    code = theirs.at(house.board.wire.now())
    assert (await house.ask("DELETE", "/api/v1/me/second_factor", {"code": code}, token)).status == 200


async def test_the_secret_of_a_second_factor_is_sealed(house: House, tmp_path: Path) -> None:
    """Neither it nor what was written down stands in any file."""
    await person(house)
    theirs, written = await second_factor(house, await access(house))
    kept = everything_in(tmp_path)
    for secret in (theirs.secret, *written):
        assert secret.encode() not in kept


async def test_a_token_of_the_settings_has_no_second_factor(house: House) -> None:
    """It is no password."""
    for path in ("/api/v1/me/second_factor", "/api/v1/me/password"):
        answer = await house.post(path, {"old": "x", "new": "y"})
        assert (answer.status, answer.data["error"]["code"]) == (422, "no_password")


# a chat's link, and the first admin


async def test_a_link_from_a_chat_opens_once(house: House) -> None:
    """As whoever asked for it."""
    key = house.engine.office.passes.draw(house.board.people("ann-token"))
    answer = await enter(house, "/enter", key=key)
    assert answer.status == 200
    assert (await house.get("/api/v1/me", None, headers=page_of(house, answer))).data["id"] == "ann"
    again = await enter(house, "/enter", key=key)
    assert (again.status, again.data["error"]["code"]) == (401, "pass_gone")


async def test_a_page_may_ask_for_a_link_and_a_program_may_not(house: House) -> None:
    """A token with little scope must not become a page."""
    refused = await house.post("/api/v1/commands", {"text": "/dashboard"})
    assert [notice["kind"] for notice in refused.data["notices"]] == ["refused"]
    page = {**await log_in(house), "Origin": house.url}
    told = await house.post("/api/v1/commands", {"text": "/dashboard"}, None, headers=page)
    assert "/enter#" in told.data["notices"][0]["text"]
    kept = (await house.get("/api/v1/notices")).data["items"] + (await house.get("/api/v1/log")).data["items"]
    assert "/enter#" not in str(kept)


async def test_a_page_that_a_token_opened_may_not_ask_for_a_link(tmp_path: Path) -> None:
    """The link's page would outlive the token: revoking one ends every page that came of it."""
    async with with_everybody(tmp_path) as house:
        await person(house)
        token = (await house.post("/api/v1/users/bob/tokens")).data["token"]
        page = {**await log_in(house, token), "Origin": house.url}
        told = await house.post("/api/v1/commands", {"text": "/dashboard"}, None, headers=page)
    assert [notice["kind"] for notice in told.data["notices"]] == ["refused"]
    assert "not_here" in told.data["notices"][0]["text"]


async def test_the_first_admin_makes_themselves(house: House) -> None:
    """Once; they run the owner's desk."""
    key = house.engine.office.passes.draw()
    short = await enter(house, "/setup", key=key, username="ada", password="x")
    assert (short.status, short.data["error"]["field"]) == (422, "password")
    made = await enter(house, "/setup", key=key, username="ada", password=PASSWORD)
    assert made.status == 200
    me = (await house.get("/api/v1/me", None, headers=page_of(house, made))).data
    assert (me["id"], me["role"], me["works_for"]) == ("ada", "admin", OWNER)
    assert (await enter(house, "/setup", key=key, username="eve", password=PASSWORD)).status == 401


async def test_two_that_set_up_together_make_one_admin(house: House) -> None:
    """The pass is taken before the password is hashed; a refusal gave it back."""
    key = house.engine.office.passes.draw()
    assert (await enter(house, "/setup", key=key, username="a b", password=PASSWORD)).status == 422
    both = (enter(house, "/setup", key=key, username=name, password=PASSWORD) for name in ("ada", "eve"))
    assert sorted([answer.status for answer in await asyncio.gather(*both)]) == [200, 401]
    assert len((await house.engine.store.roll()).users) == 1


async def test_where_somebody_is_there_is_no_set_up(house: House) -> None:
    """Not even with its link."""
    key = house.engine.office.passes.draw()
    await person(house)
    assert (await enter(house, "/setup", key=key, username="ada", password=PASSWORD)).status == 401


@pytest.mark.parametrize("path", ["/enter", "/setup"])
async def test_another_sites_script_opens_nothing(house: House, path: str) -> None:
    """Without its own origin or JSON nothing is even looked at."""
    key = house.engine.office.passes.draw(house.board.people("ann-token"))
    for headers in ({}, {"Origin": "http://evil.example"}, {"Origin": house.url, "Content-Type": "text/plain"}):
        answer = await house.post(path, {"key": key}, None, headers=headers)
        assert answer.status == 403
    assert house.engine.office.passes.enter(key) is not None


# programs' tokens


@pytest.fixture
async def manual(tmp_path: Path) -> AsyncIterator[tuple[House, ManualClock]]:
    """A house whose real time the test moves."""
    clock = ManualClock((await _now(tmp_path)).now())
    async with opened(tmp_path / "d", wire=clock) as house:
        yield house, clock


async def test_tc_42_a_program_logs_in_with_name_and_password(house: House) -> None:
    """It gets an access token, good on every route of the API as that person."""
    await person(house)
    got = await tokens(house)
    assert got.data.keys() == {"access", "refresh"}
    me = await house.get("/api/v1/me", got.data["access"])
    assert (me.data["id"], me.data["role"]) == ("bob", "trader")
    assert (await house.get("/api/v1/log", got.data["access"])).status == 403


async def test_tc_42_an_access_token_lives_a_day_and_is_renewed(manual: tuple[House, ManualClock]) -> None:
    """By the refresh token, for a week; neither stands in for the other."""
    house, clock = manual
    await person(house)
    got = (await tokens(house)).data
    assert (await house.get("/api/v1/me", got["refresh"])).status == 401
    assert (await house.post("/api/token/refresh", {"refresh": got["access"]}, None)).status == 401
    await clock.advance(ACCESS_LIVES.total_seconds())
    assert (await house.get("/api/v1/me", got["access"])).status == 401
    renewed = await house.post("/api/token/refresh", {"refresh": got["refresh"]}, None)
    assert renewed.data.keys() == {"access"}
    assert (await house.get("/api/v1/me", renewed.data["access"])).status == 200
    await clock.advance((REFRESH_LIVES - ACCESS_LIVES).total_seconds())
    assert (await house.post("/api/token/refresh", {"refresh": got["refresh"]}, None)).status == 401


async def test_a_program_ends_with_its_person(house: House) -> None:
    """And has the role of now."""
    await person(house, role="admin")
    got = (await tokens(house)).data
    await house.ask("PATCH", "/api/v1/users/bob", {"role": "viewer"})
    assert (await house.get("/api/v1/me", got["access"])).data["role"] == "viewer"
    await house.ask("DELETE", "/api/v1/users/bob")
    assert (await house.get("/api/v1/me", got["access"])).status == 401
    assert (await house.post("/api/token/refresh", {"refresh": got["refresh"]}, None)).status == 401


@pytest.mark.parametrize("token", ["a.b.c", "..", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IifQ.", "ÿ.ÿ.ÿ"])
async def test_tc_42_an_invented_web_token_is_401(house: House, token: str) -> None:
    """Unsigned ones, too."""
    await person(house)
    assert (await house.get("/api/v1/me", token)).status == 401


async def test_web_tokens_outlive_a_restart(tmp_path: Path) -> None:
    """Their key is kept, sealed."""
    async with opened(tmp_path) as house:
        await person(house)
        token = await access(house)
    async with opened(tmp_path) as house:
        assert (await house.get("/api/v1/me", token)).status == 200


@pytest.mark.parametrize(("scope", "role"), [("read", "viewer"), ("trade", "approver"), ("admin", "admin")])
async def test_a_scope_is_the_most_that_a_token_may_do(tmp_path: Path, scope: str, role: str) -> None:
    """Of its person's role; a page that it opens may do no more, nor does a restart forget it."""
    async with with_everybody(tmp_path) as house:
        await person(house, role="admin")
        token = (await house.post("/api/v1/users/bob/tokens", {"scope": scope})).data["token"]
        assert (await house.get("/api/v1/me", token)).data["role"] == role
        page = await log_in(house, token)
        assert (await house.get("/api/v1/me", None, headers=page)).data["role"] == role
    async with with_everybody(tmp_path) as house:
        assert (await house.get("/api/v1/me", token)).data["role"] == role


async def test_an_unknown_scope_is_422(house: House) -> None:
    """And no token is made."""
    await person(house)
    answer = await house.post("/api/v1/users/bob/tokens", {"scope": "all"})
    assert (answer.status, answer.data["error"]["field"]) == (422, "scope")
    assert house.engine.office.users.by_id(UserId("bob"), "api") is not None
