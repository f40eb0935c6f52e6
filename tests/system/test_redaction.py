from pathlib import Path

import pytest

from nas.system.redaction import (
    found_path,
    kept_path,
    redacted,
    redacted_command,
    redacted_values,
    shared_path,
    shown_url,
    without_passwords,
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "marguerite"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mysql+pymysql://me:pw@host/db", "mysql+pymysql://me:***@host/db"),
        ("redis://:pw@host:6379/0", "redis://:***@host:6379/0"),
        ("postgresql://me:p/w@x:y@host/db", "postgresql://me:***@host/db"),
        ("postgresql://host/db?user=me&password=pw&sslmode=require", "postgresql://host/db?user=me&password=***&sslmode=require"),
        ("https://host/path?access_token=pw", "https://host/path?access_token=***"),
        ("sqlite:///trials.db", "sqlite:///trials.db"),
        ("ray://host:10001", "ray://host:10001"),
        ("https://host:80/a", "https://host:80/a"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
    ],
)  # fmt: skip
def test_passwords_of_urls_are_hidden_and_nothing_else(url: str, shown: str) -> None:
    assert shown_url(url) == shown
    assert without_passwords(f"before {url} after; me@home") == f"before {shown} after; me@home"


def test_a_command_hides_a_password_of_any_characters() -> None:
    arguments = ["study", "my run", "--to", "mysql://me:s p'w@d@host/db", "--name", "a:b@c"]
    assert redacted_command(arguments) == "nas study 'my run' --to 'mysql://me:***@host/db' --name a:b@c"


def test_home_folders_and_user_names_leave_what_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "marguerite-login")
    assert redacted(f"cannot read {home}/a.py: no file") == "cannot read ~/a.py: no file"
    assert redacted(f"sqlite:///{home}/study.db") == "sqlite:///~/study.db"
    assert redacted(f"'{home}' {home}") == "'~' ~"
    assert redacted("/scratch/marguerite-login/data") == "/scratch/USER/data"
    # names that only begin alike
    assert redacted(f"{home}2/a") == f"{home}2/a"
    assert redacted_values({"a": [f"{home}/b", 1, None], f"{home}": True}) == {"a": ["~/b", 1, None], "~": True}


def test_a_home_folder_reached_by_a_link_is_known_by_both_names(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(home)
    monkeypatch.setenv("HOME", str(tmp_path / "link"))
    assert redacted(f"{home}/a {tmp_path}/link/b") == "~/a ~/b"


def test_a_kept_path_is_found_again(home: Path) -> None:
    for path, kept in ((home / "data", "~/data"), (Path("data/x"), "data/x"), (Path("/data"), "/data"), (home, "~")):
        assert kept_path(path) == kept
        assert found_path(kept) == path


def test_a_shared_path_says_no_place_outside_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert shared_path(tmp_path / "results" / "a") == "results/a"
    assert shared_path("/mnt/disk/experiments/own.py:small") == "own.py:small"
    assert shared_path("results/a") == "results/a"
