"""The program as people start it: what it prints, how it ends, what it refuses."""

from __future__ import annotations

import json
import signal
import stat
from pathlib import Path

import pytest

from tests.process import demo, run_program, start

SECRET = "correct-horse-battery-staple"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A settings file with one paper account and everything under tmp_path."""
    text = f"""
[desk]
data_dir = "{tmp_path / "data"}"
[server]
port = 0
api_token = "{SECRET}"
[market]
still = true
[[accounts]]
name = "Testing"
broker = "paper"
"""
    return write(tmp_path / "settings.toml", text)


def test_demo_prints_its_lines_in_order(tmp_path: Path) -> None:
    """LISTENING before anything else, then READY, TOKEN and the sample alert, which works as it is; the hub's token."""
    with demo(tmp_path / "d") as desk:
        assert [line.split()[0] for line in desk.lines] == ["LISTENING", "READY", "TOKEN", "curl"]
        assert desk.process.stdout is not None
        assert desk.process.stdout.readline().startswith("HUB TOKEN ")
        status, answer = desk.alert()
        assert (status, answer["success"], answer["status"]) == (200, True, "accepted")


def test_sigterm_ends_in_zero(tmp_path: Path) -> None:
    """A stopped desk is a desk that is done."""
    with demo(tmp_path / "d") as desk:
        assert desk.stop() == 0


def test_sigint_ends_in_zero(tmp_path: Path) -> None:
    """Ctrl-C is a way to stop, not a failure."""
    with demo(tmp_path / "d") as desk:
        desk.process.send_signal(signal.SIGINT)
        assert desk.process.wait(30) == 0


def test_a_second_desk_on_the_directory_exits_75(tmp_path: Path) -> None:
    """The lock is taken before anything else is touched; the first desk does not notice."""
    with demo(tmp_path / "d") as desk:
        second = run_program("demo", "--port", 0, "--data-dir", tmp_path / "d")
        assert (second.returncode, second.stdout) == (75, "")
        assert "another desk runs on" in second.stderr
        assert desk.ask("GET", "/readyz", token="") == (200, {"status": "ok"})


def test_a_configured_secret_is_never_printed(tmp_path: Path) -> None:
    """With every secret set, none stands anywhere in the output, and the TOKEN lines are left out."""
    env = {
        "OPENOUTCRY_SERVER__API_TOKEN": SECRET,
        "OPENOUTCRY_WEBHOOK__PASSPHRASE": f"{SECRET}-2",
        "OPENOUTCRY_HUB__TOKEN": f"{SECRET}-3",
    }
    with start("demo", "--port", 0, "--data-dir", tmp_path / "d", "--still", env=env) as desk:
        desk.ready()
        desk.stop()
        assert desk.process.stdout is not None
        said = "\n".join([*desk.lines, desk.process.stdout.read()])
    assert "READY" in said
    assert "TOKEN" not in said
    assert SECRET not in said


def test_a_typo_in_the_settings_exits_2(tmp_path: Path) -> None:
    """The key is named, the secret's value is not."""
    path = write(tmp_path / "s.toml", f'[webhook]\npasphrase = "{SECRET}"\n')
    done = run_program("check", "--settings", path)
    assert done.returncode == 2
    assert "webhook.pasphrase: unknown key" in done.stderr
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[accounts]]\nname="a"\nbroker="paper"\n[[accounts]]\nname="A"\nbroker="paper"', "accounts: two are named a"),
        ('[webhook]\npassphrase="x"\npassphrase_file="/dev/null"', "passphrase and passphrase_file are both given"),
        ('[webhook]\npassphrase_file="/nowhere/at/all"', "passphrase_file cannot be read"),
        ('[server]\nhost="0.0.0.0"', "tls_in_front"),
        ('[telegram]\ntoken="1:x"', "neither allowed_user_ids nor chat_id"),
        ("[server\n", "s.toml"),
        ('[market]\nprices={BTCPERP="dear"}', "market.prices.BTCPERP"),
        ('[market]\nprices={NOPE="1"}', "market.prices: "),
        ('[end_of_day]\nat="half past three"', "end_of_day.at"),
        ('[telegram]\napi_base="http://chats.example"', "telegram.api_base"),
        ('[discord]\ngateway_url="ws://chats.example"', "discord.gateway_url"),
        ('[[accounts]]\nname="a"\nbroker="nobody"', "accounts.0"),
        ('[[accounts]]\nname="a"', "accounts.0.broker: missing"),
        ('[desk]\ntimezone="Mars/Base"', "desk.timezone: no time zone of this name"),
    ],
)
def test_unusable_settings_exit_2(tmp_path: Path, text: str, said: str) -> None:
    """What cannot be used is named with its reason."""
    done = run_program("check", "--settings", write(tmp_path / "s.toml", text))
    assert done.returncode == 2
    assert said in done.stderr


def test_tm_01_a_missing_secret_is_named_and_none_is_told(tmp_path: Path) -> None:
    """An account that should trade live and has no token: exit 2 with account and key, before anything is sent."""
    text = (
        f'[desk]\nmode="live"\ndata_dir="{tmp_path / "d"}"\n[webhook]\npassphrase="{SECRET}"\n'
        '[[accounts]]\nname="Broker"\nbroker="tinvest"\naccount_id="1"'
    )
    done = run_program("run", "--live", "--settings", write(tmp_path / "s.toml", text))
    assert done.returncode == 2
    assert "accounts: account Broker: token is missing" in done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_a_typo_in_the_environment_exits_2(tmp_path: Path) -> None:
    """A section that nobody knows is named, not overlooked."""
    done = run_program(
        "check", "--settings", write(tmp_path / "s.toml", ""), env={"OPENOUTCRY_WEBHOK__PASSPHRASE": SECRET}
    )
    assert done.returncode == 2
    assert "OPENOUTCRY_WEBHOK__PASSPHRASE: unknown key" in done.stderr
    assert SECRET not in done.stderr


