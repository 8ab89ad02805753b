"""A backup holds the desk of one moment, opens with its key alone, and counts only once it was opened."""

from __future__ import annotations

import shlex
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from core.values.errors import Broken
from openoutcry.backup import make, read_through
from openoutcry.backups import keep_newest, kept
from openoutcry.lock import Locked, held
from storage.vault import BACKUP, VAULT, key_file
from tests.care.desks import ROWS, ask, break_audit, command, make_journal
from tests.contracts.samples import NOON
from tests.process import demo, run_program

ACCOUNT = '[[accounts]]\nname = "Testing"\nbroker = "paper"\n'


@pytest.fixture
async def data_dir(tmp_path: Path) -> Path:
    await make_journal(tmp_path / "data")
    return tmp_path / "data"


def settings_file(data_dir: Path) -> Path:
    path = data_dir.parent / "settings.toml"
    path.write_text(f'[desk]\ndata_dir = "{data_dir}"\n', encoding="utf-8")
    return path


def test_a_backup_is_named_and_for_its_owner_alone(data_dir: Path) -> None:
    """The name tells desk and moment; nothing but it and the locks is left over, nor from a maker that was killed."""
    (data_dir / ".backup-killed").mkdir()
    made = make(data_dir, data_dir, NOON)
    assert made.path.name == f"openoutcry-{made.facts.desk}-{NOON:%Y%m%dT%H%M%SZ}.backup"
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    left = {path.name for path in data_dir.iterdir() if not path.name.startswith("desk.sqlite3")}
    assert left == {"backup.key", "backup.lock", made.path.name}
    assert made.facts.audit_rows == ROWS


def test_a_backup_holds_the_vaults_key(data_dir: Path) -> None:
    """On another machine the credentials in the journal would open for nobody else."""
    key_file(data_dir, VAULT).read()
    made = make(data_dir, data_dir, NOON)
    assert set(dict(read_through(made.path, key_file(data_dir, BACKUP).read()))["files"]) == {  # type: ignore[call-overload]
        "desk.sqlite3",
        "vault.key",
    }


def test_nothing_of_a_backup_can_be_read_without_the_key(data_dir: Path) -> None:
    """Neither SQLite's head nor a word of ours."""
    text = make(data_dir, data_dir, NOON).path.read_bytes()
    assert b"SQLite" not in text
    assert b"desk.sqlite3" not in text


@pytest.mark.parametrize("where", [0, 60, -1])
def test_a_damaged_backup_is_said(data_dir: Path, where: int) -> None:
    """A single bit, wherever it is."""
    made = make(data_dir, data_dir, NOON)
    text = bytearray(made.path.read_bytes())
    text[where] ^= 1
    made.path.write_bytes(text)
    with pytest.raises(Broken):
        read_through(made.path, key_file(data_dir, BACKUP).read())


