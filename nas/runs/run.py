"""A run: one folder, and every file format in it; folder.py says where each file lies."""

import dataclasses
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from torch import Tensor

from nas.experiment import Experiment
from nas.experiment.costs import feasible_space
from nas.experiment.helpers import write_helpers
from nas.experiment.loading import Loaded, Recipe, load, with_changes
from nas.experiment.overrides import apply_overrides
from nas.experiment.settings import describe, differences, filled, lost
from nas.runs.folder import RunFolder
from nas.runs.manifest import commands, fingerprint, first_version, new_manifest, note_command, phase_record
from nas.runs.records import (
    MeasuredCosts,
    Retrained,
    Score,
    read_scores,
    read_trials,
    score_line,
    trial_line,
    write_trials,
)
from nas.runs.weights import RunWeights
from nas.search_space import architecture_id, to_json
from nas.search_space.feasible.space import FeasibleSpace
from nas.strategies.base import Trial
from nas.strategies.pareto import front_of_trials
from nas.system.files import append_line, locked, read_json, write_json, write_tensors, write_text
from nas.system.provenance import commit
from nas.tasks.base import EvalSplit
from nas.training.settings import Arm


class Run(RunWeights):
    """The folder of one run. Make one with `create` or open one with `Run(folder)`."""

    def __init__(self, folder: Path, data: Path | None = None) -> None:
        """Open a run; `data` names a folder that the task reads instead of the one it was started with.

        Raises: ValueError if there is no run in the folder.
        """
        super().__init__(folder)
        if not self.exists(folder):
            raise ValueError(f"no run in {folder} (no run.json); start one with nas run EXPERIMENT --out {folder}")
        self.manifest: dict[str, Any] = read_json(self.manifest_file)
        found = data if data is not None else self.manifest["data"]
        self.data = Path(found) if found is not None else None

    @staticmethod
    def exists(folder: Path) -> bool:
        return RunFolder(folder).manifest_file.is_file()

    @classmethod
    def create(
        cls, folder: Path, loaded: Loaded, spec: str, overrides: dict[str, str], data: Path | None, command: str
    ) -> Self:
        """The run of an experiment in `folder`, begun now or gone on with.

        Raises: ValueError if the folder holds a run of another experiment.
        """
        settings = describe(apply_overrides(loaded.experiment, overrides))
        if cls.exists(folder):
            run = cls(folder, data)
            run._check_same(settings)
            return run
        paths = RunFolder(folder)
        write_text(paths.experiment_file, loaded.source)
        write_helpers(loaded.helpers, paths.helpers_folder)
        manifest = new_manifest(loaded, spec, overrides, data, command, settings)
        write_json(paths.manifest_file, manifest)
        return cls(folder, data)

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment as it was when the run began: recorded settings hold, whatever defaults are today.

        Settings that are younger than the run have today's defaults. A recorded setting that today's classes have no
        place for is left out, so that the run can be read; `check_settings` refuses to go on with it.
        """
        loaded = self._loaded
        return with_changes(loaded.experiment, self.manifest["overrides"], self.data, self.manifest["settings"])

    @cached_property
    def _loaded(self) -> Loaded:
        return load(f"{self.experiment_file}:{self.manifest['variable']}", self.helpers_folder)

    def check_settings(self) -> None:
        """Raises: ValueError if the run began with settings that today's code cannot put in force."""
        missing = lost(self.experiment, self.manifest["settings"])
        if missing:
            raise ValueError(
                f"{self.folder} began with settings that this version of nas cannot use ({'; '.join(missing[:3])}); "
                f"go on with {first_version(self.manifest)}, or begin another run"
            )

    @property
    def source(self) -> str:
        """Text of the experiment's file as it was when the run began."""
        return self.experiment_file.read_text(encoding="utf-8")

    @property
    def recipe(self) -> Recipe:
        """The experiment for workers, which may stand on other machines."""
        data = None if self.data is None else self.data.absolute()
        return Recipe(
            self.source,
            self.manifest["variable"],
            self.manifest["overrides"],
            data,
            self.manifest["settings"],
            self._loaded.helpers,
        )

    @property
    def name(self) -> str:
        return str(self.manifest["name"])

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Adds wall time, commits, machine and data of a phase to the manifest, also if it is interrupted.

        Raises: ValueError if the run began with settings that today's code cannot use, or another process is in a phase
            of this run, since their lines would mix; DataError.
        """
        self.check_settings()
        with locked(self.folder):
            # the code that runs is what was loaded, whatever is checked out by the end
            loaded, data = commit(), fingerprint(self.experiment.task)
            self.note_command(name)
            started = time.monotonic()
            try:
                yield
            finally:
                self.manifest = read_json(self.manifest_file)
                before, seconds = self.manifest["phases"].get(name), time.monotonic() - started
                self.manifest["phases"][name] = phase_record(before, seconds, loaded, data)
                write_json(self.manifest_file, self.manifest)

    def note_command(self, phase: str) -> None:
        """Keep the command that this process runs; `phase` says what it does here."""
        note_command(self.commands_file, phase)

    def commands(self) -> list[str]:
        """All that was run on this folder, as it was given, in its order."""
        return commands(self.commands_file, self.manifest["command"])

    def baselines(self) -> dict[str, dict[str, Any]]:
        """Qualities on the test split of methods that need no network, by their names."""
        return dict(self.manifest.get("baselines", {}))

    def save_baselines(self, found: dict[str, dict[str, Any]]) -> None:
        self.manifest = read_json(self.manifest_file) | {"baselines": found}
        write_json(self.manifest_file, self.manifest)

    def phase_seconds(self) -> dict[str, float]:
        return {name: phase["seconds"] for name, phase in self.manifest["phases"].items()}

    def phase_ended(self, name: str) -> datetime | None:
        """When a phase ended; None if it has not begun."""
        phase = self.manifest["phases"].get(name)
        return datetime.fromisoformat(phase["ended"]) if phase else None

    def save_supernet(self, state: dict[str, Tensor], visits: str) -> None:
        write_text(self.visits_file, visits + "\n")
        write_tensors(self.supernet_file, state, {"experiment": self.name})
        self.supernet_checkpoint.unlink(missing_ok=True)

    @cached_property
    def space(self) -> FeasibleSpace:
        """The experiment's space inside its limits; measured costs are asked once and then remembered in the folder."""
        return feasible_space(self.experiment, MeasuredCosts(self.costs_file).value)

    def trials(self) -> list[Trial]:
        """The search's history: what was imported, then what was evaluated here.

        Raises: ValueError if a line is damaged or its architecture is not of this experiment's space.
        """
        return self.imported() + self._read_trials(self.trials_file)

    def front(self, trials: Sequence[Trial] | None = None) -> list[Trial]:
        """The front against the first cost inside the limits, by rising cost: of the search's trials, or of these."""
        return front_of_trials(self.trials() if trials is None else trials, self.experiment.costs[0].name)

    def append_trial(self, trial: Trial) -> None:
        append_line(self.trials_file, trial_line(trial))

    def imported(self) -> list[Trial]:
        """Trials that were read from elsewhere before the search began."""
        return self._read_trials(self.imported_file)

    def save_imported(self, trials: list[Trial]) -> None:
        """Make these the first trials of the search.

        Raises: ValueError if the search has begun, since it would have gone another way with them.
        """
        if self.trials_file.exists():
            raise ValueError(f"the search in {self.folder} has begun; import trials into a run without, from nas train")
        write_trials(self.imported_file, trials)

    def scores(self) -> dict[tuple[Any, EvalSplit], Score]:
        """Every quality with this run's inherited weights, by architecture and split."""
        known: dict[tuple[Any, EvalSplit], Score] = {}
        for trial in [*self._read_trials(self.trials_file), *self.anchors()]:
            known[trial.architecture, "search"] = Score(trial.quality, trial.seconds, trial.failure)
        return known | read_scores(self.scores_file, self.experiment.space)

    def append_score(self, architecture: Any, split: EvalSplit, score: Score) -> None:
        append_line(self.scores_file, score_line(architecture, split, score))

    def anchors(self) -> list[Trial]:
        """Networks of a single kind, measured beside the search."""
        return self._read_trials(self.anchors_file)

    def append_anchor(self, trial: Trial) -> None:
        append_line(self.anchors_file, trial_line(trial))

    def has_comparison(self, name: str) -> bool:
        return self.comparison_trials(name).is_file()

    def save_comparison(self, name: str, trials: list[Trial], own_seconds: float) -> None:
        """Keep a finished search of a comparison; its trials are written last, so that they stand for all of it."""
        write_json(self.comparison_record(name), {"own_seconds": round(own_seconds, 3)})
        write_trials(self.comparison_trials(name), trials)

    def comparison(self, name: str) -> tuple[list[Trial], float]:
        """Trials of a finished search of a comparison, and the seconds that its strategy took by itself."""
        own_seconds = float(read_json(self.comparison_record(name))["own_seconds"])
        return self._read_trials(self.comparison_trials(name)), own_seconds

    def retrained_one(self, architecture: Any, arm: Arm, seed: int) -> Retrained | None:
        path = self.result_file(architecture, arm, seed)
        return self._retrained(path) if path.is_file() else None

    def save_subnet(self, result: Retrained, weights: dict[str, Tensor]) -> None:
        """Keep a finished training; the result is written last, so that it stands for all of it."""
        key = result.architecture, result.arm, result.seed
        folder = self.subnet_folder(*key)
        write_json(folder.parent / "architecture.json", to_json(result.architecture))
        write_tensors(self.subnet_weights_file(*key), weights, {"id": result.id})
        for name, text in result.texts.items():
            write_text(folder / name, text)
        record = {**dataclasses.asdict(result), "architecture": to_json(result.architecture)}
        del record["texts"]
        write_json(self.result_file(*key), record)
        self.subnet_checkpoint(*key).unlink(missing_ok=True)

    def retrained(self) -> list[Retrained]:
        """Every finished training, in a fixed order."""
        return [self._retrained(path) for path in self.result_files()]

    def best_training(self, identifier: str) -> Retrained:
        """The network's training that is best on the search split. Raises: ValueError if it was not retrained."""
        results = self.retrained()
        found = [result for result in results if result.id == identifier]
        if not found:
            there = ", ".join(sorted({result.id for result in results})) or "none"
            raise ValueError(f"no retrained network {identifier!r} in {self.folder}; there are: {there}")
        return max(found, key=lambda result: result.search_quality)

    def _retrained(self, path: Path) -> Retrained:
        value = read_json(path)
        try:
            return Retrained(**{**value, "architecture": self.experiment.space.from_json(value["architecture"])})
        except (TypeError, KeyError) as error:
            raise ValueError(f"{path} is no result of this version ({error}); delete it to train again") from error

    def _read_trials(self, path: Path) -> list[Trial]:
        return read_trials(path, self.experiment.space)

    def _check_same(self, settings: Any) -> None:
        # settings that are younger than the run have their defaults
        before = filled(self.manifest["settings"], describe(self.experiment))
        changed = list(differences(before, settings))
        if changed:
            raise ValueError(
                f"{self.folder} holds a run with other settings ({'; '.join(changed[:3])}); "
                "name another folder with --out, or delete this one"
            )


def network_of_run(run: Run, identifier: str) -> Any:
    """The network among trials, anchors and retrained ones. Raises: ValueError if there is none."""
    trials = [trial.architecture for trial in (*run.trials(), *run.anchors())]
    for architecture in (*trials, *(result.architecture for result in run.retrained())):
        if architecture_id(architecture) == identifier:
            return architecture
    raise ValueError(f"no network {identifier!r} among the trials of {run.folder}; nas report {run.folder} lists them")
