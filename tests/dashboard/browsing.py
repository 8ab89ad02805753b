"""What a browser would send: a page's cookie, its own origin, and the token that its script reads."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dashboard.gate import CSRF_HEADER
from tests.dashboard.conftest import Answer, House

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def log_in(house: House, token: str = "owner-token", **headers: str) -> Mapping[str, str]:
    """The headers of a page that is logged in, without its Origin."""
    answer = await house.post("/login", {"token": token}, token=None, headers={"Origin": house.url, **headers})
    assert answer.status == 200, answer.data
    house.session.cookie_jar.clear()
    return {"Cookie": cookie_of(answer), CSRF_HEADER: answer.data["csrf"]}


async def opened_page(house: House, path: str = "/", headers: Mapping[str, str] | None = None) -> Answer:
    """A page as a browser asks for it; the client keeps no cookie of it."""
    answer = await house.get(path, None, headers={**HTML, **(headers or {})})
    house.session.cookie_jar.clear()
    return answer


def cookie_of(answer: Answer) -> str:
    return answer.headers["Set-Cookie"].partition(";")[0]


def csrf_of(answer: Answer) -> str:
    """What the page tells its own script."""
    [found] = re.findall(r'<meta name="csrf" content="([^"]+)">', answer.data)
    return str(found)


def acting(house: House, answer: Answer) -> Mapping[str, str]:
    """The headers of what an opened page's script sends."""
    return {"Cookie": cookie_of(answer), "Origin": house.url, CSRF_HEADER: csrf_of(answer)}


def parts_of(answer: Answer) -> dict[str, str]:
    """Name to HTML of a page's live parts, as far as no part holds another."""
    found = re.split(r'<div class="part" id="part-(\w+)" data-part="\w+">', answer.data)
    return dict(zip(found[1::2], found[2::2], strict=True))