def test_a_damaged_journal_makes_no_backup(data_dir: Path) -> None:
    """The last good one must not be pushed out by what cannot be restored."""
    journal = data_dir / "desk.sqlite3"
    text = bytearray(journal.read_bytes())
    for page in range(2, len(text) // 4096):
        text[page * 4096 : page * 4096 + 100] = b"\xff" * 100
    journal.write_bytes(text)
    with pytest.raises(Broken, match=r"damaged|broken"):
        make(data_dir, data_dir, NOON)
    assert not list(data_dir.glob("*.backup*"))


def test_two_backups_at_once_are_one(data_dir: Path) -> None:
    """The second is told so."""
    with held(data_dir / "backup.lock", "busy"), pytest.raises(Locked, match="another backup"):
        make(data_dir, data_dir, NOON)


def test_the_newest_stay(data_dir: Path, tmp_path: Path) -> None:
    """By the moments in their names; another desk's are not ours to delete, nor anything else."""
    for hour in range(3):
        desk = make(data_dir, tmp_path, NOON + timedelta(hours=hour)).facts.desk
    others = [tmp_path / "openoutcry-00000000-20200101T000000Z.backup", tmp_path / f"openoutcry-{desk}-mine.backup"]
    for path in others:
        path.touch()
    keep_newest(tmp_path, desk, 2, NOON + timedelta(hours=2))
    assert [at for at, _ in kept(tmp_path, NOON + timedelta(hours=2), desk)] == [
        NOON + timedelta(hours=1),
        NOON + timedelta(hours=2),
    ]
    assert all(path.exists() for path in others)


def test_a_running_desk_is_backed_up(tmp_path: Path) -> None:
    """By another process; the order of a moment ago is in it, and the drill opens it as a desk."""
    data_dir = tmp_path / "data"
    settings = settings_file(data_dir)
    with demo(data_dir) as desk:
        desk.say("/buy 10 SBER")
        done = run_program("backup", "--settings", settings)
        assert (done.returncode, Path(done.stdout.split()[0]).parent) == (0, data_dir / "backups"), done.stderr
        assert "1 orders" in done.stdout
        assert f"Only {data_dir / 'backup.key'} opens it" in done.stderr
        drilled = run_program("drill", "--settings", settings)
        noted = "SELECT surface || ' ' || data FROM audit WHERE action = 'backup.drilled'"
        assert ask(data_dir / "desk.sqlite3", noted) == 'cli {"result":"whole"}'
        assert desk.ask("GET", "/readyz", token="") == (200, {"status": "ok"})
    assert drilled.returncode == 0, drilled.stderr
    assert "1 orders: opens as a desk" in drilled.stdout
    assert "its audit trail is whole" in drilled.stdout


def test_a_broken_audit_trail_is_backed_up_and_said(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is left is worth keeping; exit 1 names the row, as `audit verify` does."""
    break_audit(data_dir / "desk.sqlite3", 2)
    settings = settings_file(data_dir)
    done = command(capsys, "backup", "--settings", settings)
    assert (done.code, "broken at row 2" in done.err) == (1, True)
    assert Path(done.out.split()[0]).exists()
    assert "broken at row 2" in command(capsys, "audit", "verify", "--settings", settings).err


def test_a_drill_that_fails_is_in_the_audit_trail(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the desk that is at home here, also while it is down; where there is none, none is made."""
    settings = settings_file(data_dir)
    backup = make(data_dir, data_dir, NOON).path
    backup.write_bytes(backup.read_bytes()[:-1])
    assert command(capsys, "drill", backup, "--settings", settings).code == 1
    assert ask(data_dir / "desk.sqlite3", "SELECT about FROM audit ORDER BY seq DESC") == backup.name
    (data_dir / "desk.sqlite3").unlink()
    assert command(capsys, "drill", backup, "--settings", settings).code == 1
    assert not (data_dir / "desk.sqlite3").exists()


def test_a_damaged_journal_names_the_way_back(data_dir: Path) -> None:
    """At start, exit 1: the command that it names brings the newest backup back; without one it says so."""
    settings = settings_file(data_dir)
    settings.write_text(settings.read_text(encoding="utf-8") + ACCOUNT, encoding="utf-8")
    journal = data_dir / "desk.sqlite3"
    whole = journal.read_bytes()
    for backups, words in ((0, "has no backup"), (2, "`openoutcry restore ")):
        journal.write_bytes(whole)
        (data_dir / "backups").mkdir(exist_ok=True)
        made = [make(data_dir, data_dir / "backups", NOON + timedelta(hours=n)).path for n in range(backups)]
        journal.write_bytes(b"not a journal " * 1000)
        started = run_program("run", "--settings", settings)
        assert (started.returncode, words in started.stderr) == (1, True), started.stderr
    assert str(made[-1]) in started.stderr
    named = shlex.split(started.stderr.split("`")[1])[1:]
    assert run_program(*named).returncode == 0
    assert ask(journal, "SELECT count(*) FROM audit") == ROWS + 1


def test_without_a_journal_there_is_nothing_to_back_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says which file is missing, and makes none."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    done = command(capsys, "backup", "--settings", settings_file(data_dir))
    assert (done.code, "there is no journal yet" in done.err) == (1, True)
    assert not (data_dir / "desk.sqlite3").exists()


@pytest.mark.parametrize("folder", ["a file", "x" * 300])
def test_a_folder_that_takes_no_backups_is_found_by_check(
    data_dir: Path, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    """Before a night does: the key and the folder, exit 1."""
    (data_dir / "a file").touch()
    settings = settings_file(data_dir)
    with settings.open("a", encoding="utf-8") as file:
        file.write(f'[backup]\ndirectory = "{data_dir / folder}"\n')
    done = command(capsys, "check", "--settings", settings)
    assert (done.code, "backup.directory" in done.err) == (1, True), done.err
