"""Searches killed with SIGKILL at random moments and gone on with: their trials against those of one that was not.

    python benchmarks/resume.py

A short search of the digits experiment is started again and again in a process of its own; each is killed after a
random share of the time that a whole search takes, until there were 50 kills, and a search that comes to its end before
is begun anew. A trial is equal if number, architecture, costs, quality and failure are.
"""

import os
import random
import shutil
import signal
import tempfile
import time
from pathlib import Path

import torch
from parts.report import heading, parser, publish, section

from nas.experiment.loading import load
from nas.parallel.map import Workers
from nas.runs.run import Run
from nas.search.loop import search
from nas.strategies.base import Trial
from nas.strategies.named import STRATEGIES
from nas.supernet.train import train

HERE = Path(__file__).parent
EXPERIMENT = str(HERE.parent / "experiments" / "digits.py")
OVERRIDES = {
    "supernet.steps": "60",
    "supernet.warmup_steps": "5",
    "evaluations": "36",
    "generation": "6",
    "anchors": "1",
    "selection.finalists": "2",
    "task.patch_size": "4",
    "limits.flops": "100e3",
}
COLUMNS = ("strategy", "kills", "searches killed and finished", "with identical trials", "seconds of one search")
CAPTION = "Kills are spread evenly over the time that a search takes; each search is gone on with until it is finished."


def main() -> None:
    parser_ = parser(__doc__)
    parser_.add_argument("--strategies", default=",".join(STRATEGIES), help="names with commas between")
    parser_.add_argument("--kills", type=int, default=50, help="of each strategy")
    options = parser_.parse_args()
    torch.set_num_threads(1)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        trained = new_run(Path(folder) / "trained", "random")
        train(trained)
        for strategy in options.strategies.split(","):
            rows.append(killed(strategy, trained.folder, Path(folder) / strategy, options.kills))
            print("  ".join(map(str, rows[-1])), flush=True)
    lines = heading("Searches killed at random moments", "36 networks of the digits experiment at 4 tokens, 6 at once")
    publish([*lines, *section(CAPTION, COLUMNS, rows, ("strategy",))], options.out)


def new_run(folder: Path, strategy: str) -> Run:
    overrides = {**OVERRIDES, "strategy": strategy_text(strategy)}
    return Run.create(folder, load(EXPERIMENT), EXPERIMENT, overrides, None, "benchmark")


def strategy_text(name: str) -> str:
    """Strategies that know one objective only are asked for one; populations fit a search of 36 networks."""
    small = {"evolution": "population_size=12,parents=4", "ageing": "population_size=12", "cmaes": "minimize=()"}
    return f"{name}({small[name]})" if name in small else name


def killed(strategy: str, supernet: Path, folder: Path, kills: int) -> tuple[str, ...]:
    """Kill searches until there were so many kills; the row of the table."""
    whole, again = (begun(strategy, supernet, folder / name) for name in ("whole", "again"))
    # here, so that what later processes would each find out anew about costs is known to them
    search(Run(whole), Workers(1))
    started = time.monotonic()
    finish(again)
    seconds = time.monotonic() - started
    expected, draws = Run(whole).trials(), random.Random(strategy)
    assert same(Run(again).trials(), expected), f"{strategy}: two searches came to different trials"
    finished = equal = done = 0
    while done < kills:
        run = begun(strategy, supernet, folder / str(finished))
        while not (ended := ends_before(run, draws.uniform(0, seconds))):
            done += 1
            if done == kills:
                break
        if not ended:
            finish(run)
        finished += 1
        equal += same(Run(run).trials(), expected)
    assert equal == finished, f"{strategy}: {finished - equal} of {finished} searches came to other trials"
    return strategy, str(done), str(finished), str(equal), f"{seconds:.1f}"


def begun(strategy: str, supernet: Path, folder: Path) -> Path:
    run = new_run(folder, strategy)
    shutil.copy(supernet / "supernet.safetensors", folder)
    return run.folder


def finish(folder: Path) -> None:
    assert ends_before(folder, seconds=600.0)


def ends_before(folder: Path, seconds: float) -> bool:
    """Search in a process of its own, which is killed after so many seconds; whether it had come to its end."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            search(Run(folder), Workers(1))
            code = 0
        finally:
            os._exit(code)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert os.waitstatus_to_exitcode(status) == 0, f"the search in {folder} failed"
            return True
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def same(found: list[Trial], expected: list[Trial]) -> bool:
    return [facts(trial) for trial in found] == [facts(trial) for trial in expected]


def facts(trial: Trial) -> tuple:
    return trial.number, trial.architecture, trial.costs, trial.quality, trial.violation, trial.failure


if __name__ == "__main__":
    main()
