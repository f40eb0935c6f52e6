import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nas
from nas.system.provenance import files_hash

PACKAGE = Path(nas.__file__).parent
SHOW = "from nas.system.provenance import commit; print(commit())"


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    return subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def shown(folder: Path) -> str:
    """The commit that a copy of the package in `folder` says it runs."""
    environment = os.environ | {"PYTHONPATH": str(folder)}
    # the working directory comes first on the path
    found = subprocess.run(
        [sys.executable, "-c", SHOW], check=True, capture_output=True, text=True, env=environment, cwd=folder
    )
    return found.stdout.strip()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A repository of somebody else's, with a copy of the package in an environment that it does not track."""
    (tmp_path / ".gitignore").write_text("env/\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".gitignore")
    git(tmp_path, "commit", "-qm", "begin")
    # what the command needs, and no more
    for path in ("__init__.py", "system/__init__.py", "system/machine.py", "system/provenance.py"):
        (tmp_path / "env/nas" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PACKAGE / path, tmp_path / "env/nas" / path)
    return tmp_path


def test_a_repository_that_does_not_track_the_package_is_not_its_provenance(copied: Path) -> None:
    found = shown(copied / "env")
    assert git(copied, "rev-parse", "--short=10", "HEAD") not in found
    assert found.endswith(f"+files.{files_hash(copied / 'env/nas')}")
    (copied / "env/nas/more.py").write_text("")
    assert shown(copied / "env") != found, "another file is another package"


def test_a_repository_that_tracks_the_package_says_its_commit_and_changes(copied: Path) -> None:
    git(copied, "add", "-f", "env")
    git(copied, "commit", "-qm", "vendor")
    commit = git(copied, "rev-parse", "--short=10", "HEAD")
    assert shown(copied / "env") == commit
    with (copied / "env/nas/system/provenance.py").open("a") as file:
        file.write("\n")
    assert shown(copied / "env") == f"{commit}+changes"