def test_a_missing_settings_file_exits_2(tmp_path: Path) -> None:
    """It says where to find an example."""
    done = run_program("run", "--settings", tmp_path / "none.toml")
    assert done.returncode == 2
    assert "settings.example.toml" in done.stderr


def test_bad_usage_exits_2() -> None:
    """An unknown command is bad usage."""
    assert run_program("sing").returncode == 2


def test_live_needs_two_keys(settings: Path) -> None:
    """`--live` alone is refused."""
    done = run_program("run", "--live", "--settings", settings)
    assert done.returncode == 2
    assert "desk.mode" in done.stderr


def test_ao_15_a_run_without_live_is_on_paper(settings: Path) -> None:
    """TRADING_MODE unset means paper: `run` without --live says so for every account."""
    with start("run", "--settings", settings) as desk:
        desk.ready()
        desk.token = SECRET
        assert [account["mode"] for account in desk.items("accounts")] == ["paper"]
        assert {"SBER", "GAZP", "BTCPERP", "ETHPERP"} <= {row["ticker"] for row in desk.items("instruments")}


def test_ao_40_the_environment_beats_the_file(settings: Path) -> None:
    """OPENOUTCRY_ACCOUNTS is JSON and replaces the file's."""
    env = {"OPENOUTCRY_ACCOUNTS": json.dumps([{"name": "Other", "broker": "paper", "cash": "77"}])}
    with start("run", "--settings", settings, env=env) as desk:
        desk.ready()
        desk.token = SECRET
        assert [(row["name"], row["equity"]) for row in desk.items("accounts")] == [("Other", "77")]


def test_check_changes_nothing(settings: Path, tmp_path: Path) -> None:
    """It names accounts and limits that are off, and leaves no data directory behind."""
    done = run_program("check", "--settings", settings)
    assert done.returncode == 0
    assert "account Testing: paper" in done.stdout
    assert "order_value_max" in done.stdout
    assert not (tmp_path / "data").exists()


def test_kill_while_the_desk_is_down_holds_at_the_next_start(settings: Path) -> None:
    """The latch needs neither a running desk nor its database."""
    assert run_program("kill", "--settings", settings).returncode == 0
    assert run_program("kill", "--settings", settings).returncode == 0
    with start("run", "--settings", settings) as desk:
        desk.ready()
        desk.token = SECRET
        assert [row["risk_state"] for row in desk.items("accounts")] == ["HALTED"]
        assert desk.say("/buy 10 SBER")[0]["kind"] == "refused"


def test_kill_and_arm_from_outside_reach_a_running_desk(settings: Path) -> None:
    """A running desk obeys, cancels what could add risk, and goes on when armed."""
    with start("run", "--settings", settings) as desk:
        desk.ready()
        desk.token = SECRET
        desk.say("/buy 10 SBER")
        assert run_program("kill", "--settings", settings).returncode == 0
        desk.wait_for("accounts", lambda rows: rows[0]["risk_state"] == "HALTED")
        desk.wait_for("orders", lambda rows: [row["state"] for row in rows] == ["CANCELLED"])
        assert run_program("arm", "--settings", settings).returncode == 0
        desk.wait_for("accounts", lambda rows: rows[0]["risk_state"] == "ACTIVE")
        assert "sent" in desk.say("/buy 10 SBER")[0]["text"]
        told = [(row["action"], row["surface"]) for row in desk.items("log") if row["action"].startswith("risk.")]
        assert told == [("risk.armed", "cli"), ("risk.halted", "cli")]


def test_the_audit_trail_can_be_verified(settings: Path, tmp_path: Path) -> None:
    """`audit verify` is 0 on a whole trail."""
    with start("run", "--settings", settings) as desk:
        desk.ready()
        desk.token = SECRET
        desk.say("/buy 10 SBER")
        desk.stop()
    assert run_program("audit", "verify", "--settings", settings).returncode == 0


def test_files_are_for_the_owner_alone(settings: Path, tmp_path: Path) -> None:
    """The data directory is 0700, the database 0600."""
    with start("run", "--settings", settings) as desk:
        desk.ready().stop()
    data = tmp_path / "data"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "desk.sqlite3").stat().st_mode) == 0o600


def test_one_intent_id_tells_a_trades_life_in_the_log(tmp_path: Path) -> None:
    """Every line of one trade carries the alert's id; no line carries a secret."""
    with demo(tmp_path / "d") as desk:
        _, answer = desk.alert()
        desk.wait_for("positions", lambda rows: rows)
        token, passphrase = desk.token, desk.sample["passphrase"]
        desk.stop()
    log = (tmp_path / "d" / "logs" / "desk.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in log.splitlines()]
    events = [line["event"] for line in lines if line.get("intent_id") == answer["alert_id"]]
    assert "order FILLED" in events
    assert "order SENT" in events
    assert token not in log
    assert passphrase not in log
