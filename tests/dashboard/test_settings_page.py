"""Settings: what is in force and who said so; nothing secret, nothing for those whom it does not concern."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from core.services.hub import Hub
from core.values.people import owner_person
from dashboard.about import disk_of
from dashboard.board import Figures
from dashboard.recent import reading
from dashboard.screens import Screens
from dashboard.views import VIEWS
from dashboard.views.settings import VIEW, size
from targets.console import Console
from tests.dashboard.browsing import log_in, opened_page, parts_of
from tests.dashboard.conftest import PASSPHRASE, Answer, House


async def page(house: House, token: str = "owner-token") -> Answer:
    return await opened_page(house, "/settings", await log_in(house, token))


async def test_what_somebody_has_set_stands_apart(house: House) -> None:
    """With where it was said; a secret only says that it is set."""
    shown = (await page(house)).data
    said = shown.partition('id="said"')[2].partition('id="in-force"')[0]
    assert re.findall(r"<code>([\w.]+)</code></th>", said) == [
        "desk.data_dir",
        "webhook.passphrase",
        "market.still",
        "market.prices",
    ]
    assert "set, not shown" in said
    assert PASSPHRASE not in shown


async def test_everything_in_force_is_there(house: House) -> None:
    """By section, with its value."""
    rest = (await page(house)).data.partition('id="in-force"')[2]
    for key in ("risk.collar_percent", "proposals.expiry_s", "targets.graphite.port"):
        assert f"<code>{key}</code>" in rest


async def test_limits_that_are_off_are_named(house: House) -> None:
    """As the start-up report names them."""
    shown = parts_of(await page(house))["desk"]
    assert "order_value_max" in shown
    assert "daily_loss_percent" in shown
    assert "collar_percent" not in shown


async def test_targets_tell_how_they_fare(house: House) -> None:
    """Without one: where they are switched on."""
    assert "no target is switched on" in parts_of(await page(house))["targets"]
    hub = Hub(house.engine.store, house.engine.clock.now, house.engine.wire, [Console(lambda _line: None)])
    [outlet] = hub.outlets
    outlet.sent, outlet.dropped, outlet.failures, outlet.away = 12345, 7, 3, "connection refused"
    board = reading(replace(house.board, figures=Figures(hub=hub)))
    shown = (await Screens(board, VIEWS).shot(VIEW, owner_person("dashboard"), {})).parts["targets"]
    for word in ("console", "12,345", ">7<", ">3<", "away", "connection refused"):
        assert word in shown


async def test_tunables_are_set_here(house: House) -> None:
    """The form shows what is in force, and its route changes it, or names what will not do."""
    assert 'value="15 20 25"' in (await page(house)).data
    answer = await house.ask("PUT", "/api/v1/tunables", {"long_levels": ["5", "10"], "scan_rate": "9"})
    assert answer.status == 200
    shown = (await page(house)).data
    assert 'value="5 10"' in shown
    assert 'value="9"' in shown
    wrong = await house.ask("PUT", "/api/v1/tunables", {"scan_rate": "-1"})
    assert (wrong.status, wrong.data["error"]["field"]) == (422, "scan_rate")


@pytest.mark.parametrize("token", ["ann-token", "viewer-token"])
async def test_others_see_nothing_of_the_settings(house: House, token: str) -> None:
    """Ann and Eve run desks of their own; neither is an admin."""
    shown = (await page(house, token)).data
    for word in ("data_dir", "order_value_max", 'id="targets"', 'id="in-force"'):
        assert word not in shown
    assert (await house.get("/api/v1/settings", token)).status == 403
    assert (await house.get("/api/v1/about", token)).data == {"version": "0.0.test"}


async def test_the_api_tells_the_same(house: House) -> None:
    """Values, sources, and what the directory holds."""
    settings = (await house.get("/api/v1/settings")).data
    by_key = {each["key"]: each for each in settings["items"]}
    assert by_key["webhook.passphrase"] == {
        "key": "webhook.passphrase",
        "value": "set",
        "source": "start",
        "secret": True,
    }
    assert by_key["risk.collar_percent"]["value"] == "5"
    about = (await house.get("/api/v1/about")).data
    assert about["data_bytes"] > 0
    assert about["backup_at"] is None


def test_the_newest_copy_of_the_journal_is_the_backup(tmp_path: Path) -> None:
    """Those of the backups folder, and those that a new version makes."""
    (tmp_path / "desk.sqlite3").write_bytes(b"x" * 100)
    assert (disk_of(tmp_path).held, disk_of(tmp_path).backup_at) == (100, None)
    (tmp_path / "desk.sqlite3.before-0009").write_bytes(b"x")
    assert disk_of(tmp_path).backup_at is not None


@pytest.mark.parametrize(("count", "words"), [(0, "0 B"), (1023, "1023 B"), (2048, "2 kB"), (5 * 1024**3, "5 GB")])
def test_sizes_are_short(count: int, words: str) -> None:
    """In the largest unit that leaves a whole number."""
    assert size(count) == words
