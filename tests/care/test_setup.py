"""The set-up finds the chat, tries every answer, writes files for one pair of eyes, and proves that alerts arrive."""

from __future__ import annotations

import asyncio
import os
import pty
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from openoutcry.settings import SettingsError, load_settings
from openoutcry.setup_files import Draft, write
from openoutcry.setup_telegram import Found, looking
from tests.care.desks import command, prepared, run_setup
from tests.contracts.samples import NOON
from tests.process import environment, run_program
from tests.servers.telegram import TOKEN, TelegramServer, telegram

PAPER = 'risk_percent = "0.5"\naccount_name = "Home"\n'


@pytest.fixture
async def chat() -> AsyncIterator[TelegramServer]:
    async with telegram() as server:
        yield server


def test_a_desk_on_paper_from_a_file_of_answers(tmp_path: Path) -> None:
    """Settings that load, 0600, the secret in a file of its own; the message to paste; a test alert that arrived."""
    answers, path = prepared(tmp_path, PAPER)
    done = run_program("setup", "--settings", path, "--answers", answers)
    assert done.returncode == 0, done.stderr
    settings = load_settings(path)
    assert [(a.name, a.broker, str(a.risk_percent)) for a in settings.accounts] == [("Home", "paper", "0.5")]
    assert settings.desk.mode == "paper"
    passphrase = settings.webhook.passphrase.get_secret_value()
    assert passphrase not in path.read_text(encoding="utf-8")
    assert f'"subaccount": "Home", "passphrase": "{passphrase}"' in done.stdout
    assert "A test alert went through the desk, on paper: accepted." in done.stdout
    files = [path, *(path.parent / "secrets").iterdir()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('brooker = "paper"', "brooker: unknown key"),
        ('broker = "nobody"', "broker: must be one of paper, tinvest"),
        ('broker = "tinvest"', "token: missing"),
        ("language = ", "answers.toml"),
        ('telegram_token = "1:a"', "telegram_user_id: missing"),
        ('telegram_user_id = "me"', "telegram_user_id: must be a number"),
    ],
)
def test_answers_that_cannot_be_used_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    """With the wrong word, and nothing is written."""
    answers, path = prepared(tmp_path, text)
    done = command(capsys, "setup", "--settings", path, "--answers", answers)
    assert (done.code, said in done.err) == (2, True), done.err
    assert not path.exists()


def test_settings_that_stand_there_are_not_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 without --force; with it they are kept aside."""
    answers, path = prepared(tmp_path, PAPER)
    path.parent.mkdir()
    path.write_text("# mine", encoding="utf-8")
    assert command(capsys, "setup", "--settings", path, "--answers", answers).code == 2
    assert path.read_text(encoding="utf-8") == "# mine"
    _, kept = write(Draft(account={"name": "Home", "broker": "paper"}), path, NOON)
    assert kept == [path.with_name(f"settings.toml.before-{NOON:%Y%m%dT%H%M%SZ}")]
    assert path.with_name(f"settings.toml.before-{NOON:%Y%m%dT%H%M%SZ}").read_text(encoding="utf-8") == "# mine"
    assert [account.name for account in load_settings(path).accounts] == ["Home"]


def test_secrets_that_stand_there_are_not_lost(tmp_path: Path) -> None:
    """A draft that does not load changes none of them and leaves nothing; one that does keeps the old ones aside."""
    path, secret = tmp_path / "settings.toml", tmp_path / "secrets" / "webhook.passphrase"
    home: dict[str, object] = {"name": "Home", "broker": "paper"}
    write(Draft({"webhook": {}}, home, {"webhook.passphrase": "first"}), path, NOON)
    with pytest.raises(SettingsError):
        write(Draft({"webhook": {}}, {"name": "Home"}, {"webhook.passphrase": "second"}), path, NOON)
    assert secret.read_text(encoding="utf-8") == "first\n"
    assert not list(tmp_path.rglob("*.part"))
    assert write(Draft({"webhook": {}}, home, {"webhook.passphrase": "third"}), path, NOON)
    assert load_settings(path).webhook.passphrase.get_secret_value() == "third"
    aside = secret.with_name(f"{secret.name}.before-{NOON:%Y%m%dT%H%M%SZ}")
    assert (aside.read_text(encoding="utf-8"), stat.S_IMODE(aside.stat().st_mode)) == ("first\n", 0o600)


def test_an_input_that_ends_writes_nothing(tmp_path: Path) -> None:
    """A terminal that was closed in the middle."""
    done = run_program("setup", "--settings", tmp_path / "s.toml")
    assert (done.returncode, "the input ended" in done.stderr) == (1, True)
    assert not (tmp_path / "s.toml").exists()


def test_a_limit_that_is_none_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A word where a figure should be: the key and the reason."""
    answers, path = prepared(tmp_path, 'daily_loss_percent = "much"')
    done = command(capsys, "setup", "--settings", path, "--answers", answers)
    assert (done.code, "daily_loss_percent" in done.err) == (1, True), done.err
    assert not path.exists()


