"""A run's trials in an Optuna storage, and a study's as the beginning of a run."""

from collections.abc import Iterator

from nas.runs.run import Run
from nas.system.files import locked
from nas.system.redaction import shown_url


def write_trials(run: Run, url: str, name: str) -> int:
    """Add the run's trials that the study does not hold yet. Returns how many.

    Raises: ValueError if the storage refuses, or another process adds them now.
    """
    # here and not above: it loads Optuna, which takes a second
    from nas.search.optuna_storage import write_study

    experiment = run.experiment
    # not the folder, which a search holds while its trials may be looked at
    with locked(run.experiment_file):
        return write_study(
            url,
            name,
            run.trials(),
            experiment.space,
            quality=experiment.quality.name,
            minimize=tuple(getattr(experiment.strategy, "minimize", ())),
            limits=run.space.limits,
            ended=run.phase_ended("search"),
        )


def read_trials_into(run: Run, url: str, name: str) -> Iterator[str]:
    """Make a study's trials the first of a run; a line on each thing that was found.

    Raises: ValueError if the storage refuses, the study is of another space, or the run has been searched.
    """
    from nas.search.optuna_storage import read_study

    found = read_study(url, name, run.experiment.space, run.space.cost, run.space.violation)
    run.save_imported(found.trials)
    yield f"study    {name} in {shown_url(url)}: {len(found.trials)} trials read"
    if found.repeated:
        yield f"skipped  {found.repeated} trials of a network that an earlier one had"
    for number, reason in found.unreadable.items():
        yield f"skipped  trial {number}: {reason}"
