"""A report that follows a run: it is written again whenever the run's files change, until the run is done."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from nas.report.from_run import report
from nas.runs.folder import RunFolder
from nas.runs.run import Run
from nas.search.loop import is_finished
from nas.system.files import is_locked

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
QUIET_SECONDS = 5.0
"""Seconds without a command at work after which a run with a finished search is done."""
REST = 2
"""Pause before the next page, in times of writing a page."""
REFRESH_SECONDS = 5
"""Seconds after which the page in a browser reloads itself."""
Stamps = dict[Path, tuple[int, int]]
"""Time and size of each file."""


def watch(folder: Path, out: Path | None, tell: Callable[[Path], None]) -> None:
    """Write the report whenever the run changes, until it is done or until Ctrl-C; then once more, without reloading.

    Args:
        tell: Called with the path of the page after each writing.

    Raises: ValueError if there is no run in the folder.
    """
    Run(folder)
    try:
        _follow(folder, out, tell)
    except KeyboardInterrupt:
        log.info("stopped watching; the page stays as it is")
    tell(report(Run(folder), out))


def _follow(folder: Path, out: Path | None, tell: Callable[[Path], None]) -> None:
    seen: Stamps = {}
    quiet_since, told = time.monotonic(), False
    while True:
        found = _stamps(folder)
        if found != seen:
            seen, started = found, time.monotonic()
            tell(report(Run(folder), out, REFRESH_SECONDS))
            quiet_since, told = time.monotonic(), False
            # the run that is watched needs the cores
            time.sleep(REST * (quiet_since - started))
        elif is_locked(folder):
            quiet_since, told = time.monotonic(), False
        elif time.monotonic() - quiet_since > QUIET_SECONDS and not told:
            if is_finished(Run(folder)):
                return
            told = True
            log.info("no command is at work in %s, whose search is not finished; waiting, Ctrl-C ends", folder)
        time.sleep(LOOK_SECONDS)


def _stamps(folder: Path) -> Stamps:
    found: Stamps = {}
    for path in RunFolder(folder).growing_files():
        # a file may not exist yet, or disappear meanwhile
        with suppress(FileNotFoundError):
            facts = path.stat()
            found[path] = facts.st_mtime_ns, facts.st_size
    return found
