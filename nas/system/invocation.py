"""The command that this process was given, kept by the runs it works on; without torch, for every command says it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_command: ContextVar[str | None] = ContextVar("command", default=None)


@contextmanager
def given(line: str) -> Iterator[None]:
    """Inside, this process runs the command `line`, as it was given: the runs that it works on keep it."""
    token = _command.set(line)
    try:
        yield
    finally:
        _command.reset(token)


def command() -> str | None:
    """The command that this process runs; None where there is none, as in a program of a user's own."""
    return _command.get()
