"""A run that is there: its manifest and experiment, read from its folder."""

from functools import cached_property
from pathlib import Path
from typing import Any

from nas.experiment import Experiment
from nas.experiment.costs import feasible_space
from nas.experiment.helpers import Helpers
from nas.experiment.loading import Loaded, Recipe, load, with_changes
from nas.experiment.settings import lost
from nas.runs.folder import RunFolder
from nas.runs.formats import Manifest
from nas.runs.manifest import first_version, settings_hash
from nas.runs.records import MeasuredCosts
from nas.search_space.feasible.space import FeasibleSpace
from nas.system.files import read_json
from nas.system.redaction import found_path


class OpenedRun(RunFolder):
    """The manifest and the experiment of one run."""

    def __init__(self, folder: Path, data: Path | None = None) -> None:
        """Open a run; `data` names a folder that the task reads instead of the one it was started with.

        Raises: ValueError if there is no run in the folder.
        """
        super().__init__(folder)
        if not self.exists(folder):
            raise ValueError(f"no run in {folder} (no run.json); start one with nas run EXPERIMENT --out {folder}")
        self.manifest = self.read_manifest()
        kept = self.manifest["data"]
        self.data = data if data is not None or kept is None else found_path(kept)

    @staticmethod
    def exists(folder: Path) -> bool:
        return RunFolder(folder).manifest_file.is_file()

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment as it was when the run began: recorded settings hold, whatever defaults are today.

        Settings that are younger than the run have today's defaults. A recorded setting that today's classes have no
        place for is left out, so that the run can be read; `check_settings` refuses to go on with it.
        """
        loaded = self._loaded
        return with_changes(loaded.experiment, self.manifest["overrides"], self.data, self.manifest["settings"])

    @property
    def helpers(self) -> Helpers:
        """The files beside the experiment that it imports, as they were when the run began."""
        return self._loaded.helpers

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
            self.helpers,
        )

    @property
    def name(self) -> str:
        return str(self.manifest["name"])

    @cached_property
    def space(self) -> FeasibleSpace:
        """The experiment's space inside its limits; measured costs are asked once and then remembered in the folder."""
        return feasible_space(self.experiment, MeasuredCosts(self.costs_file).value)

    @property
    def settings_hash(self) -> str:
        """Tells the run's settings apart from others."""
        return settings_hash(self.manifest["settings"])

    def read_manifest(self) -> dict[str, Any]:
        """Raises: ValueError if it is damaged."""
        remedy = "restore it from a copy, or begin another run with --out; the rest of this one hangs on it"
        found: dict[str, Any] = read_json(self.manifest_file, Manifest, remedy)
        return found
