"""The environment of a version: made from its wheel, with the libraries of the wheel's lock and no others."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from core.values.errors import Broken

LOCK = "openoutcry/requirements.txt"
"""In the wheel: everything that it runs on, with hashes. The locks of extras are among its shared data."""


def version_of(wheel: Path) -> str:
    """Raises Broken for a file that is no wheel of ours."""
    try:
        said = dict(line.split(": ", 1) for line in _metadata(wheel).split("\n\n")[0].splitlines())
        if said["Name"] == "openoutcry":
            return said["Version"].strip()
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        pass
    raise Broken(f"{wheel} is no wheel of openoutcry")


def _metadata(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
        return archive.read(name).decode()


def download(version: str | None, into: Path, than: str) -> Path:
    """The wheel of a version, or of the newest, from where pip is set up to look: none older `than` that. Raises
    Broken."""
    wanted = f"openoutcry>={than.partition('+')[0]}" if version is None else f"openoutcry=={version}"
    _pip(sys.executable, "download", "--no-deps", "--only-binary", ":all:", "--dest", str(into), wanted)
    return next(into.glob("*.whl"))


def install(root: Path, wheel: Path, like: Path) -> Path:
    """An environment with `wheel`, exactly what its lock names, and what people had added to that of `like`. Raises
    Broken, and leaves nothing then."""
    folder = root / "versions" / version_of(wheel)
    if folder.exists():  # what an update left that was killed, or a version that was rolled back
        shutil.rmtree(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        run([sys.executable, "-I", "-m", "venv", str(folder)])
        python = str(folder / "bin" / "python")
        with TemporaryDirectory() as scratch, zipfile.ZipFile(wheel) as archive:
            lock = Path(scratch) / "requirements.txt"
            lock.write_bytes(archive.read(LOCK))
            _pip(python, "install", "--require-hashes", "--only-binary", ":all:", "-r", str(lock))
        _pip(python, "install", "--no-deps", str(wheel))
        _bring_along(folder, wheel, like)
    except (Broken, KeyError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise Broken(f"{wheel.name} cannot be installed: {error}") from None
    return folder


def _bring_along(folder: Path, wheel: Path, like: Path) -> None:
    """The extras that were installed in `like`, by their locks; what else was, in the versions that ran there."""
    python, before = str(folder / "bin" / "python"), _libraries(str(like / "bin" / "python"))
    for extra, names in _extras(wheel).items():
        if names <= before.keys():
            lock = folder / "share" / "openoutcry" / f"extra-{extra}.txt"
            _pip(python, "install", "--require-hashes", "--only-binary", ":all:", "-r", str(lock))
    here = _libraries(python)
    if added := [f"{name}=={version}" for name, version in before.items() if name not in here]:
        _pip(python, "install", "--no-deps", "--only-binary", ":all:", *added)


def _extras(wheel: Path) -> dict[str, set[str]]:
    """Extra -> the libraries that it is made of, as its metadata have them."""
    found: dict[str, set[str]] = {}
    for name, extra in re.findall(r"(?m)^Requires-Dist: ([\w.-]+).*; *extra == ['\"](\w+)['\"]", _metadata(wheel)):
        found.setdefault(extra, set()).add(_normal(name))
    return found


def _libraries(python: str) -> dict[str, str]:
    """Normal name -> version."""
    said = run([python, "-I", "-m", "pip", "--disable-pip-version-check", "list", "--format", "json"])
    return {_normal(row["name"]): row["version"] for row in json.loads(said)}


def _normal(name: str) -> str:
    """As the index has it (packaging.python.org, names and normalization)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _pip(python: str, *arguments: str) -> None:
    run([python, "-I", "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments])


def run(command: Sequence[str], owner: os.stat_result | None = None, patience_s: float | None = None) -> str:
    """What it printed. Raises Broken with the last words of what failed, or did not end in time."""
    try:
        done = subprocess.run(  # noqa: S603 - our own programs
            command,
            user=None if owner is None else owner.st_uid,
            group=None if owner is None else owner.st_gid,
            extra_groups=None if owner is None else [],
            capture_output=True,
            text=True,
            check=False,
            timeout=patience_s,
            start_new_session=True,  # Ctrl+C is ours to answer
        )
    except OSError as error:
        raise Broken(f"{command[0]} cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise Broken(f"{Path(command[0]).name} did not end within {patience_s:.0f} s") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Broken(said[-1] if said else f"{Path(command[0]).name} ended with {done.returncode}")
    return done.stdout
