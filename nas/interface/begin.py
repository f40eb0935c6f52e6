"""A run in its folder: begun now, or gone on with."""

import logging
from pathlib import Path

from nas.experiment.costs import feasible_space
from nas.experiment.first_batch import check_first_batch
from nas.experiment.loading import Loaded, is_shipped, load, with_changes
from nas.export.write.outlook import exports_ahead
from nas.runs.run import Run
from nas.supernet.ahead import check_memory, check_qualities

log = logging.getLogger(__name__)


def run_of(experiment: str, out: Path | None, data: Path | None, overrides: dict[str, str], command: str) -> Run:
    """The run of an experiment's file, of a shipped experiment, or of a folder that holds a run.

    Raises: ValueError as `begin`, or if settings are changed of a run that is there.
    """
    if not is_folder(experiment):
        return begin(load(experiment), experiment, out, data, overrides, command)
    folder = Path(experiment)
    if overrides or out:
        raise ValueError(f"{folder} is a run, whose settings stay; change them with an experiment's file and --out")
    return Run(folder, data)


def is_folder(experiment: str) -> bool:
    """Whether a folder is meant, and not an experiment; a folder without a run gives way to a shipped experiment."""
    return Path(experiment).is_dir() and (Run.exists(Path(experiment)) or not is_shipped(experiment))


def begin(
    loaded: Loaded, spec: str, out: Path | None, data: Path | None, overrides: dict[str, str], command: str
) -> Run:
    """The run of an experiment, in `results/NAME` unless another folder is named; a mistake leaves no folder behind.

    Raises: ValueError if a setting is wrong, a limit cannot be met, or the folder holds another run; DataError.
    """
    asked = with_changes(loaded.experiment, overrides, data)
    folder = out or Path("results") / loaded.name
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file, not a folder for a run; name another with --out")
    if not Run.exists(folder):
        loaded.check_travels()
        check_memory(asked)
        check_qualities(asked)
        feasible_space(asked).check_limits()
        # a mistake in the family is met here, not by the export hours later
        for line in exports_ahead(asked):
            log.info("%s", line)
        asked.task.prepare()
        check_first_batch(asked)
    return Run.create(folder, loaded, spec, overrides, data, command)
