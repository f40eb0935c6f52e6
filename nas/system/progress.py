"""One progress bar a phase with the time left, and a picture under it; plain lines where no terminal can draw it."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from nas.system.output import is_interactive

log = logging.getLogger(__name__)

Advance = Callable[[int, str], None]
"""Takes how much is done, and a few words."""
Picture = Callable[[], Text]
"""Makes a picture of the progress so far; called on terminals only."""

LINE_SECONDS = 30.0
REFRESHES_PER_SECOND = 10


@contextmanager
def progress(phase: str, total: int, unit: str, picture: Picture | None = None) -> Iterator[Advance]:
    """A function that takes how much of `total` is done, and a few words.

    Args:
        unit: What is counted: `steps`, `networks`.
        picture: Drawn under the bar anew whenever more is done.
    """
    if is_interactive(sys.stderr):
        bar = _bar()
        task = bar.add_task(phase, total=total, words="", unit=unit)
        with Live(bar, console=bar.console, refresh_per_second=REFRESHES_PER_SECOND) as live:

            def advance(done: int, words: str) -> None:
                bar.update(task, completed=done, words=words)
                if picture is not None:
                    live.update(Group(bar, picture()))

            yield advance
    else:
        yield _lines(phase, total, unit)


@contextmanager
def progress_if_any(phase: str, total: Callable[[], int], unit: str) -> Iterator[Advance]:
    """As `progress`, begun when it is first told of any; nothing is shown, nor `total` asked, where all is done."""
    begun: Advance | None = None
    with ExitStack() as stack:

        def advance(done: int, words: str) -> None:
            nonlocal begun
            begun = begun or stack.enter_context(progress(phase, total(), unit))
            begun(done, words)

        yield advance


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[words]}"),
        console=Console(stderr=True),
    )


def _lines(phase: str, total: int, unit: str) -> Advance:
    started = last = time.monotonic()
    first: int | None = None

    def advance(done: int, words: str) -> None:
        nonlocal last, first
        first = done if first is None else first
        now = time.monotonic()
        if now - last < LINE_SECONDS and done != total:
            return
        last = now
        rate = (done - first) / (now - started)
        left = f", {(total - done) / rate:.0f} s left" if rate > 0 and done < total else ""
        log.info("%s: %d of %d %s%s%s", phase, done, total, unit, left, f", {words}" if words else "")

    return advance
