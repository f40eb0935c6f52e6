"""Passwords, home folders and user names, taken out of texts that are printed, kept in a run or shared.

A password leaves every text. Home folders and user names leave what is kept, since runs and exports are shared.
"""

import os
import re
import shlex
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

HIDDEN = "***"
HOME, USER = "~", "USER"
"""Texts in the place of a home folder, and of the user's name as a part of other paths."""

_IN_URL = re.compile(r"(://[^\s:/@?'\"]*):\S*@")
_IN_WHOLE_URL = re.compile(r"(://[^\s:/@?'\"]*):.*@", re.DOTALL)
_IN_QUERY = re.compile(r"([?&][\w.-]*(?:pass|pwd|secret|token|api_?key)[\w.-]*=)[^&\s'\"]+", re.IGNORECASE)


def without_passwords(text: str) -> str:
    """A text in which the passwords of URLs are hidden: `mysql://me:***@host/db`."""
    return _IN_QUERY.sub(rf"\1{HIDDEN}", _IN_URL.sub(rf"\1:{HIDDEN}@", text))


def shown_url(url: str) -> str:
    """A URL with its password hidden, which may hold any character."""
    return without_passwords(_IN_WHOLE_URL.sub(rf"\1:{HIDDEN}@", url))


def redacted(text: str) -> str:
    """A text without passwords, home folders and user names, as it may be kept and shared."""
    text = without_passwords(text)
    for home in _homes():
        text = re.sub(rf"(?<![\w.-]){re.escape(home)}(?![\w.-])", HOME, text)
    for name in _user_names():
        text = re.sub(rf"(?<=/){re.escape(name)}(?=[/\s'\"]|$)", USER, text)
    return text


def redacted_command(arguments: Sequence[str]) -> str:
    """The command `nas` with its arguments as one line, as it may be kept and shared."""
    return "nas " + shlex.join(redacted(shown_url(each)) for each in arguments)


def redacted_values(value: Any) -> Any:
    """A JSON value with all its texts redacted."""
    if isinstance(value, dict):
        return {
            redacted(name) if isinstance(name, str) else name: redacted_values(each) for name, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted_values(each) for each in value]
    return redacted(value) if isinstance(value, str) else value


def shared_path(path: Path | str) -> str:
    """A path for those who read it elsewhere: an absolute one is given from here if it lies below, else by its name."""
    path = Path(path)
    if path.is_absolute():
        path = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else Path(path.name)
    return redacted(path.as_posix())


def kept_path(path: Path) -> str:
    """A path as a run keeps it, which `found_path` reads: below the home folder it begins with `~`."""
    for home in _homes():
        if path.is_relative_to(home):
            return (Path(HOME) / path.relative_to(home)).as_posix()
    return str(path)


def found_path(text: str) -> Path:
    """The path that `kept_path` wrote."""
    first, *rest = Path(text).parts or (".",)
    return Path.home().joinpath(*rest) if first == HOME else Path(text)


def _homes() -> list[str]:
    """The user's home folder as it is named and as it is on the disk; none where it is not known."""
    # where there is no HOME, a user may be unknown to the system
    with suppress(RuntimeError):
        home = Path.home()
        named = dict.fromkeys(str(each) for each in (home, Path(os.path.realpath(home))))
        return [each for each in named if Path(each).is_absolute() and each != home.anchor]
    return []


def _user_names() -> set[str]:
    """Names of the user that may stand in paths; that of the administrator names nobody."""
    names = {Path(home).name for home in _homes()} | {os.environ.get(name, "") for name in ("USER", "LOGNAME")}
    return names - {"", "root"}
