"""What people install: the unit, the image, the script."""

from __future__ import annotations

import configparser
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from openoutcry.settings import load_settings
from openoutcry.update_cli import UNITS as INSTALLED
from tests.process import HOUSE

UNIT = HOUSE / "packaging" / "openoutcry.service"
UNITS = sorted((HOUSE / "packaging").glob("openoutcry*"))


def unit(section: str = "Service") -> dict[str, str]:
    """A section's keys; of one that is given twice the last."""
    reader = configparser.RawConfigParser(strict=False)
    reader.optionxform = str  # type: ignore[assignment, method-assign]
    reader.read_string(UNIT.read_text(encoding="utf-8"))
    return dict(reader[section])


def test_the_unit_trusts_commits_alone() -> None:
    """READY by word, a watchdog, and no restart for settings that cannot be used or a second desk."""
    said = unit()
    assert (said["Type"], said["User"], said["UMask"]) == ("notify", "openoutcry", "0077")
    assert int(said["WatchdogSec"]) >= 60
    assert said["RestartPreventExitStatus"].split() == ["2", "75"]
    assert "--live" not in said["ExecStart"]


def test_the_unit_is_never_given_up() -> None:
    """However often the desk fails to start: without it nobody watches its positions. Not so often as to fill a log."""
    assert unit("Unit")["StartLimitIntervalSec"] == "0"
    assert (unit()["Restart"], int(unit()["RestartSec"]) >= 10) == ("always", True)


def test_a_secret_that_systemd_hands_over_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings name one file for both worlds: the service reads the copy, a person's command the file."""
    folder, handed = tmp_path / "secrets", tmp_path / "credentials"
    for path in (folder, handed):
        path.mkdir()
    (folder / "webhook.passphrase").write_text("from the file\n", encoding="utf-8")
    text = f'[webhook]\npassphrase_file = "{folder / "webhook.passphrase"}"\n'
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")

    def passphrase() -> str:
        return load_settings(tmp_path / "settings.toml").webhook.passphrase.get_secret_value()

    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed))
    assert passphrase() == "from the file"
    (handed / "secrets_webhook.passphrase").write_text("from systemd\n", encoding="utf-8")
    (folder / "webhook.passphrase").unlink()
    assert passphrase() == "from systemd"


def test_the_image_runs_as_nobody_special() -> None:
    """Pinned by hashes, no secret in it, not root, stopped by SIGTERM, its data in a volume."""
    text = (HOUSE / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    steps = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    names = [name for name, _ in steps]
    last = names[len(names) - names[::-1].index("FROM") - 1 :]
    assert {"USER", "VOLUME", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT"} <= set(last)
    assert dict(steps)["USER"] == "openoutcry"
    installs = [part for _, rest in steps for part in rest.split("&&") if "pip install" in part]
    assert installs
    assert all("--require-hashes" in part or "--no-deps /dist/" in part for part in installs)
    assert not re.search(r"(?i)token|secret|password|:latest", text)


def test_the_scripts_are_shell(tmp_path: Path) -> None:
    """As every POSIX shell reads it; it pipes nothing from the network into one, and checks every hash."""
    subprocess.run(["sh", "-n", HOUSE / "install.sh"], check=True)
    text = (HOUSE / "install.sh").read_text(encoding="utf-8")
    assert "--require-hashes" in text
    assert "curl" not in text


@pytest.mark.real
def test_the_unit_is_well_shut() -> None:
    """systemd's own judgement: 2.0 at most, where 10 is a service without any walls."""
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", UNIT],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = re.search(r"Overall exposure level for openoutcry.service: ([\d.]+)", said)
    assert found is not None, said
    assert float(found[1]) <= 2.0, said


def test_every_unit_and_lock_is_in_the_wheel() -> None:
    """What stands in packaging/, of which install.sh takes all, and a lock for each extra."""
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    locks = [f"requirements/extra-{extra}.txt" for extra in project["project"]["optional-dependencies"]]
    files = [*(f"packaging/{path.name}" for path in UNITS), *locks]
    assert shared == {file: f"share/openoutcry/{Path(file).name}" for file in files}
    script = (HOUSE / "install.sh").read_text(encoding="utf-8")
    assert 'share/openoutcry/"openoutcry* "$units/"' in script
    assert f"units={INSTALLED}\n" in script  # where updates look for them


@pytest.mark.real
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    """No key that it does not know."""
    for path in UNITS:
        text = path.read_text(encoding="utf-8")
        copy = re.sub(r"^ExecStart=.*$", "ExecStart=/bin/true", text, flags=re.MULTILINE)
        (tmp_path / path.name).write_text(copy, encoding="utf-8")
    copies = [tmp_path / path.name for path in UNITS]
    said = subprocess.run(["systemd-analyze", "verify", *copies], capture_output=True, text=True, check=False).stderr
    assert not [line for line in said.splitlines() if "openoutcry" in line], said


@pytest.mark.real
def test_a_pi_needs_no_compiler(tmp_path: Path) -> None:
    """Every library of the lock stands in the index as a wheel for aarch64, or for every machine."""
    wanted = ["--platform", "manylinux_2_28_aarch64", "--platform", "manylinux2014_aarch64", "--platform", "any"]
    python = ["--python-version", "3.11", "--implementation", "cp", "--only-binary", ":all:", "--no-deps"]
    report = tmp_path / "report.json"
    done = subprocess.run(
        [HOUSE / ".venv/bin/python", "-m", "pip", "install", "--dry-run", "--ignore-installed", "--target", tmp_path,
         "--report", report, "--quiet", "--require-hashes", "-r", HOUSE / "requirements" / "run.txt", *wanted, *python],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
