"""Logs, visuals, health checks and new beginnings over HTTP, under this desk's paths and an older system's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.services.health_checks import Check, HealthChecks, Verdict
from core.services.research import ProcessState, Research
from core.services.run_records import RunRecords
from core.services.visuals import Visuals
from core.values.changes import TaskSet
from core.values.charts import Theme
from core.values.ids import UserId
from kit.log_files import LogFiles
from openoutcry.engine import Engine
from tests.collecting import TUESDAY, Bench, bench, new_york
from tests.core.services.test_visuals import Brush, run_of
from tests.dashboard.conftest import House, opened

OLD_AND_NEW = pytest.mark.parametrize("api", ["/api", "/api/v1"])


@dataclass
class Lab:
    """A desk that researches SBER; checks pass unless they are named in `fails`, and wait for `let_go`."""

    house: House
    it: Bench
    visuals: Visuals
    checks: HealthChecks
    asked: list[tuple[Check, Mapping[str, str]]]
    fails: set[Check]
    let_go: asyncio.Event

    async def done(self) -> None:
        """Until nothing of it is at work."""
        for work in (self.visuals._single.begun, self.checks._single.begun, self.it.job._again):
            if work is not None:
                await work


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    it = bench(tmp_path, new_york(TUESDAY, "08:00"))
    await it.job.load()
    logs = tmp_path / "logs"
    for name in ("trading/2026-03-02_2", "trading/2026-03-02_15", "program/2026-03-02_0"):
        path = logs / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"first of {name}\nsecond\n", encoding="utf-8")
    asked: list[tuple[Check, Mapping[str, str]]] = []
    fails, let_go = set[Check](), asyncio.Event()
    let_go.set()

    async def perform(check: Check, wishes: Mapping[str, str]) -> Verdict:
        asked.append((check, wishes))
        await let_go.wait()
        return Verdict(check not in fails, [f"{check} was looked at"])

    def research(engine: Engine) -> Research:
        visuals = Visuals(engine.desk, it.store, {"SBER": "NYSE"}, Brush(), Theme.DARK)
        checks = HealthChecks(engine.desk, perform, ["SBER"], ZoneInfo("America/New_York"))
        states = {"collector": lambda: ProcessState.RUNNING}
        return Research(states, ["SBER"], visuals, checks, it.job.recollect)

    async with opened(tmp_path / "desk", research, logs=LogFiles(logs, ("program", "trading"))) as house:
        found = house.board.research
        assert found.visuals is not None
        assert found.checks is not None
        yield Lab(house, it, found.visuals, found.checks, asked, fails, let_go)
        await found.visuals.close()
        await found.checks.close()


async def test_tc_05_the_four_processes_are_listed(lab: Lab, house: House) -> None:
    """Each with what it does; where nothing is collected, all are off."""
    said = (await lab.house.get("/api/v1/research")).data
    assert {each["name"]: each["state"] for each in said["processes"]} == {
        "collector": "running",
        "optimiser": "off",
        "day_trader": "off",
        "swing_trader": "off",
    }
    assert said["symbols"] == ["SBER"]
    idle = (await house.get("/api/v1/research")).data
    assert {each["state"] for each in idle["processes"]} == {"off"}


@OLD_AND_NEW
async def test_tc_44_log_files_are_read(lab: Lab, api: str) -> None:
    """One by its name, the names of a feed by number, the newest file of a feed; a slash at the end is fine."""
    get = lab.house.get
    assert (await get(f"{api}/logs/file/?filename=program/2026-03-02_0")).data == [
        "first of program/2026-03-02_0",
        "second",
    ]
    assert (await get(f"{api}/logs/trading_filenames")).data == ["trading/2026-03-02_2", "trading/2026-03-02_15"]
    assert (await get(f"{api}/logs/trading/")).data[0] == "first of trading/2026-03-02_15"


ELSEWHERE = [
    "file?filename=../desk/desk.sqlite3",
    "file?filename=trading/../../desk/desk",
    "file?filename=%2e%2e%2fdesk",
    "file?filename=trading/2026-03-02_3",
    "file?filename=",
    "file",
    "%2e%2e",
    "simulated_filenames",
    "..%2fdesk_filenames",
]


async def test_tc_44_nothing_else_is_read(lab: Lab, tmp_path: Path) -> None:
    """W-40: 404, and nothing is made."""
    for path in ELSEWHERE:
        before = sorted((tmp_path / "logs").rglob("*"))
        assert (await lab.house.get(f"/api/v1/logs/{path}")).status == 404
        assert sorted((tmp_path / "logs").rglob("*")) == before


async def test_tc_44_logs_are_for_admins(lab: Lab) -> None:
    """They tell of everybody's trades."""
    for path in ("file?filename=program/2026-03-02_0", "program", "program_filenames"):
        assert (await lab.house.get(f"/api/v1/logs/{path}", "ann-token")).status == 403
        assert (await lab.house.get(f"/api/v1/logs/{path}", None)).status == 401


