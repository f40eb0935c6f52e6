"""The functions that `import nas` offers."""

import multiprocessing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nas.experiment.experiment import Experiment
from nas.experiment.loading import load, with_changes
from nas.experiment.source import loaded_value
from nas.interface.begin import begin, run_of
from nas.interface.run import Run
from nas.interface.whole import make_whole
from nas.parallel.map import Workers
from nas.system.devices import default_workers, keep_freed_memory
from nas.system.invocation import given


def run(
    experiment: Experiment | Path | str,
    out: Path | str | None = None,
    workers: int | None = None,
    data: Path | str | None = None,
) -> Run:
    """Train, search, retrain, export and report, as the command `nas run` does; the same call goes on where it stopped.

    >>> small = nas.load_experiment("digits", {
    ...     "supernet.steps": 20, "supernet.warmup_steps": 2, "evaluations": 4, "anchors": 1, "random_searches": 0,
    ...     "selection.top": 1, "selection.homogeneous": False, "selection.hybrids": False, "selection.seeds": 1,
    ...     "retrain.steps": 20, "retrain.warmup_steps": 2,
    ... })
    >>> run = nas.run(small, out="results/small", workers=1)
    >>> len(run.trials())
    4

    Args:
        experiment: A value, a Python file (`file.py` or `file.py:variable`), the name of a shipped experiment, or the
            folder of a run.
        out: Folder of the run; None: `results/NAME`.
        workers: Processes that evaluate and retrain; None: one a core. A program that asks for more than one calls
            `nas.run` under `if __name__ == "__main__":`, since each process loads the program again.
        data: Folder with the data; None: what the task embeds or downloads.

    Raises: ValueError if a setting is wrong, a limit cannot be met, the data is missing, or the folder holds a run of
        another experiment.
    """
    _check_process(workers)
    keep_freed_memory()
    folder, root = (None if path is None else Path(path) for path in (out, data))
    called = _call(experiment, out, workers, data)
    if isinstance(experiment, Experiment):
        name = experiment.task.name if folder is None else folder.absolute().name
        begun = begin(loaded_value(experiment, name), name, folder, root, {}, called)
    else:
        begun = run_of(str(experiment), folder, root, {}, called)
    with given(called):
        make_whole(begun, Workers(default_workers() if workers is None else workers))
    return Run(begun.folder, root)


def _check_process(workers: int | None) -> None:
    """Raises: ValueError if a worker of the program asks for workers of its own."""
    if workers != 1 and multiprocessing.parent_process() is not None:
        raise ValueError(
            "nas.run was called in a process that another one started; call it under if __name__ == '__main__':, "
            "or with workers=1"
        )


def _call(
    experiment: Experiment | Path | str, out: Path | str | None, workers: int | None, data: Path | str | None
) -> str:
    """The call as text, for the run's record."""
    first = "experiment" if isinstance(experiment, Experiment) else repr(str(experiment))
    options = {"out": out and str(out), "workers": workers, "data": data and str(data)}
    named = [f"{name}={value!r}" for name, value in options.items() if value is not None]
    return f"nas.run({', '.join([first, *named])})"


def open(folder: Path | str, data: Path | str | None = None) -> Run:
    """Open a run, finished or not.

    >>> run = nas.open("results/digits")
    >>> run.name
    'digits'

    Args:
        data: A folder that the task reads instead of the one with which the run began.

    Raises: ValueError if there is no run in the folder.
    """
    return Run(Path(folder), None if data is None else Path(data))


def load_experiment(
    spec: Path | str, changes: Mapping[str, Any] | None = None, data: Path | str | None = None
) -> Experiment:
    """Read an experiment from its file, or a shipped one by its name, with some settings changed.

    >>> experiment = nas.load_experiment("digits", {"limits.flops": 4e5, "supernet.steps": 600})
    >>> experiment.limits
    {'flops': 400000.0}

    Args:
        spec: `file.py`, `file.py:variable`, a shipped experiment's name, or `name:variable`.
        changes: Values by the setting's name, as on the command line: `limits.flops`, `selection.top`, `strategy`.
        data: Folder with the data.

    Raises: ValueError if there is no such experiment or setting, or a value is of the wrong type.
    """
    overrides = {name: str(value) for name, value in (changes or {}).items()}
    return with_changes(load(str(spec)).experiment, overrides, None if data is None else Path(data))
