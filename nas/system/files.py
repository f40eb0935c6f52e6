"""Files that survive a kill: written beside and renamed, or appended line by line and synced."""

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from nas.system.checked import checked, parsed

AGAIN = "delete it to start that part again"
"""The remedy for a damaged file of a run's part."""


@contextmanager
def replacing(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """A file that takes the place of `path` when the block ends well, and leaves it alone when not."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with _named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in _left_beside(path, ""):
            # one that was opened a moment ago may not be held yet
            if not _is_alive(int(left.suffix[1:])):
                left.unlink(missing_ok=True)
        try:
            with beside.open(mode, encoding=None if "b" in mode else "utf-8") as file:
                _hold(file.fileno())
                yield file
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            with suppress(FileNotFoundError):
                beside.unlink()


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """A new folder that takes the place of `folder` when the block ends well; one that was there stays until then.

    Of several processes that write it at once, the last to end stands.
    """
    beside, old = (folder.with_name(f".{folder.name}.{os.getpid()}.{what}") for what in ("new", "old"))
    with _named(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder.parent):
            for left in _left_beside(folder, ".old"):
                # killed between the two renames, it left the only copy there
                if not folder.exists():
                    left.rename(folder)
                shutil.rmtree(left, ignore_errors=True)
            for left in _left_beside(folder, ".new"):
                shutil.rmtree(left, ignore_errors=True)
            beside.mkdir()
            descriptor = os.open(beside, os.O_RDONLY)
            _hold(descriptor)
        try:
            yield beside
            with _alone(folder.parent):
                if folder.exists():
                    folder.rename(old)
                beside.rename(folder)
        finally:
            os.close(descriptor)
            shutil.rmtree(beside, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)


def _left_beside(path: Path, end: str) -> list[Path]:
    """Leftovers of a file or folder that killed processes wrote: nobody holds them."""
    named = re.compile(rf"\.{re.escape(path.name)}\.[0-9]+{re.escape(end)}")
    found: list[Path] = []
    # a folder that cannot be listed, or what is renamed meanwhile, is nothing to clear
    with suppress(OSError):
        for each in path.parent.iterdir():
            with suppress(OSError):
                found += [each] if named.fullmatch(each.name) and not is_locked(each) else []
    return found


def _is_alive(process: int) -> bool:
    """Whether this machine runs a process of that number."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _hold(descriptor: int) -> None:
    """Lock what is being written, for processes on other machines; it ends with the file."""
    # some file systems have no locks
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time is inside, and the next waits: for what takes a moment."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """An OSError inside names `path`: that of a full disk names no file."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time is inside; the lock ends with its process, however that ends. `folder` may be a file.

    Raises: ValueError if another one is.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # some file systems have no locks; there, nobody is kept out
        with suppress(OSError):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ValueError(f"another command is at work in {folder}; wait for it, or end it first") from error
        yield
    finally:
        os.close(descriptor)


def is_locked(folder: Path) -> bool:
    """Whether another process is inside `locked`."""
    try:
        with locked(folder):
            return False
    except ValueError:
        return True


def write_text(path: Path, text: str) -> None:
    with replacing(path) as file:
        file.write(text)


def write_json(path: Path, value: Any) -> None:
    """Raises: ValueError if it holds a number that JSON has no form for."""
    with _written(path):
        write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


@contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path} cannot be written, a value is no number: {error}") from error


def read_json(path: Path, kind: Any = Any, remedy: str = AGAIN) -> Any:
    """The value of a JSON file.

    Args:
        kind: The type that it is held to.
        remedy: What would do if it is damaged, for the message.

    Raises: ValueError if the file is damaged, or of another type.
    """
    try:
        value = parsed(path.read_bytes())
        checked(kind, value)
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}); {remedy}") from error
    return value


def json_line(value: Any) -> bytes:
    """A value as a line, without its end. Raises: ValueError if it holds a number that JSON has no form for."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


def append_line(path: Path, value: Any) -> None:
    """Add one JSON line and sync it to the disk; a last line that was cut short by a kill gives way to it."""
    with _written(path):
        line = json_line(value)
    with _named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            _remove_torn_line(file)
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _remove_torn_line(file: IO[bytes]) -> None:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 1, 0))
    if file.read(1) in (b"", b"\n"):
        return
    file.seek(0)
    file.truncate(_whole_bytes(file.read()))


def _whole_bytes(text: bytes) -> int:
    """Bytes up to the end of the last whole line."""
    return text.rfind(b"\n") + 1


def whole_lines(path: Path) -> list[bytes]:
    """The lines of a file without their ends, and without a last one that was cut short by a kill."""
    text = path.read_bytes() if path.exists() else b""
    return text[: _whole_bytes(text)].split(b"\n")[:-1]


def read_lines(path: Path, kind: Any = Any) -> list[Any]:
    """The JSON lines of a file, without a last one that was cut short by a kill.

    Args:
        kind: The type that each line is held to.

    Raises: ValueError if a line is damaged, or of another type.
    """
    values = []
    for number, line in enumerate(whole_lines(path), start=1):
        try:
            value = parsed(line)
            checked(kind, value)
        except ValueError as error:
            remedy = "remove it and the lines after it to go on"
            raise ValueError(f"{path}, line {number} is damaged ({error}); {remedy}") from error
        values.append(value)
    return values