@OLD_AND_NEW
async def test_tc_49_a_visual_is_generated_and_read(lab: Lab, api: str) -> None:
    """204 before the first; 503 while one is made; then what it shows, and the same as a picture."""
    get, post = lab.house.get, lab.house.post
    of = "visual_type=PRICE_GRAPH&symbol=SBER"
    assert (await get(f"{api}/visuals/get?{of}")).status == 204
    assert (await get(f"{api}/visuals/picture?{of}")).status == 204
    asked = {"visual_type": "PRICE_GRAPH", "symbol": "SBER"}
    async with lab.visuals._single._turn:
        busy = await post(f"{api}/visuals/generate", asked)
        assert (busy.status, busy.data["error"]["code"]) == (503, "one_at_a_time")
    assert (await post(f"{api}/visuals/generate", asked)).data == {"success": True}
    await lab.done()
    said = (await get(f"{api}/visuals/get?{of}")).data
    assert said["valid_days"] == 5
    assert said["total_days"] == len(said["points"])
    assert said["points"][0] == {"date": "2017-01-03", "open": "0", "minutes": 0}
    picture = await get(said["picture"])
    assert (picture.status, picture.headers["Content-Type"], picture.data) == (200, "image/png", "PNG")


async def test_tc_48_runs_by_their_account_and_owner(lab: Lab) -> None:
    """`paper` may be said in either way; Ann sees her own alone."""
    store, now = lab.house.engine.store, lab.house.engine.clock.now()
    await store.save(TaskSet(run_of(1, now)), TaskSet(run_of(2, now, UserId("ann"), "Ann")))
    for token, paper, profits in (
        ("owner-token", "true", ["1", "2"]),
        ("owner-token", "paper", ["1", "2"]),
        ("owner-token", "false", []),
        ("ann-token", "True", ["2"]),
    ):
        asked = {"visual_type": "RUN_HISTORY", "paper": paper}
        assert (await lab.house.post("/api/v1/visuals/generate", asked, token)).status == 200
        await lab.done()
        said = await lab.house.get(f"/api/v1/visuals/get?visual_type=RUN_HISTORY&paper={paper}", token)
        assert [point["profit"] for point in said.data["points"]] == profits


NO_VISUALS: list[tuple[dict[str, object], str]] = [
    ({}, "visual_type"),
    ({"visual_type": "PIE"}, "visual_type"),
    ({"visual_type": "PRICE_GRAPH"}, "symbol"),
    ({"visual_type": "PRICE_GRAPH", "symbol": "TXN"}, "symbol"),
    ({"visual_type": "PRICE_GRAPH", "symbol": 5}, "symbol"),
    ({"visual_type": "RUN_HISTORY"}, "paper"),
    ({"visual_type": "RUN_HISTORY", "paper": "maybe"}, "paper"),
]


async def test_tc_47_what_is_missing_is_named(lab: Lab) -> None:
    """422, by field."""
    for asked, field in NO_VISUALS:
        answer = await lab.house.post("/api/v1/visuals/generate", asked)
        assert (answer.status, answer.data["error"]["field"]) == (422, field)


@OLD_AND_NEW
async def test_tc_50_a_check_is_performed_and_read(lab: Lab, api: str) -> None:
    """204 before the first; 503 while one is done; then its status, what it found, and when."""
    get, post = lab.house.get, lab.house.post
    assert (await get(f"{api}/health_checks/get?check_type=SIMULATION_OUTPUT")).status == 204
    lab.let_go.clear()
    lab.fails.add(Check.SIMULATION_OUTPUT)
    asked = {"check_type": "SIMULATION_OUTPUT", "symbol": "SBER", "day_date": "2026/6/12"}
    assert (await post(f"{api}/health_checks/perform", asked)).data == {"success": True}
    assert (await post(f"{api}/health_checks/perform", {"check_type": "DATA"})).status == 503
    lab.let_go.set()
    await lab.done()
    said = (await get(f"{api}/health_checks/get?check_type=SIMULATION_OUTPUT")).data
    assert set(said) == {"check_type", "status", "debug_messages", "last_updated"}
    assert (said["status"], said["debug_messages"]) == ("FAILED", ["SIMULATION_OUTPUT was looked at"])
    assert lab.asked == [(Check.SIMULATION_OUTPUT, {"symbol": "SBER", "day": "2026-06-12"})]
    assert (await get("/api/v1/research")).data["health_checks"] == [said]


async def test_health_tells_of_the_checks(lab: Lab) -> None:
    """After its True, in the chats."""
    assert lab.checks.perform(Check.DATA, {}) is None
    await lab.done()
    said = (await lab.house.post("/api/v1/commands", {"text": "/health"})).data["notices"][0]["text"]
    assert said.splitlines()[0] == "True"
    assert said.splitlines()[1].startswith("DATA: PASSED, ")


