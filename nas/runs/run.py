"""A run: one folder, and every file format in it; folder.py says where each file lies."""

import dataclasses
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from torch import Tensor

from nas.experiment.helpers import write_helpers
from nas.experiment.loading import Loaded
from nas.experiment.overrides import apply_overrides
from nas.experiment.settings import describe, differences, filled
from nas.runs.begun import check_new, check_source
from nas.runs.folder import CHECKPOINT, RunFolder
from nas.runs.formats import ComparisonRecord, Result
from nas.runs.manifest import (
    Evidence,
    commands,
    fingerprint,
    new_manifest,
    note_command,
    phase_record,
    supernet_hash,
    text_hash,
)
from nas.runs.records import (
    Retrained,
    Score,
    read_scores,
    read_trials,
    score_line,
    trial_line,
    write_trials,
)
from nas.runs.sealed import append_sealed, check_seals
from nas.runs.weights import SETTINGS, RunWeights
from nas.search_space import architecture_id, to_json
from nas.strategies.base import Trial
from nas.strategies.pareto import front_of_trials
from nas.system.files import locked, read_json, write_json, write_text
from nas.system.provenance import commit
from nas.system.tensors import write_tensors
from nas.tasks.base import EvalSplit
from nas.training.settings import Arm


class Run(RunWeights):
    """The folder of one run. Make one with `create` or open one with `Run(folder)`."""

    @classmethod
    def create(
        cls, folder: Path, loaded: Loaded, spec: str, overrides: dict[str, str], data: Path | None, command: str
    ) -> Self:
        """The run of an experiment in `folder`, begun now or gone on with.

        Raises: ValueError if the folder holds a run of another experiment, or files of a run without its manifest.
        """
        settings = describe(apply_overrides(loaded.experiment, overrides))
        if cls.exists(folder):
            run = cls(folder, data)
            run._check_same(settings)
            check_source(folder, spec, loaded.source, run.source)
            for place, text in loaded.helpers.items():
                check_source(folder, place, text, run.helpers.get(place, ""))
            return run
        paths = RunFolder(folder)
        check_new(paths, loaded.source)
        write_text(paths.experiment_file, loaded.source)
        write_helpers(loaded.helpers, paths.helpers_folder)
        manifest = new_manifest(loaded, spec, overrides, data, command, settings)
        write_json(paths.manifest_file, manifest)
        return cls(folder, data)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Adds wall time, commits, machine and data of a phase to the manifest, also if it is interrupted.

        Raises: ValueError if the run began with settings that today's code cannot use, data or source changed since
            earlier phases, or another process is in a phase of this run, since their lines would mix; DataError.
        """
        self.check_settings()
        with locked(self.folder):
            # the code that runs is what was loaded, whatever is checked out by the end
            loaded, evidence = commit(), Evidence(fingerprint(self.experiment.task), text_hash(self.source))
            evidence.check(self.folder, self.manifest)
            self.remove_leftovers()
            self.note_command(name)
            started = time.monotonic()
            try:
                yield
            finally:
                self.manifest = self.read_manifest()
                before, seconds = self.manifest["phases"].get(name), time.monotonic() - started
                self.manifest["phases"][name] = phase_record(before, seconds, loaded, evidence)
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
        self.manifest = self.read_manifest() | {"baselines": found}
        write_json(self.manifest_file, self.manifest)

    def phase_seconds(self) -> dict[str, float]:
        return {name: phase["seconds"] for name, phase in self.manifest["phases"].items()}

    def phase_ended(self, name: str) -> datetime | None:
        """When a phase ended; None if it has not begun."""
        phase = self.manifest["phases"].get(name)
        return datetime.fromisoformat(phase["ended"]) if phase else None

    def save_supernet(self, state: dict[str, Tensor], visits: str) -> None:
        write_text(self.visits_file, visits + "\n")
        # one entry: safetensors writes several in an order that differs from process to process
        metadata = {SETTINGS: supernet_hash(self.manifest["settings"])}
        write_tensors(self.supernet_file, state, metadata)
        self.supernet_checkpoint.unlink(missing_ok=True)

    def trials(self) -> list[Trial]:
        """The search's history: what was imported, then what was evaluated here.

        Raises: ValueError if a line is damaged or its architecture is not of this experiment's space.
        """
        imported = self.imported()
        return imported + self._read_sealed(self.trials_file, len(imported))

    def front(self, trials: Sequence[Trial] | None = None) -> list[Trial]:
        """The front against the first cost inside the limits, by rising cost: of the search's trials, or of these."""
        return front_of_trials(self.trials() if trials is None else trials, self.experiment.costs[0].name)

    def append_trial(self, trial: Trial) -> None:
        """Add a trial. Raises: ValueError if the file was changed since this run was searched."""
        place = trial.number - len(self.imported())
        append_sealed(self.trials_file, trial_line(trial), self.settings_hash, place)

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
        for trial in [*self.trials()[len(self.imported()) :], *self.anchors()]:
            known[trial.architecture, "search"] = Score(trial.quality, trial.seconds, trial.failure)
        check_seals(self.scores_file, self.settings_hash)
        return known | read_scores(self.scores_file, self.experiment.space)

    def append_score(self, architecture: Any, split: EvalSplit, score: Score) -> None:
        append_sealed(self.scores_file, score_line(architecture, split, score), self.settings_hash)

    def anchors(self) -> list[Trial]:
        """Networks of a single kind, measured beside the search."""
        return self._read_sealed(self.anchors_file, 0)

    def append_anchor(self, trial: Trial) -> None:
        append_sealed(self.anchors_file, trial_line(trial), self.settings_hash, trial.number)

    def has_comparison(self, name: str) -> bool:
        return self.comparison_trials(name).is_file()

    def save_comparison(self, name: str, trials: list[Trial], own_seconds: float) -> None:
        """Keep a finished search of a comparison; its trials are written last, so that they stand for all of it."""
        write_json(self.comparison_record(name), {"own_seconds": round(own_seconds, 3)})
        write_trials(self.comparison_trials(name), trials)

    def comparison(self, name: str) -> tuple[list[Trial], float]:
        """Trials of a finished search of a comparison, and the seconds that its strategy took by itself."""
        own_seconds = float(read_json(self.comparison_record(name), ComparisonRecord)["own_seconds"])
        return self._read_trials(self.comparison_trials(name)), own_seconds

    def retrained_one(self, architecture: Any, arm: Arm, seed: int) -> Retrained | None:
        path = self.result_file(architecture, arm, seed)
        return self._retrained(path) if path.is_file() else None

    def save_subnet(self, result: Retrained, weights: dict[str, Tensor]) -> None:
        """Keep a finished training; the result is written last, so that it stands for all of it."""
        key = result.architecture, result.arm, result.seed
        folder = self.subnet_folder(*key)
        write_json(folder.parent / "architecture.json", to_json(result.architecture))
        write_tensors(self.subnet_weights_file(*key), weights, {SETTINGS: self.settings_hash})
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
        value = read_json(path, Result, "delete it to train again")
        try:
            architecture = self.experiment.space.from_json(value["architecture"])
            if value["id"] != architecture_id(architecture):
                raise ValueError(
                    f"id is {value['id']}, but its architecture has the id {architecture_id(architecture)}"
                )
            return Retrained(**{**value, "architecture": architecture})
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path} is no result of this version ({error}); delete it to train again") from error

    def remove_leftovers(self) -> None:
        """Delete checkpoints of what is finished, which a kill may have left."""
        finished = [path.with_name(CHECKPOINT) for path in self.result_files()]
        for path in [*finished, *([self.supernet_checkpoint] if self.supernet_file.is_file() else [])]:
            path.unlink(missing_ok=True)

    def _read_trials(self, path: Path) -> list[Trial]:
        return read_trials(path, self.experiment.space)

    def _read_sealed(self, path: Path, first: int) -> list[Trial]:
        """Raises: ValueError if a line is damaged, out of place or not of this run."""
        trials = read_trials(path, self.experiment.space, first)
        check_seals(path, self.settings_hash)
        return trials

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
