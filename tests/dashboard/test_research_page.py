"""The page of research, and the log files on the page of the log."""

from __future__ import annotations

import pytest

from core.services.health_checks import Check
from core.services.visuals import Subject, VisualType
from core.values.orders import Refused
from tests.dashboard.browsing import log_in, opened_page, parts_of
from tests.dashboard.conftest import Answer, House
from tests.dashboard.test_research import Lab, lab

__all__ = ["lab"]


async def page(house: House, path: str = "/research", token: str = "owner-token") -> Answer:
    return await opened_page(house, path, await log_in(house, token))


async def test_what_is_off_says_how_it_begins(house: House) -> None:
    """Four processes, none of them at work; neither visuals nor checks are offered."""
    parts = parts_of(await page(house))
    assert parts["processes"].count(">off<") == 4
    assert "[collect]" in parts["processes"]
    assert parts["visuals"].strip(" </div>\n") == ""
    assert "Check now" not in parts["checks"]


async def test_tc_49_a_visual_is_shown_with_its_days(lab: Lab) -> None:
    """Its picture has another address when it is another; before the first there is none."""
    before = parts_of(await page(lab.house))["visuals"]
    assert "<img" not in before
    assert lab.visuals.generate(Subject(VisualType.PRICE_GRAPH, "SBER")) is None
    await lab.done()
    after = parts_of(await page(lab.house))["visuals"]
    assert 'src="/api/v1/visuals/picture?visual_type=PRICE_GRAPH&amp;symbol=SBER&amp;at=' in after
    assert "5 of " in after


async def test_tc_50_checks_are_shown_with_what_they_found(lab: Lab) -> None:
    """One that failed stands open; the others were not done yet."""
    lab.fails.add(Check.DATA)
    assert lab.checks.perform(Check.DATA, {}) is None
    assert lab.checks.perform(Check.DATA, {}) == Refused("one_at_a_time")
    await lab.done()
    shown = parts_of(await page(lab.house))["checks"]
    assert shown.count("not done yet") == len(Check) - 1
    assert "FAILED" in shown
    assert "<details open>" in shown
    assert "DATA was looked at" in shown


@pytest.mark.parametrize(("token", "buttons"), [("owner-token", 9), ("ann-token", 9), ("viewer-token", 0)])
async def test_viewers_have_no_buttons(lab: Lab, token: str, buttons: int) -> None:
    """One for each visual and check."""
    shown = await page(lab.house, token=token)
    assert shown.data.count('data-post="/api/v1/visuals/') + shown.data.count('data-post="/api/v1/health') == buttons
    assert ('data-command="/recollect"' in shown.data) is (token == "owner-token")
    assert ('data-command="/reset_history"' in shown.data) is (buttons > 0)


async def test_tc_44_log_files_are_shown_to_admins(lab: Lab) -> None:
    """The newest of a feed, or another of its files; what is no log is 404, and others may not look."""
    admin, ann = await log_in(lab.house), await log_in(lab.house, "ann-token")

    async def opened(query: str) -> Answer:
        return await opened_page(lab.house, f"/log?show={query}", admin)

    newest = (await opened("files&feed=trading")).data
    assert "first of trading/2026-03-02_15" in newest
    assert "file=trading%2F2026-03-02_2" in newest
    assert "first of trading/2026-03-02_2\n" in (await opened("files&feed=trading&file=trading/2026-03-02_2")).data
    assert "first of program/2026-03-02_0" in (await opened("files")).data
    for query, status in (("files&feed=trading&file=../x", 404), ("files&feed=other", 404), ("all", 422)):
        assert (await opened(query)).status == status
    assert (await opened_page(lab.house, "/log?show=files", ann)).status == 403
