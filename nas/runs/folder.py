"""Where everything lies in a run's folder: the only module that knows a path inside a run.

run.json                 the manifest: experiment, overrides, phases with commit, versions, device, data and wall time
commands.jsonl           what was run on this folder, as it was given
experiment.py            the experiment's file as it was when the run began
beside/                  the Python files beside it that it imports
supernet.safetensors     the trained table of shared weights
packed.safetensors       the weights that a run is used by from a clone: read where the files of full precision are not
supernet.log.jsonl       loss along the training
supernet.visits.json     how often training visited each option of each choice
trials.jsonl             one evaluated architecture a line
trials.sums              a sum of each line, which tells it apart from one of another run; also of anchors and scores
imported.jsonl           the same for trials that were read from elsewhere before the search
anchors.jsonl            the same for networks of one kind, measured for comparison
scores.jsonl             other qualities with inherited weights: finalists on the split `select`, compared strategies
costs.jsonl              what measured costs (latency) came out as, since they would not come out so again
comparison/              strategies compared on the run's supernet
lengths.jsonl            latency of a few networks at several lengths, a length a line
subnets/<id>/            architecture.json, and for each training <arm>-<seed>/: weights, log.jsonl, result.json
reproduced/<id>/         trainings while they are repeated
exports/<id>/            networks that stand alone
architectures/<id>.json  networks as data
report/                  the page, figures and tables
"""

from pathlib import Path
from typing import Any

from nas.search_space import architecture_id
from nas.training.settings import Arm

CHECKPOINT = "checkpoint.safetensors"
"""The state of a network's training that is not finished."""


class RunFolder:
    """The paths of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest_file = folder / "run.json"
        self.commands_file = folder / "commands.jsonl"
        self.experiment_file = folder / "experiment.py"
        self.helpers_folder = folder / "beside"
        self.supernet_file = folder / "supernet.safetensors"
        self.packed_file = folder / "packed.safetensors"
        self.supernet_checkpoint = folder / "supernet.checkpoint.safetensors"
        self.supernet_log = folder / "supernet.log.jsonl"
        self.visits_file = folder / "supernet.visits.json"
        self.trials_file = folder / "trials.jsonl"
        self.imported_file = folder / "imported.jsonl"
        self.anchors_file = folder / "anchors.jsonl"
        self.scores_file = folder / "scores.jsonl"
        self.costs_file = folder / "costs.jsonl"
        self.lengths_file = folder / "lengths.jsonl"
        self.comparison_folder = folder / "comparison"
        self.report_folder = folder / "report"

    def comparison_trials(self, name: str) -> Path:
        """Trials of a search of a comparison."""
        return self.comparison_folder / f"{name}.jsonl"

    def comparison_record(self, name: str) -> Path:
        return self.comparison_folder / f"{name}.json"

    def subnet_folder(self, architecture: Any, arm: Arm, seed: int) -> Path:
        return self.folder / "subnets" / architecture_id(architecture) / f"{arm}-{seed}"

    def subnet_checkpoint(self, architecture: Any, arm: Arm, seed: int) -> Path:
        return self.subnet_folder(architecture, arm, seed) / CHECKPOINT

    def subnet_log(self, architecture: Any, arm: Arm, seed: int) -> Path:
        return self.subnet_folder(architecture, arm, seed) / "log.jsonl"

    def subnet_weights_file(self, architecture: Any, arm: Arm, seed: int) -> Path:
        return self.subnet_folder(architecture, arm, seed) / "weights.safetensors"

    def result_file(self, architecture: Any, arm: Arm, seed: int) -> Path:
        return self.subnet_folder(architecture, arm, seed) / "result.json"

    def result_files(self) -> list[Path]:
        """The result files of all finished trainings, in a fixed order."""
        return sorted((self.folder / "subnets").glob("*/*/result.json"))

    def stopped_file(self, architecture: Any, arm: Arm, seed: int) -> Path:
        """Says that a training was stopped early, and where; nobody takes it for a result."""
        return self.subnet_folder(architecture, arm, seed) / "stopped.json"

    def reproduced_folder(self, architecture: Any, arm: Arm, seed: int) -> Path:
        """Where a training is repeated; it goes when that is finished."""
        return self.folder / "reproduced" / architecture_id(architecture) / f"{arm}-{seed}"

    def export_folder(self, identifier: str) -> Path:
        return self.folder / "exports" / identifier

    def architecture_file(self, identifier: str) -> Path:
        return self.folder / "architectures" / f"{identifier}.json"

    def own_files(self) -> list[Path]:
        """Files that a run writes beside its manifest and the experiment's file, as far as they are there."""
        lines = self.growing_files()[1:]
        files = (self.commands_file, self.supernet_file, self.packed_file, self.supernet_checkpoint, self.supernet_log)
        folders = (self.comparison_folder, self.report_folder, self.folder / "subnets", self.folder / "exports")
        return [path for path in (*files, self.visits_file, *lines, *folders) if path.exists()]

    def growing_files(self) -> list[Path]:
        """Those that change while commands work on the run and that its report reads."""
        lines = (self.trials_file, self.imported_file, self.anchors_file, self.scores_file, self.costs_file)
        compared = sorted(self.comparison_folder.glob("*.jsonl"))
        return [self.manifest_file, *lines, self.lengths_file, *compared, *self.result_files()]