async def test_the_chat_is_found_by_its_first_start(tmp_path: Path, chat: TelegramServer) -> None:
    """Nobody looks up an id: who writes /start is allowed, is greeted, and hears of the test alert. What somebody wrote
    before the set-up asked is nobody's."""
    answers, path = prepared(tmp_path, f'{PAPER}telegram_token = "{TOKEN}"\nis_it_you = "yes"\n')
    await chat.say("/start", user=666)
    setup = asyncio.create_task(run_setup("--settings", path, "--answers", answers, "--api-base", chat.base))
    await chat.until(lambda: chat.polls == 2, 60)
    await chat.say("hello", user=666)
    await chat.say("/start", user=42)
    code, out = await setup
    assert code == 0, out
    settings = load_settings(path)
    assert (settings.telegram.allowed_user_ids, settings.telegram.chat_id) == ((42,), 0)
    assert TOKEN not in path.read_text(encoding="utf-8") + out
    assert "This chat is now your desk's." in chat.texts
    assert any("SBER" in text for text in chat.texts), chat.texts


async def test_a_groups_chat_is_kept_by_its_id(chat: TelegramServer) -> None:
    """There and nowhere else; bots and other words do not count, and the desk will not be asked /start again."""
    await chat.push(message=chat.message("/start", 7) | {"from": {"id": 7, "is_bot": True, "first_name": "B"}})
    await chat.say("/start@desk_bot", user=42, chat=-100)
    async with looking(chat.base, TOKEN) as look:
        assert await look.first_start(0, 10) == Found(42, "person42", -100)
        assert await look._call("getUpdates", {"timeout": 0}) == []


async def test_a_stranger_is_not_taken_for_who_was_named(chat: TelegramServer) -> None:
    """However early their /start comes."""
    await chat.say("/start", user=666)
    await chat.say("/start", user=42)
    async with looking(chat.base, TOKEN) as look:
        assert (await look.first_start(0, 10, person=42)).user == 42


@pytest.mark.parametrize(
    ("token", "words"), [("1:wrong", "telegram_token: Unauthorized"), (TOKEN, "nobody wrote /start")]
)
async def test_what_telegram_says_no_to_is_told(tmp_path: Path, chat: TelegramServer, token: str, words: str) -> None:
    """A token that is none; a /start that does not come. Never the token itself."""
    answers, path = prepared(tmp_path, f'{PAPER}telegram_token = "{token}"\ntelegram_user_id = 42\n')
    code, out = await run_setup("--settings", path, "--answers", answers, "--api-base", chat.base, "--wait", 0.5)
    assert (code, words in out, token in out) == (1, True, False), out
    assert not path.exists()


def test_somebody_at_a_terminal(tmp_path: Path) -> None:
    """Questions in Russian, the defaults by Enter, a wrong answer asked again; a secret is not shown as it is typed."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "openoutcry", "setup", "--settings", str(tmp_path / "s.toml"), "--language", "ru"]
    with subprocess.Popen(
        command, env=environment(), stdin=slave, stdout=slave, stderr=slave, start_new_session=True, cwd=tmp_path
    ) as process:
        os.close(slave)
        said, answers = b"", iter(["", "", "", "nobody"])
        while piece := _read(master):
            said += piece
            if said.endswith(b" "):  # a question, and no line's end behind it
                os.write(master, f"{next(answers, '')}\n".encode())
        assert process.wait(60) == 0, said.decode()
    assert "Брокер [paper/tinvest" in said.decode()
    assert "Ответьте одним из этих слов: paper, tinvest" in said.decode()
    assert load_settings(tmp_path / "s.toml").desk.language == "ru"


def _read(master: int) -> bytes:
    """Until the program lets go of its terminal."""
    try:
        return os.read(master, 4096)
    except OSError:
        return b""
