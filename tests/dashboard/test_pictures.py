"""GET /api/v1/proposals/{id}/picture."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.services.pictures import Album
from core.values.changes import ProposalMade
from core.values.ids import ProposalId, UserId
from tests.dashboard.conftest import House, opened
from tests.dashboard.test_lists import _proposal

PNG = b"\x89PNG\r\n\x1a\nand more"
PATH = "/api/v1/proposals/p-1/picture"


@pytest.fixture
def album(tmp_path: Path) -> Album:
    return Album(tmp_path / "pictures")


@pytest.fixture
async def house(tmp_path: Path, album: Album) -> AsyncIterator[House]:
    """With a proposal of the owner's and one of ann's."""
    async with opened(tmp_path / "desk", picture=album.find) as house:
        hers = replace(_proposal(), id=ProposalId("p-2"), owner=UserId("ann"))
        await house.engine.store.save(ProposalMade(_proposal()), ProposalMade(hers))
        yield house


async def _bytes(house: House, path: str, token: str) -> tuple[int, str, bytes]:
    headers = {"Authorization": f"Bearer {token}"}
    async with house.session.get(f"{house.url}{path}", headers=headers) as answer:
        return answer.status, answer.content_type, await answer.read()


async def test_there_is_none_before_it_is_drawn(house: House) -> None:
    """404, and the proposal's row names none."""
    assert (await house.get(PATH)).status == 404
    assert (await house.get("/api/v1/proposals/p-1")).data["picture"] is None


async def test_a_picture_is_read_where_the_row_says(house: House, album: Album) -> None:
    """The row's path answers the PNG as it was drawn, with or without a slash behind it."""
    album.keep("p-1", PNG)
    path = (await house.get("/api/v1/proposals/p-1")).data["picture"]
    assert path == PATH
    assert await _bytes(house, path, "owner-token") == (200, "image/png", PNG)
    assert await _bytes(house, f"{path}/", "owner-token") == (200, "image/png", PNG)


async def test_a_picture_is_for_those_who_see_the_proposal(house: House, album: Album) -> None:
    """401 for nobody, 404 for somebody else's, also where the file is there; her own she sees."""
    album.keep("p-1", PNG)
    album.keep("p-2", PNG)
    assert (await house.get(PATH, None)).status == 401
    assert (await house.get(PATH, "ann-token")).status == 404
    assert (await _bytes(house, "/api/v1/proposals/p-2/picture", "ann-token"))[0] == 200


async def test_a_path_that_is_no_proposal_reads_no_file(house: House, album: Album) -> None:
    """404 for whatever is not the id of a proposal, climbing paths among it."""
    album.keep("secret", PNG)
    for name in ("secret", "..%2Fsecret", "%2e%2e"):
        assert (await house.get(f"/api/v1/proposals/{name}/picture")).status == 404
