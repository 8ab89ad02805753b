"""I11: tries without leave, drawn at random, at every door at once: each is refused, and the journal is as it was."""

from __future__ import annotations

import json
import string
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from core.values.ids import ActionId
from core.values.people import Role
from tests.attacks.garbling import garbled
from tests.attacks.test_authorisation import BODIES, FORGED, OPEN, TABLE, contents, disguises, line, routes_of, shut
from tests.dashboard.conftest import PASSPHRASE, SAMPLE, TOKENS, House, opened
from tests.desk import person

A_ROUND = 1000
WEBHOOKS = ("/tradingview-to-webhook-order", "/tradingview-to-discord-study")
LETTERS = string.ascii_letters + string.digits + "-_=. "


def nearly(secret: str, rng: Random) -> str:
    """The secret with one thing wrong, or nothing like it."""
    at = rng.randrange(len(secret))
    made = rng.choice(
        [
            secret[:at] + rng.choice(LETTERS) + secret[at + 1 :],
            secret[:at] + secret[at + 1 :],
            secret + rng.choice(LETTERS.strip()),
            secret.swapcase(),
            "".join(rng.choices(LETTERS, k=rng.randint(1, 60))).strip(),
        ]
    )
    return "x" if made == secret else made


async def by_token(house: House, rng: Random) -> bool:
    """A route of the dashboard with a forged token, or the right one where none belongs."""
    method, path = rng.choice([route for route in routes_of(house) if route[1] not in OPEN])
    body = None if method == "GET" else BODIES.get(path, {})
    if rng.random() < 0.3:
        headers = rng.choice(list(disguises("owner-token")))
        return shut(await house.ask(method, path, body, None, headers=headers))
    token = rng.choice([*FORGED, *(nearly(known, rng) for known in TOKENS)])
    return shut(await house.ask(method, path, body, token))


async def by_webhook(house: House, rng: Random) -> bool:
    """An order that would be taken, but for its secret; whole or spoilt."""
    secret = rng.choice([nearly(PASSPHRASE, rng), None, True, 0, [PASSPHRASE], {"a": PASSPHRASE}])
    body = json.dumps({**SAMPLE, "passphrase": secret, "id": str(rng.random())}).encode()
    if secret is None or rng.random() < 0.5:
        return (await house.ask("POST", rng.choice(WEBHOOKS), body, None)).status == 401
    spoilt = garbled(body, rng)
    return (await house.ask("POST", rng.choice(WEBHOOKS), spoilt, None)).status in {401, 413, 422}


async def by_link(house: House, rng: Random) -> bool:
    """A link that nobody drew."""
    guess = "".join(rng.choices(LETTERS.replace(" ", ""), k=43))
    return (await house.ask("POST", f"/hook/{guess}", SAMPLE, None)).status == 404


async def by_word(house: House, rng: Random) -> bool:
    """A command of the table, typed by a role below its own."""
    command = rng.choice([command for command in TABLE if command.role > Role.VIEWER])
    role = rng.choice([role for role in Role if role < command.role])
    [told, *_] = await house.board.console.run(line(command), person(role, "mallory"))
    return bool(told.params.get("code", told.key).endswith("not_allowed"))


async def by_press(house: House, rng: Random) -> bool:
    """A press that was offered to nobody."""
    [told] = await house.board.console.press(ActionId(f"{rng.getrandbits(64):016x}"), person(Role.ADMIN))
    return bool(told.params.get("code", told.key).endswith("press_gone"))


DOORS: tuple[Callable[[House, Random], Awaitable[bool]], ...] = (by_token, by_webhook, by_link, by_word, by_press)


async def tried(path: Path, tries: int, seed: int) -> Counter[str]:
    """How often at each door, nothing having come of it."""
    rng, told = Random(seed), Counter[str]()
    async with opened(path) as house:
        before = contents(path / "desk.sqlite3")
        for number in range(tries):
            door = rng.choice(DOORS)
            assert await door(house, rng), f"seed {seed}, try {number}: {door.__name__}"
            told[door.__name__] += 1
        await house.settled()
        assert contents(path / "desk.sqlite3") == before
        assert (await house.get("/api/v1/alerts")).data["items"] == []
        assert (await house.get("/api/v1/orders")).data["items"] == []
    return told


async def test_i11_nothing_comes_of_tries_without_leave(tmp_path: Path) -> None:
    """Three hundred, at five doors."""
    assert len(await tried(tmp_path, 300, 1)) == len(DOORS)


@pytest.mark.proof
async def test_proof_of_strangers(tmp_path: Path, rounds: int) -> None:
    """A thousand a round."""
    told = await tried(tmp_path, A_ROUND * rounds, 2)
    total = told.total()
    print(f"\n{total} tries without leave ({dict(told)}): 0 orders, below {3 / total:.4%} at 95 %")