NO_CHECKS: list[tuple[dict[str, str], str]] = [
    ({"check_type": "PULSE"}, "check_type"),
    ({"check_type": "DATA", "symbol": "TXN"}, "symbol"),
    ({"check_type": "SIMULATION_OUTPUT", "day_date": "2026-02-30"}, "day_date"),
]


async def test_tc_50_a_check_that_cannot_be_is_named(lab: Lab) -> None:
    """422, by field."""
    for asked, field in NO_CHECKS:
        answer = await lab.house.post("/api/v1/health_checks/perform", asked)
        assert (answer.status, answer.data["error"]["field"]) == (422, field)


@OLD_AND_NEW
@pytest.mark.parametrize(
    ("asked", "first"), [({}, 0), ({"symbol": "SBER"}, 0), ({"symbol": "sber", "start_date": "2026/6/12"}, 3)]
)
async def test_tc_45_recollecting_asks_for_one_press(lab: Lab, api: str, asked: dict[str, str], first: int) -> None:
    """Nothing happens before it; then all days, or those from a day on, are asked for again."""
    days = list(lab.it.market.asked)
    lab.it.market.asked.clear()
    [question] = (await lab.house.post(f"{api}/data/recollect", asked)).data["notices"]
    assert question["kind"] == "confirm"
    assert lab.it.market.asked == []
    pressed = await lab.house.post(f"/api/v1/actions/{question['actions'][0]['id']}")
    assert pressed.data["notices"][0]["kind"] == "info"
    await lab.done()
    assert lab.it.market.asked == days[first:]


UNKNOWN = [{"symbol": "TXN"}, {"symbol": "SBER all"}]


async def test_tc_45_what_is_not_collected_is_refused(lab: Lab) -> None:
    """By a notice, as typed commands are."""
    for asked in UNKNOWN:
        [notice] = (await lab.house.post("/api/v1/data/recollect", asked)).data["notices"]
        assert notice["kind"] == "refused"


@OLD_AND_NEW
async def test_tc_46_the_trade_history_is_reset_after_one_press(lab: Lab, api: str) -> None:
    """Orders, fills and runs leave their owner's lists, and nobody else's."""
    house, store = lab.house, lab.house.engine.store
    await house.trade()
    await store.save(TaskSet(run_of(-9, house.engine.clock.now(), UserId("ann"), "Ann")))
    await store.save(TaskSet(run_of(-5, house.engine.clock.now())))
    [question] = (await house.post(f"{api}/data/reset_trade_history")).data["notices"]
    filled = [row for row in (await house.get("/api/v1/orders")).data["items"] if row["state"] == "FILLED"]
    assert filled
    await house.post("/api/v1/commands", {"text": question["actions"][0]["command"]})
    assert not [row for row in (await house.get("/api/v1/orders")).data["items"] if row["state"] == "FILLED"]
    assert (await house.get("/api/v1/fills")).data["items"] == []
    assert [task.owner async for task in RunRecords(house.engine.desk).tasks()] == ["ann"]


BEGUN = [
    ("visuals/generate", {"visual_type": "PRICE_GRAPH", "symbol": "SBER"}),
    ("health_checks/perform", {"check_type": "DATA"}),
]


async def test_viewers_begin_nothing(lab: Lab) -> None:
    """403; and without a token 401."""
    for path, asked in BEGUN:
        assert (await lab.house.post(f"/api/v1/{path}", asked, "viewer-token")).status == 403
        assert (await lab.house.post(f"/api/{path}", asked, None)).status == 401


BEGIN_ANEW = ["data/recollect", "data/reset_trade_history"]


async def test_who_may_not_is_told_so(lab: Lab) -> None:
    """Viewers are refused both."""
    for path in BEGIN_ANEW:
        [notice] = (await lab.house.post(f"/api/v1/{path}", {}, "viewer-token")).data["notices"]
        assert notice["kind"] == "refused"


DONE_BY_POST = ["visuals/generate", "health_checks/perform", "data/recollect", "data/reset_trade_history"]


async def test_nothing_is_done_by_get(lab: Lab) -> None:
    """W-40: under either path."""
    for path in DONE_BY_POST:
        for api in ("/api", "/api/v1"):
            assert (await lab.house.get(f"{api}/{path}")).status == 405


async def test_where_nothing_is_collected_it_says_so(house: House) -> None:
    """422 with what to do; there is nothing to read either."""
    for path, asked in (
        ("visuals/generate", {"visual_type": "PRICE_GRAPH", "symbol": "SBER"}),
        ("health_checks/perform", {"check_type": "MONGO"}),
    ):
        answer = await house.post(f"/api/v1/{path}", asked)
        assert (answer.status, answer.data["error"]["code"]) == (422, "nothing_collected")
        assert "[collect]" in answer.data["error"]["message"]
    assert (await house.get("/api/v1/health_checks/get?check_type=MONGO")).status == 204
    [notice] = (await house.post("/api/v1/data/recollect")).data["notices"]
    assert "[collect]" in notice["text"]
